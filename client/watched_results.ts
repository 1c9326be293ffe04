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
import { ControllerTime } from "./controller_time.ts";
import { Job } from "./job.ts";
import { namedPlan } from "./job_plan.ts";
import { isSingle, type Jobs, type NamedTask, namedTasks } from "./jobs.ts";
import type { QuestionLink } from "./question_link.ts";
import { isPastScheduler, unknownTasks } from "./questions.ts";
import { shareOutcome } from "./shared_outcome.ts";
import { shownFlags } from "./shown_flags.ts";
import type { PendingTask } from "./task_table.ts";

/** Ids in one question. */
const IDS_AT_ONCE = 10_000;
/** ms between two questions about tasks that are not known: they may be on their way from the client that submits them. */
const PAUSES: readonly number[] = [50, 100, 200, 400];
/** The same for a new controller, which hears of the tasks of other clients as these come back. */
const NEW_LIFE_PAUSES: readonly number[] = new Array(15).fill(1_000);
/** Where nobody answered. */
const AWAY_PAUSE_MS = 1_000;

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
  /** How these were submitted is being asked for: they are settled when that is known. */
  readonly #unlabelled = new Set<TaskId>();
  /** What was told of them meanwhile. */
  readonly #early = new Map<TaskId, WatchedMessage>();
  readonly #time: ControllerTime;
  /** Until something is asked again. */
  readonly #timers = new Set<TimerHandle>();
  #closed: Error | null = null;

  constructor(options: WatchedResultsOptions) {
    this.#options = options;
    this.#time = new ControllerTime(options.clock);
  }

  /** A job for these; throws `TypeError` for what names no task. What the signal ends fails with its reason. */
  submit(jobs: Jobs, signal?: AbortSignal): Job {
    const named = namedTasks(jobs);
    const job = this.#jobFor(named, isSingle(jobs, named.map((one) => one.job)));
    if (signal !== undefined) this.#watchSignal(job, signal);
    if (job.finished) return job;
    const asked = named.flatMap(({ id, job: known, task }, index): TaskId[] => {
      const own = known ?? this.#options.jobOf(id);
      if (own === null) return this.#add(id, job, index);
      this.#share(own, own === known ? task : taskOf(own, id), watched(job, index));
      return [];
    });
    if (asked.length > 0) void this.#ask(asked, PAUSES);
    return job;
  }

  /** The scheduler says what became of tasks. What is not waited for changes nothing. */
  told(results: readonly WatchedMessage[]): void {
    for (const result of results) {
      if (!isArray(result, 2) || !isText(result[0])) throw malformedMessage("watched", result);
      const [id] = result;
      if (this.#unlabelled.has(id)) this.#early.set(id, result);
      else this.#settle(result);
    }
  }

  /** There is another controller. */
  resumed(): void {
    if (this.#pending.size > 0) void this.#ask([...this.#pending.keys()], NEW_LIFE_PAUSES);
  }

  /** All that is waited for fails. */
  close(error: Error): void {
    this.#closed = error;
    for (const timer of this.#timers) this.#options.clock.clearTimer(timer);
    this.#timers.clear();
    for (const id of [...this.#pending.keys()]) this.#fail(id, error);
    for (const task of this.#sharing) this.#options.fail(task, error);
    this.#sharing.clear();
    this.#unlabelled.clear();
    this.#early.clear();
  }

  #settle([id, message, chunked]: WatchedMessage): void {
    const template = chunked === true ? CHUNKED : PLAIN;
    for (const task of this.#take(id)) this.#options.settle({ ...task, template }, message);
  }

  #watchSignal(job: Job, signal: AbortSignal): void {
    const end = () => {
      for (let task = 0; task < job.taskCount; task++) {
        if (!job.isSettled(task)) this.#failTask(job, task, signal.reason);
      }
    };
    if (signal.aborted) return end();
    signal.addEventListener("abort", end, { once: true });
    job.onFinished(() => signal.removeEventListener("abort", end));
  }

  #jobFor(named: readonly NamedTask[], scalar: boolean): Job {
    return new Job(namedPlan(this.#options, { base: 0, items: named.length, scalar, ids: named.map(({ id }) => id) }));
  }

  #add(id: TaskId, job: Job, index: number): TaskId[] {
    const tasks = this.#pending.get(id);
    if (tasks !== undefined) {
      tasks.push(watched(job, index));
      return [];
    }
    this.#pending.set(id, [watched(job, index)]);
    this.#unlabelled.add(id);
    return [id];
  }

  #share(from: Job, task: number, to: PendingTask): void {
    if (this.#closed !== null) return this.#options.fail(to, this.#closed);
    this.#sharing.add(to);
    void shareOutcome(from, task, to.job, to.task).then(() => void this.#sharing.delete(to));
  }

  /** `pauses`: after each of them, what is not known is asked for again. */
  async #ask(ids: readonly TaskId[], pauses: readonly number[]): Promise<void> {
    const unknown: TaskId[] = [];
    const forgotten: TaskId[] = [];
    try {
      const link = await this.#options.ask();
      const { scheduler } = link;
      for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
        const page = ids.slice(at, at + IDS_AT_ONCE).filter((id) => this.#pending.has(id));
        const words = await scheduler.watch(this.#options.id, page);
        // What was told of is known, whatever the word was a moment before.
        const isUnknown = (id: TaskId, index: number) => words[index] === "unknown" && !this.#early.has(id);
        unknown.push(...page.filter(isUnknown));
        forgotten.push(...page.filter((_, index) => words[index] === "forgotten"));
        await this.#label(link, page.filter((id, index) => !isUnknown(id, index)));
      }
    } catch (error) {
      const isAway = error instanceof ConnectionError || error instanceof TimeoutError;
      if (isAway && this.#closed === null) return this.#askLater(ids, [AWAY_PAUSE_MS, ...pauses]);
      for (const id of ids) this.#fail(id, error);
      return;
    }
    const neverThere = unknown.some(isPastScheduler) || pauses.length === 0;
    if (forgotten.length > 0 || (unknown.length > 0 && neverThere)) this.#refuse(unknown, forgotten);
    else if (unknown.length > 0) this.#askLater(unknown, pauses);
  }

  #askLater(ids: readonly TaskId[], [pauseMs = 0, ...pauses]: readonly number[]): void {
    const timer = this.#options.clock.setTimer(() => {
      this.#timers.delete(timer);
      const left = ids.filter((id) => this.#pending.has(id));
      if (this.#closed === null && left.length > 0) void this.#ask(left, pauses);
    }, pauseMs);
    this.#timers.add(timer);
  }

  /** Says of tasks how they were submitted, and then what was told of them meanwhile. */
  async #label(link: QuestionLink, ids: readonly TaskId[]): Promise<void> {
    const unlabelled = ids.filter((id) => this.#unlabelled.has(id));
    const labels = unlabelled.length === 0 ? [] : await shownFlags(link, unlabelled, this.#time).catch(() => []);
    unlabelled.forEach((id, index) => {
      const flags = labels[index];
      for (const { job, task } of this.#pending.get(id) ?? []) if (flags) job.setFlags(task, flags);
      this.#unlabelled.delete(id);
      const early = this.#early.get(id);
      this.#early.delete(id);
      if (early !== undefined) this.#settle(early);
    });
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
    if (left.length === 0) this.#letGo(id);
    else this.#pending.set(id, left);
    if (!job.isSettled(index)) this.#options.fail(watched(job, index), error);
  }

  #fail(id: TaskId, error: unknown): void {
    for (const task of this.#take(id)) this.#options.fail(task, error);
  }

  #letGo(id: TaskId): void {
    this.#pending.delete(id);
    this.#unlabelled.delete(id);
    this.#early.delete(id);
  }

  #take(id: TaskId): readonly PendingTask[] {
    const tasks = this.#pending.get(id) ?? [];
    this.#letGo(id);
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
