/**
 * From a call of `apply` or `map` to tasks: encodes the arguments, makes the job, hands the tasks to the session.
 *
 * Never throws: what is wrong becomes the outcome of the items it concerns. Arguments are encoded before the call
 * returns; of big maps only plain primitives may wait, which nobody can change meanwhile. Called by the views.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import { ArgumentEncoder, type EncodedArguments, type Prepared } from "./argument_encoder.ts";
import { CallOrigin } from "./call_origin.ts";
import type { AnyFunction } from "./function_code.ts";
import type { CapturedInputs } from "./input_collector.ts";
import { Job } from "./job.ts";
import { begunBy, type JobPlan } from "./job_plan.ts";
import { SLICE_TASKS } from "./map_slices.ts";
import type { Shape } from "./partition.ts";
import { Refusals } from "./refusals.ts";
import type { Session } from "./session.ts";
import type { ResolvedFlags } from "./task_flags.ts";
import type { BeginWait, TaskTie } from "./task_tie.ts";
import type { TaskTemplateEntry } from "./task_templates.ts";

/** The rows of arguments of a map. */
export interface Rows {
  readonly length: number;
  row(index: number): readonly unknown[];
  /** Whether all rows from this one on are primitives only. */
  primitiveFrom(index: number): boolean;
}

/** With more unsettled tasks than this, single ones are submitted without remembering where. */
const ORIGINS_UNTIL_PENDING = 1_000;

/** Submits for the views of one client. */
export class Submission {
  readonly session: Session;
  readonly #refusals = new Refusals();
  readonly #arguments: ArgumentEncoder;
  readonly #tie: TaskTie | null;

  /** `tie`: of the task that this is for. */
  constructor(session: Session, tie: TaskTie | null = null) {
    this.session = session;
    this.#arguments = new ArgumentEncoder(session.shipping);
    this.#tie = tie;
  }

  /** Begins a wait of the task that this is for. */
  get beginWait(): BeginWait | undefined {
    return this.#tie?.beginWait;
  }

  /** One task with one result. */
  apply(f: AnyFunction, args: readonly unknown[], flags: ResolvedFlags): Job {
    // Costs as much as all the rest of a call: worth it, unless somebody submits thousands of them in a loop.
    const origin = this.session.tasks.pending < ORIGINS_UNTIL_PENDING ? new CallOrigin() : null;
    try {
      this.#tie?.check();
      this.session.tasks.pure.check(flags);
      this.#refusals.check(flags);
      const [plain, captured] = this.#arguments.prepare(() => this.session.templates.of(f, flags.task, false));
      const given = this.#arguments.encode(args, captured);
      const template = this.session.templates.withModules(plain, given.modules);
      const base = flags.id === null ? this.session.tasks.allocate(1) : this.session.tasks.drawnIds.use(flags.id);
      const job = new Job(this.#plan({ base, items: 1, chunksize: 1, scalar: true, flags, origin }));
      this.session.tasks.add({ counter: base, job, task: 0, template, engine: null, ...given });
      this.#watch(job, flags);
      this.#tie?.submitted(job);
      return job;
    } catch (error) {
      return this.#refuse({ items: 1, scalar: true, flags, origin }, error);
    }
  }

  /** A task for each chunk of rows, a result for each row; `shape` makes one of them all. */
  map(
    f: AnyFunction,
    rows: () => Rows,
    flags: ResolvedFlags,
    origin: CallOrigin = new CallOrigin(),
    shape: Shape | null = null,
  ): Job {
    let items = 1;
    try {
      this.#tie?.check();
      this.session.tasks.pure.check(flags);
      this.#refusals.check(flags);
      const list = rows();
      const { chunksize } = flags;
      items = list.length;
      const template = this.#arguments.prepare(() => this.session.templates.of(f, flags.task, chunksize > 1));
      const base = this.#mapBase(Math.ceil(items / chunksize), flags);
      const job = new Job({ ...this.#plan({ base, items, chunksize, scalar: false, flags, origin }), shape });
      this.#addRows(job, template, list, flags);
      this.#watch(job, flags);
      this.#tie?.submitted(job);
      return job;
    } catch (error) {
      return this.#refuse({ items, scalar: false, flags, origin }, error);
    }
  }

  #mapBase(tasks: number, flags: ResolvedFlags): number {
    if (flags.id === null) return this.session.tasks.allocate(tasks);
    if (tasks === 1) return this.session.tasks.drawnIds.use(flags.id);
    throw new RangeError(
      `Cannot submit ${tasks} tasks under one id ("${flags.id}"): leave out the flag "id" for a map.`,
    );
  }

  #addRows(job: Job, template: Prepared<TaskTemplateEntry>, rows: Rows, flags: ResolvedFlags): void {
    const feed = (from: number, end: number) => {
      for (let task = from; task < end && !job.aborted; task++) this.#addTask(job, task, template, rows, flags);
      if (job.aborted) this.session.tasks.aborts.letGo(job);
    };
    const early = Math.min(job.taskCount, SLICE_TASKS);
    const rest = early < job.taskCount && rows.primitiveFrom(job.firstItem(early)) ? early : job.taskCount;
    if (flags.failFast) job.onFailure((failed) => this.session.tasks.aborts.job(failed));
    feed(0, rest);
    if (rest < job.taskCount && !job.finished) this.session.tasks.addLater(job, rest, feed);
  }

  #addTask(
    job: Job,
    task: number,
    [plain, captured]: Prepared<TaskTemplateEntry>,
    rows: Rows,
    flags: ResolvedFlags,
  ): void {
    const given = job.plan.chunksize === 1
      ? this.#encodeRow(job, task, rows, captured)
      : this.#encodeChunk(job, task, rows, flags.task.retries, captured);
    if (given === null) return;
    const counter = job.plan.base + task;
    const template = this.session.templates.withModules(plain, given.modules);
    this.session.tasks.add({ counter, job, task, template, engine: null, ...given });
  }

  #encodeRow(job: Job, task: number, rows: Rows, captured: CapturedInputs | null): EncodedArguments | null {
    try {
      return this.#arguments.encode(rows.row(task), captured);
    } catch (error) {
      this.session.tasks.fail(job, task, error);
      return null;
    }
  }

  /** Rows that can't travel fail by themselves; the others of the chunk go. */
  #encodeChunk(
    job: Job,
    task: number,
    rows: Rows,
    retries: number,
    captured: CapturedInputs | null,
  ): EncodedArguments | null {
    const size = job.pendingItems(task).length;
    const chunk = (): unknown[] => {
      const list = job.pendingItems(task).map((item) => rows.row(item));
      // For whatever depends on it, a chunk with a failed item has failed.
      return list.length === size ? [list, retries] : [list, retries, size - list.length];
    };
    try {
      return this.#arguments.encode(chunk(), captured);
    } catch {
      let last: unknown = null;
      for (const item of job.pendingItems(task)) {
        try {
          this.#arguments.encode(rows.row(item));
        } catch (error) {
          last = error;
          job.settleItem(item, false, error);
        }
      }
      try {
        if (job.pendingItems(task).length > 0) return this.#arguments.encode(chunk(), captured);
      } catch (error) {
        // Each by itself can travel, all of them can't, or not any more.
        last = error;
      }
      this.session.tasks.fail(job, task, last);
      return null;
    }
  }

  #watch(job: Job, flags: ResolvedFlags): void {
    if (flags.signal !== null) this.session.tasks.aborts.watch(flags.signal, job);
  }

  /** A job for the scheduler that it will never see: under its own id, where it has one that others may name. */
  #refuse(what: Omit<PlanParts, "base" | "chunksize">, error: unknown): Job {
    const { id } = what.flags;
    const isNamed = id !== null && this.session.tasks.drawnIds.has(id);
    const base = isNamed ? this.session.tasks.drawnIds.use(id) : this.#refusals.allocate();
    const job = this.#failed({ ...what, base }, error);
    if (!isNamed) this.#refusals.add(job.taskId(0), error);
    return job;
  }

  /** A job whose one task was never submitted. */
  #failed(what: Omit<PlanParts, "chunksize">, error: unknown): Job {
    const items = Math.max(1, what.items);
    const job = new Job(this.#plan({ ...what, items, chunksize: items, refused: true }));
    this.session.tasks.fail(job, 0, error);
    return job;
  }

  #plan({ flags, ...parts }: PlanParts): JobPlan {
    return {
      refused: false,
      ...begunBy(this.session),
      ...parts,
      owner: this.#tie,
      returnExceptions: flags.returnExceptions,
      failFast: flags.failFast,
      flags: { label: flags.task.label, after: flags.after?.ids ?? NO_IDS, follow: flags.follow?.ids ?? NO_IDS },
    };
  }
}

type PlanParts = Pick<JobPlan, "base" | "items" | "chunksize" | "scalar" | "origin"> & {
  readonly flags: ResolvedFlags;
  readonly refused?: boolean;
};

const NO_IDS: readonly TaskId[] = [];
