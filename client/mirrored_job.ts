/**
 * Items of other jobs as a job of their own: what `split()` and `joinResults()` return is a view on one of these.
 *
 * Submits nothing and owns no task: every item is settled when it is in its source, and what is known of its task is
 * looked up there. One subscription per source, however many items are mirrored.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { TaskId } from "../protocol/ids.ts";
import { Job } from "./job.ts";
import type { JobPlan, ShownFlags, TaskReport } from "./job_plan.ts";
import type { LiveTask } from "./live_task.ts";

/** An item of a job. */
export interface ItemOf {
  readonly job: Job;
  readonly item: number;
}

/** A job whose items are those of others; each of its tasks has one. */
export class MirroredJob extends Job {
  readonly #items: readonly ItemOf[];

  /** For the functions below. */
  constructor(plan: JobPlan, items: readonly ItemOf[]) {
    super(plan);
    this.#items = items.map(rootOf);
  }

  /** Where the item comes from. */
  source(index: number): ItemOf {
    const source = this.#items[index];
    if (source === undefined) throw new RangeError(`Cannot mirror item ${index}: there are ${this.#items.length}.`);
    return source;
  }

  /** Its source has settled the item. */
  mirror(index: number): void {
    const { job, item } = this.source(index);
    const outcome = job.outcome(item);
    const report = job.report(job.taskOf(item));
    if (outcome === undefined || report === undefined) return;
    if (job.refused) this.markRefused();
    this.settleItem(index, outcome[0], outcome[1]);
    this.settleTask(index, report);
  }

  override taskId(index: number): TaskId {
    const { job, item } = this.source(index);
    return job.taskId(job.taskOf(item));
  }

  override flags(index: number): ShownFlags {
    const { job, item } = this.source(index);
    return job.flags(job.taskOf(item));
  }

  override report(index: number): TaskReport | undefined {
    const { job, item } = this.source(index);
    return super.report(index) ?? job.report(job.taskOf(item));
  }

  override live(index: number): LiveTask | undefined {
    const { job, item } = this.source(index);
    return job.live(job.taskOf(item));
  }

  override *shownTasks(): Iterable<readonly [task: number, live: LiveTask]> {
    for (let index = 0; index < this.taskCount; index++) {
      const live = this.live(index);
      if (live !== undefined) yield [index, live];
    }
  }

  override printed(index: number, channel: OutputChannel): string {
    const { job, item } = this.source(index);
    return job.printed(job.taskOf(item), channel);
  }
}

/** A job for each item of `job`, with one result. */
export function splitJob(job: Job): readonly Job[] {
  const plan = mirrorPlan(job.plan, 1, true);
  const parts = Array.from({ length: job.plan.items }, (_, item) => new MirroredJob(plan, [{ job, item }]));
  followItems(job, (item) => parts[item]?.mirror(0));
  return parts;
}

/** One job of all items of these, in order. */
export function joinJobs(jobs: readonly Job[], plan: JobPlan): Job {
  const items = jobs.flatMap((job) => Array.from({ length: job.plan.items }, (_, item) => ({ job, item })));
  const joined = new MirroredJob(mirrorPlan(plan, items.length, false), items);
  let first = 0;
  for (const job of jobs) {
    const offset = first;
    followItems(job, (item) => joined.mirror(offset + item), () => joined.shows());
    first += job.plan.items;
  }
  return joined;
}

/** A task an item; how the sources share out their items, and what they make of all of them, is theirs. */
function mirrorPlan(
  { parts: _parts, shape: _shape, ids: _ids, ...plan }: JobPlan,
  items: number,
  scalar: boolean,
): JobPlan {
  return { ...plan, items, chunksize: 1, scalar, opaque: true };
}

function rootOf(source: ItemOf): ItemOf {
  return source.job instanceof MirroredJob ? source.job.source(source.item) : source;
}

/** Calls with each item that is settled, those before among them. */
function followItems(job: Job, settled: (item: number) => void, changed: () => void = () => {}): void {
  let at = 0;
  const look = () => {
    while (at < job.arrivals.length) {
      const item = job.arrivals[at];
      // An item of a chunk may be settled ahead of its task, which is what a mirror waits for.
      if (item === undefined || !job.isSettled(job.taskOf(item))) break;
      settled(item);
      at++;
    }
    changed();
  };
  look();
  if (!job.finished) {
    const stop = job.onChange(look);
    job.onFinished(stop);
  }
}
