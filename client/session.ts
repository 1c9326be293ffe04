/**
 * The state of one client: its unsettled tasks, the engines it knows, the controller life it talks to.
 *
 *   views → `Submission` → **Session** → `SubmitQueue` / `DirectQueue` / `PureTasks` → links
 *   client actor (news) → **Session** → `Settlement` → `Job` → `AsyncResult`
 *
 * Talks to ports only, so all of it runs against fakes. A new controller gets everything unsettled again; what is settled
 * twice counts once.
 * @module
 */
import {
  DIRECT_COUNTERS_FROM,
  type Epoch,
  type HostId,
  type Session as SessionId,
  type TaskId,
} from "../protocol/ids.ts";
import type {
  ClientHello,
  ClientWelcome,
  EngineMessage,
  RunningMessage,
  SettledMessage,
  TakenMessage,
} from "../protocol/messages.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../protocol/version.ts";
import type { Clock } from "../wire/clock.ts";
import { ConnectionError, NotRunning } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { parseTaskId, taskId } from "../wire/task_ids.ts";
import { AbortSignals } from "./abort_signals.ts";
import { Attachment } from "./attachment.ts";
import { BlobTransfer } from "./blob_transfer.ts";
import { DirectQueue } from "./direct_queue.ts";
import { EngineRoster } from "./engine_roster.ts";
import type { FindHost } from "./host_link.ts";
import type { Job } from "./job.ts";
import { MapSlices } from "./map_slices.ts";
import type { PureTarget } from "./pure_queue.ts";
import { PureTasks } from "./pure_tasks.ts";
import type { SchedulerLink } from "./scheduler_link.ts";
import { Settlement } from "./settlement.ts";
import { SubmitQueue } from "./submit_queue.ts";
import { TaskAborts } from "./task_aborts.ts";
import { type PendingTask, TaskTable } from "./task_table.ts";
import type { ResolvedFlags } from "./task_flags.ts";
import { TaskTemplates } from "./task_templates.ts";

/** What a session works with. */
export interface SessionOptions {
  readonly id: SessionId;
  /** The node the client's actor lives in. */
  readonly node: string;
  readonly scheduler: SchedulerLink;
  readonly host: FindHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Where balanced tasks go in a cluster of the scheme `pure`; `null`: nowhere. */
  readonly pure?: PureTarget | null;
}

/** One client's side of everything. */
export class Session {
  readonly id: SessionId;
  readonly clock: Clock;
  readonly roster = new EngineRoster();
  readonly templates = new TaskTemplates();
  readonly settlement: Settlement;
  readonly #options: SessionOptions;
  readonly #tasks = new TaskTable();
  readonly #directTasks = new TaskTable(DIRECT_COUNTERS_FROM);
  readonly #queue: SubmitQueue;
  readonly #directQueue: DirectQueue;
  readonly #pure: PureTasks;
  readonly #slices: MapSlices;
  readonly #aborts: TaskAborts;
  readonly #attachment: Attachment;
  readonly #transfer: BlobTransfer;
  readonly #signals = new AbortSignals((job) => this.abortJob(job));
  /** Ids that were drawn and are not submitted. */
  readonly #drawnIds = new Set<TaskId>();
  #epoch = -1;
  #closed: Error | null = null;
  readonly #ending = new AbortController();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.id = options.id;
    this.clock = options.clock;
    this.#transfer = new BlobTransfer(this.roster, options.host, options.clock);
    this.settlement = new Settlement(options.clock, this.#transfer);
    this.#slices = new MapSlices(options.clock, () => this.#queue.wake());
    const place = this.#transfer.place.bind(this.#transfer);
    const reject = (task: PendingTask, error: Error) => this.#reject(task, error);
    this.#queue = new SubmitQueue({
      session: options.id,
      table: this.#tasks,
      link: options.scheduler,
      clock: options.clock,
      log: options.log,
      limit: () => Math.min(this.#slices.limit, this.#tasks.next),
      place,
      reject,
      advanced: (cursor) => this.#slices.advanced(cursor),
    });
    this.#directQueue = new DirectQueue({
      session: options.id,
      table: this.#directTasks,
      roster: this.roster,
      host: options.host,
      place,
      reject,
    });
    this.#pure = new PureTasks({
      session: options.id,
      node: options.node,
      clock: options.clock,
      roster: this.roster,
      target: options.pure ?? null,
      place,
      recheck: (value) => this.#transfer.recheck(value),
      watchHost: (host) => void options.host(host),
      fail: (job, task, error) => this.#fail(job, task, error),
    });
    this.#attachment = new Attachment({
      link: options.scheduler,
      clock: options.clock,
      log: options.log,
      hello: () => this.#hello(),
      welcomed: (welcome) => this.#welcomed(welcome),
      signal: this.#ending.signal,
    });
    this.#aborts = new TaskAborts({
      tasks: this.#tasks,
      queue: this.#queue,
      directQueue: this.#directQueue,
      directFrom: DIRECT_COUNTERS_FROM,
      slices: this.#slices,
      find: (id) => this.find(id),
      fail: (job, task, error) => this.#fail(job, task, error),
    });
  }

  /** What ended it; `null` while it lives. */
  get closed(): Error | null {
    return this.#closed;
  }

  /** Unsettled balanced tasks. */
  get pending(): number {
    return this.#tasks.size + this.#pure.size;
  }

  // --- the controller and its news ---

  /** Introduces the client to the controller. Rejects with `ConnectionError` where none answers in time. */
  start(timeoutMs: number): Promise<void> {
    return this.#attachment.attach(timeoutMs);
  }

  /** The controller is gone: waits for the next one and gives it all that is unsettled. */
  controllerLost(): void {
    if (this.#closed !== null || this.#attachment.busy) return;
    this.#queue.pause();
    this.#attachment.attach(Infinity).catch((error) => this.end(asError(error)));
  }

  settled(epoch: Epoch, results: readonly SettledMessage[]): void {
    if (epoch < this.#epoch) return;
    for (const result of results) {
      const task = this.#tasks.take(result[0]);
      if (task !== undefined) this.settlement.settle(task, result);
    }
  }

  directSettled(results: readonly SettledMessage[]): void {
    for (const result of results) {
      const isPure = this.#pure.owns(result[0]);
      const task = isPure ? this.#pure.settled(result) : this.#directTasks.take(result[0]);
      if (task === undefined) continue;
      if (!isPure) this.#directQueue.forget(task.counter);
      this.settlement.settle(task, result);
    }
  }

  pureTaken(host: HostId, taken: readonly TakenMessage[]): void {
    if (this.#closed === null) this.#pure.taken(host, taken);
  }

  pureReturned(counters: readonly number[]): void {
    this.#pure.returned(counters);
  }

  running(tasks: readonly RunningMessage[]): void {
    for (const [counter, engineId, engineUuid, runningMs] of tasks) {
      const task = this.#tasks.get(counter);
      if (task === undefined) continue;
      const started = this.clock.wallTime() - runningMs;
      const open = { attempts: 0, completed: null, received: null, stdout: "", stderr: "" };
      task.job.running(task.task, { status: "running", engineId, engineUuid, started, ...open });
    }
  }

  engines(list: readonly EngineMessage[]): void {
    this.roster.update(list);
    this.#pure.enginesChanged();
  }

  hostLost(host: HostId, reason: string): void {
    this.#directQueue.hostLost(host, reason);
    this.#pure.hostLost(host, reason);
  }

  // --- what the views ask for ---

  /** Takes consecutive counters for the tasks of a job; returns the first. */
  allocate(count: number): number {
    return this.#pure.active ? this.#pure.allocate(count) : this.#tasks.allocate(count);
  }

  /** The same for tasks that the scheduler never sees. */
  allocateDirect(count: number): number {
    return this.#directTasks.allocate(count);
  }

  /** A fresh id, for the flag `id`. */
  newId(): TaskId {
    const id = taskId(this.id, this.allocate(1));
    this.#drawnIds.add(id);
    return id;
  }

  /** The counter of an id made by `newId`, which can be used once. */
  useId(id: string): number {
    const parts = parseTaskId(id);
    if (parts !== null && this.#drawnIds.delete(id as TaskId)) return parts.counter;
    throw new RangeError(
      `Cannot submit a task as ${
        JSON.stringify(id)
      }: it was not made by client.newId() of this client, or is used already; ` +
        `draw a new one for each task.`,
    );
  }

  /** Throws `TypeError` for a flag that the scheme of this cluster can't honour. */
  checkFlags(flags: ResolvedFlags): void {
    this.#pure.check(flags);
  }

  /** Submits the task at the end of this turn. */
  add(task: PendingTask): void {
    if (this.#closed !== null) return this.settlement.fail(task, closedError(this.#closed));
    if (this.#pure.owns(task.counter)) return this.#pure.add(task);
    this.#tasks.set(task);
    this.#queue.addLate(task.counter);
    this.#placeEarly(task);
    this.#queue.wake();
  }

  /** Sends the task to the host of its engine. */
  addDirect(task: PendingTask): void {
    if (this.#closed !== null) return this.settlement.fail(task, closedError(this.#closed));
    this.#directTasks.set(task);
    this.#placeEarly(task);
    this.#directQueue.add(task);
  }

  /** The tasks of the job from `at` on are added later, by `feed`. */
  addLater(job: Job, at: number, feed: (from: number, end: number) => void): void {
    if (this.#closed !== null) this.#failRest(job, closedError(this.#closed));
    else if (this.#pure.owns(job.plan.base)) this.#pure.addLater(job, at, feed);
    else this.#slices.add(job, at, feed);
  }

  watchSignal(signal: AbortSignal, job: Job): void {
    this.#signals.watch(signal, job);
  }

  /** Aborts what is not settled of a job. Throws `TypeError` where the scheme of its tasks can't. */
  abortJob(job: Job): void {
    if (job.taskCount > 0) this.#pure.checkAbort([job.taskId(0)]);
    this.#aborts.job(job);
  }

  /** Nobody wants the results of a job any more: aborts what is not settled of it, as far as its scheme can. */
  letGo(job: Job): void {
    if (this.#pure.owns(job.plan.base)) this.#pure.letGo(job);
    else this.abortJob(job);
  }

  /** Aborts by ids, also those of other clients. Throws `TypeError` where the scheme of one of these can't. */
  abortIds(ids: readonly TaskId[]): void {
    this.#pure.checkAbort(ids);
    this.#aborts.ids(ids);
  }

  /** The unsettled task of that id; `null` where it is none of ours, or settled. */
  find(id: TaskId): PendingTask | null {
    const parts = parseTaskId(id);
    if (parts?.session !== this.id) return null;
    const { counter } = parts;
    return this.#tasks.get(counter) ?? this.#directTasks.get(counter) ?? this.#pure.get(counter) ?? null;
  }

  /** Jobs that are not finished. */
  unfinishedJobs(): ReadonlySet<Job> {
    const jobs = new Set<Job>([...this.#slices.jobs, ...this.#pure.jobs()]);
    for (const table of [this.#tasks, this.#directTasks]) {
      for (const task of table.all()) jobs.add(task.job);
    }
    return jobs;
  }

  /** Says good-bye and ends; tasks go on, their results are lost to this client. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed !== null) return;
    this.end(new ConnectionError("The client was closed."));
    await this.#options.scheduler.detach(this.id);
  }

  /** Ends: whatever is pending rejects. */
  end(cause: Error): void {
    if (this.#closed !== null) return;
    this.#closed = cause;
    this.#ending.abort(cause);
    this.#queue.pause();
    this.roster.close(closedError(cause));
    for (const job of this.unfinishedJobs()) this.#failRest(job, closedError(cause));
    for (const table of [this.#tasks, this.#directTasks]) for (const task of table.all()) table.take(task.counter);
    this.#slices.close();
    this.#pure.close();
  }

  #welcomed([epoch, , engines, , scheme = ""]: ClientWelcome): void {
    this.#epoch = epoch;
    this.roster.update(engines);
    this.#pure.schemeIs(scheme);
    for (const task of this.#tasks.all()) this.#recheckPlaces(task);
    this.#queue.restart();
  }

  #hello(): ClientHello {
    const first = Math.min(this.#tasks.firstUnsettled(), this.#slices.limit);
    return [PROTOCOL_VERSION, PACKAGE_VERSION, this.id, this.#options.node, first];
  }

  /** Big values start moving at once, in parallel to what is queued before them. */
  #placeEarly(task: PendingTask): void {
    if (!(task.args instanceof Uint8Array)) void this.#transfer.place(task.args);
  }

  #recheckPlaces(task: PendingTask): void {
    if (!(task.args instanceof Uint8Array)) this.#transfer.recheck(task.args);
    if (!(task.template.code.source instanceof Uint8Array)) this.#transfer.recheck(task.template.code.source);
  }

  #reject({ job, task }: PendingTask, error: Error): void {
    this.#fail(job, task, error);
  }

  /** Ends a task here, wherever it was. */
  #fail(job: Job, task: number, error: Error): void {
    const counter = job.plan.base + task;
    this.#tasks.take(counter);
    this.#pure.take(counter);
    if (this.#directTasks.take(counter) !== undefined) this.#directQueue.forget(counter);
    this.settlement.fail({ job, task }, error);
  }

  #failRest(job: Job, error: Error): void {
    for (let task = 0; task < job.taskCount; task++) {
      if (!job.isSettled(task)) this.settlement.fail({ job, task }, error);
    }
  }
}

/** A new one for each job: the place of the call is added to its stack. */
function closedError(cause: Error): ConnectionError {
  const tasks = cause instanceof NotRunning
    ? "Its tasks ended with it; start it again"
    : "The task itself goes on where it was; connect again with Client.connect()";
  return new ConnectionError(`Lost the result: ${cause.message} ${tasks}, and submit what is still needed.`, { cause });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
