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
  REFUSED_COUNTERS_FROM,
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
import { ConnectionError } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { AbortSignals } from "./abort_signals.ts";
import { Attachment } from "./attachment.ts";
import { BigValue } from "./big_value.ts";
import { BlobTransfer } from "./blob_transfer.ts";
import { closedError, unansweredError } from "./closed_error.ts";
import { DirectQueue } from "./direct_queue.ts";
import { DrawnIds } from "./drawn_ids.ts";
import { EngineRoster } from "./engine_roster.ts";
import type { FindHost } from "./host_link.ts";
import type { Job } from "./job.ts";
import { KnownOutcomes } from "./known_outcomes.ts";
import { MapSlices } from "./map_slices.ts";
import type { PureTarget } from "./pure_queue.ts";
import { PureTasks } from "./pure_tasks.ts";
import type { QuestionLink } from "./question_link.ts";
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
  readonly questions: QuestionLink;
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
  readonly drawnIds: DrawnIds;
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
  readonly #outcomes: KnownOutcomes;
  readonly #signals = new AbortSignals((job) => this.abortJob(job));
  #nextRefused = REFUSED_COUNTERS_FROM;
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
    this.#outcomes = new KnownOutcomes(options.id);
    this.drawnIds = new DrawnIds(options.id, () => this.allocate(1));
    const place = this.#transfer.place.bind(this.#transfer);
    const reject = ({ job, task }: PendingTask, error: Error) => this.fail(job, task, error);
    this.#queue = new SubmitQueue({
      session: options.id,
      table: this.#tasks,
      link: options.scheduler,
      clock: options.clock,
      log: options.log,
      limit: () => Math.min(this.#slices.limit, this.#tasks.next),
      unmade: () => this.#slices.limit !== Infinity,
      outcomes: this.#outcomes,
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
      fail: (job, task, error) => this.fail(job, task, error),
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
      fail: (job, task, error) => this.fail(job, task, error),
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

  /**
   * The ones to ask, once there is a controller and has been sent what this turn of the event loop submitted. Rejects with
   * `ConnectionError` where the client is closed.
   */
  async ask(): Promise<QuestionLink> {
    await this.#attachment.idle;
    if (this.#closed !== null) throw unansweredError(this.#closed);
    return this.#options.questions;
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
      if (task === undefined) continue;
      this.#outcomes.settled(task.counter, result);
      this.settlement.settle(task, result);
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

  /** The counter of a task that failed before anybody else saw it. */
  allocateRefused(): number {
    return this.#nextRefused++;
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

  /** Ends a task here, wherever it was; it need not have been added. */
  fail(job: Job, task: number, error: unknown): void {
    const counter = job.plan.base + task;
    const isDirect = counter >= DIRECT_COUNTERS_FROM;
    this.#tasks.take(counter);
    this.#pure.take(counter);
    if (isDirect && this.#directTasks.take(counter) !== undefined) this.#directQueue.forget(counter);
    if (!isDirect) this.#outcomes.endedHere(counter, error);
    this.settlement.fail({ job, task }, error);
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

  /** Puts another task in the place of one that was added and is not sent. False: it is settled meanwhile. */
  replace(task: PendingTask): boolean {
    return this.#tasks.replace(task);
  }

  /** Ends these tasks of a job here, where they are unsettled. */
  failTasks(job: Job, error: Error): void {
    for (let task = 0; task < job.taskCount; task++) if (!job.isSettled(task)) this.fail(job, task, error);
  }

  /** Whether it is a task of this client that no controller was given yet. */
  isUnsent(id: TaskId): boolean {
    const parts = parseTaskId(id);
    if (parts?.session !== this.id || parts.counter >= this.#tasks.next) return false;
    if (parts.counter >= this.#slices.limit) return true;
    return this.#tasks.get(parts.counter) !== undefined && !this.#queue.isSent(parts.counter);
  }

  /** The unsettled task of that id; `null` where it is none of ours, or settled. */
  find(id: TaskId): PendingTask | null {
    const parts = parseTaskId(id);
    if (parts?.session !== this.id) return null;
    const { counter } = parts;
    return this.#tasks.get(counter) ?? this.#directTasks.get(counter) ?? this.#pure.get(counter) ?? null;
  }

  /** The job of an unsettled task of that id, also of one that is yet to be made. */
  jobOf(id: TaskId): Job | null {
    const found = this.find(id);
    if (found !== null) return found.job;
    const counter = this.isUnsent(id) ? parseTaskId(id)?.counter ?? -1 : -1;
    return this.#slices.jobs.find(({ plan, taskCount }) => plan.base <= counter && counter < plan.base + taskCount) ??
      null;
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
    if (this.#epoch >= 0) this.#outcomes.renew();
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
    const { captures } = task.template;
    if (!(task.args instanceof Uint8Array)) void this.#transfer.place(task.args);
    if (captures instanceof BigValue) void this.#transfer.place(captures);
  }

  #recheckPlaces(task: PendingTask): void {
    if (!(task.args instanceof Uint8Array)) this.#transfer.recheck(task.args);
    const { code, captures } = task.template;
    if (code.source instanceof BigValue) this.#transfer.recheck(code.source);
    if (captures instanceof BigValue) this.#transfer.recheck(captures);
  }

  #failRest(job: Job, error: Error): void {
    for (let task = 0; task < job.taskCount; task++) {
      if (!job.isSettled(task)) this.settlement.fail({ job, task }, error);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
