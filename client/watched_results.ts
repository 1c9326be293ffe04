/**
 * Results of tasks that somebody names: of other clients, of earlier ones, or of this one.
 *
 *   `Client.getResult` → **WatchedResults** → what is known here, else the scheduler (`watch`) → `watched` → `Settlement`
 *
 * Submits nothing. What this client still waits for itself is shared; all else the scheduler tells, now or when it is
 * settled, and a new controller is asked again. Owned by `session.ts`.
 * @module
 */
import type { ContentHash, Session as SessionId, TaskId } from "../protocol/ids.ts";
import type { SettledMessage, WatchedMessage } from "../protocol/messages.ts";
import { DEFAULT_FLAGS } from "../protocol/task_spec.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import { ConnectionError, TimeoutError } from "../wire/errors.ts";
import { isArray, isText, malformedMessage } from "../wire/message_checks.ts";
import { CallOrigin } from "./call_origin.ts";
import { Job } from "./job.ts";
import { isSingle, type Jobs, type NamedTask, namedTasks } from "./jobs.ts";
import type { QuestionLink } from "./question_link.ts";
import { unknownTasks } from "./questions.ts";
import { shareOutcome } from "./shared_outcome.ts";
import type { PendingTask } from "./task_table.ts";

/** Ids in one question. */
const IDS_AT_ONCE = 10_000;
/** A new controller may not have heard of the tasks of other clients yet: it is asked again so often. */
const ASK_AGAIN_TIMES = 15;
const ASK_AGAIN_MS = 1_000;

/** What it works with. */
export interface WatchedResultsOptions {
  readonly id: SessionId;
  readonly clock: Clock;
  readonly ask: () => Promise<QuestionLink>;
  /** The job of an unsettled task of this client. */
  readonly jobOf: (id: TaskId) => Job | null;
  readonly settle: (task: PendingTask, message: SettledMessage) => void;
  readonly fail: (task: PendingTask, error: unknown) => void;
}

/** What one client asked for. */
export class WatchedResults {
  readonly #options: WatchedResultsOptions;
  /** What waits for the scheduler, by id. */
  readonly #pending = new Map<TaskId, PendingTask[]>();
  /** Those that share what another job comes to, as long as they do. */
  readonly #sharing = new Set<PendingTask>();
  /** Until something is asked again. */
  readonly #timers = new Set<TimerHandle>();
  #closed: Error | null = null;

  constructor(options: WatchedResultsOptions) {
    this.#options = options;
  }

  /** A job for these; throws `TypeError` for what names no task. */
  submit(jobs: Jobs): Job {
    const named = namedTasks(jobs);
    const job = this.#jobFor(named, isSingle(jobs, named.map((one) => one.job)));
    const asked = named.flatMap(({ id, job: known, task }, index): TaskId[] => {
      const own = known ?? this.#options.jobOf(id);
      if (own === null) return this.#add(id, job, index);
      this.#share(own, own === known ? task : taskOf(own, id), watched(job, index));
      return [];
    });
    if (asked.length > 0) void this.#ask(asked, 0);
    return job;
  }

  /** The scheduler says what became of tasks. What is not waited for changes nothing. */
  told(results: readonly WatchedMessage[]): void {
    for (const result of results) {
      if (!isArray(result, 2) || !isText(result[0])) throw malformedMessage("watched", result);
      const [id, message, chunked] = result;
      for (const task of this.#take(id)) {
        const template = chunked === true ? CHUNKED : PLAIN;
        this.#options.settle({ ...task, template }, message);
      }
    }
  }

  /** There is another controller. */
  resumed(): void {
    if (this.#pending.size > 0) void this.#ask([...this.#pending.keys()], ASK_AGAIN_TIMES);
  }

  /** All that is waited for fails. */
  close(error: Error): void {
    this.#closed = error;
    for (const timer of this.#timers) this.#options.clock.clearTimer(timer);
    this.#timers.clear();
    for (const id of [...this.#pending.keys()]) this.#fail(id, error);
    for (const task of this.#sharing) this.#options.fail(task, error);
    this.#sharing.clear();
  }

  #jobFor(named: readonly NamedTask[], scalar: boolean): Job {
    const { id: session, clock } = this.#options;
    return new Job({
      session,
      base: 0,
      ids: named.map(({ id }) => id),
      opaque: true,
      items: named.length,
      chunksize: 1,
      scalar,
      refused: false,
      returnExceptions: false,
      failFast: false,
      flags: { label: null, after: [], follow: [] },
      submittedAt: clock.now(),
      submitted: clock.wallTime(),
      origin: new CallOrigin(),
    });
  }

  #add(id: TaskId, job: Job, index: number): TaskId[] {
    const tasks = this.#pending.get(id);
    if (tasks !== undefined) {
      tasks.push(watched(job, index));
      return [];
    }
    this.#pending.set(id, [watched(job, index)]);
    return [id];
  }

  #share(from: Job, task: number, to: PendingTask): void {
    if (this.#closed !== null) return this.#options.fail(to, this.#closed);
    this.#sharing.add(to);
    void shareOutcome(from, task, to.job, to.task).then(() => void this.#sharing.delete(to));
  }

  /** `times`: how often what is not known is asked for again. */
  async #ask(ids: readonly TaskId[], times: number): Promise<void> {
    const unknown: TaskId[] = [];
    const forgotten: TaskId[] = [];
    try {
      const { scheduler } = await this.#options.ask();
      for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
        const page = ids.slice(at, at + IDS_AT_ONCE).filter((id) => this.#pending.has(id));
        const words = await scheduler.watch(this.#options.id, page);
        unknown.push(...page.filter((_, index) => words[index] === "unknown"));
        forgotten.push(...page.filter((_, index) => words[index] === "forgotten"));
      }
    } catch (error) {
      const isAway = error instanceof ConnectionError || error instanceof TimeoutError;
      if (isAway && this.#closed === null) return this.#askLater(ids, times);
      for (const id of ids) this.#fail(id, error);
      return;
    }
    if (forgotten.length > 0 || (unknown.length > 0 && times === 0)) this.#refuse(unknown, forgotten);
    else if (unknown.length > 0) this.#askLater(unknown, times - 1);
  }

  #askLater(ids: readonly TaskId[], times: number): void {
    const timer = this.#options.clock.setTimer(() => {
      this.#timers.delete(timer);
      if (this.#closed === null) void this.#ask(ids.filter((id) => this.#pending.has(id)), times);
    }, ASK_AGAIN_MS);
    this.#timers.add(timer);
  }

  /** Whoever asked for one of these gets nothing at all. */
  #refuse(unknown: readonly TaskId[], forgotten: readonly TaskId[]): void {
    const error = unknownTasks("get the results of", unknown, forgotten);
    for (const { job } of [...unknown, ...forgotten].flatMap((id) => this.#pending.get(id) ?? [])) {
      job.markRefused(error);
      for (let task = 0; task < job.taskCount; task++) this.#failTask(job, task, error);
    }
  }

  #failTask(job: Job, index: number, error: unknown): void {
    const id = job.taskId(index);
    const left = (this.#pending.get(id) ?? []).filter((task) => task.job !== job);
    if (left.length === 0) this.#pending.delete(id);
    else this.#pending.set(id, left);
    if (!job.isSettled(index)) this.#options.fail(watched(job, index), error);
  }

  #fail(id: TaskId, error: unknown): void {
    for (const task of this.#take(id)) this.#options.fail(task, error);
  }

  #take(id: TaskId): readonly PendingTask[] {
    const tasks = this.#pending.get(id) ?? [];
    this.#pending.delete(id);
    return tasks;
  }
}

const NO_BYTES = new Uint8Array();

function template(chunked: boolean): PendingTask["template"] {
  const [hash, name] = ["" as ContentHash, "<watched>"];
  const parts = [hash, name, [], null] as const;
  const code = { hash, name, source: NO_BYTES, modules: [] };
  return { code, flags: DEFAULT_FLAGS, message: chunked ? [...parts, true] : parts, captures: null };
}

const PLAIN = template(false);
/** Of a task that ran several items of a map. */
const CHUNKED = template(true);

function watched(job: Job, task: number): PendingTask {
  return { counter: -1, job, task, template: PLAIN, args: NO_BYTES, engine: null };
}

/** Which task of its job has this id. */
function taskOf(job: Job, id: TaskId): number {
  return Number(id.slice(id.lastIndexOf("-") + 1)) - job.plan.base;
}
