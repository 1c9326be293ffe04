/**
 * The unsettled tasks of one client, on the three ways they can take, and where each is on its way.
 *
 *   views → `Submission` → **ClientTasks** → `SubmitQueue` → scheduler
 *                                         → `DirectQueue` → hosts
 *                                         → `PureTasks` → queue group
 *
 * Gives counters to what is submitted, and ends tasks. Hears of nothing by itself: `session.ts`, which owns it, tells it.
 * @module
 */
import {
  type ContentHash,
  DIRECT_COUNTERS_FROM,
  type HostId,
  type Session,
  type TaskId,
  wayOf,
} from "../protocol/ids.ts";
import type { NewsMessage, ResultPiece, RunningMessage, SettledMessage } from "../protocol/messages.ts";
import type { Clock } from "../wire/clock.ts";
import type { DecodeSpecial, EncodeSpecial } from "../wire/special_forms.ts";
import type { Log } from "../wire/log.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { BigValue } from "./big_value.ts";
import { BlobTransfer } from "./blob_transfer.ts";
import { closedError, notSubmittedError } from "./closed_error.ts";
import type { BroadcastTarget } from "./direct_broadcast.ts";
import { DirectQueue } from "./direct_queue.ts";
import { DrawnIds } from "./drawn_ids.ts";
import type { EngineRoster } from "./engine_roster.ts";
import type { FindHost } from "./host_link.ts";
import { InputGate } from "./input_gate.ts";
import type { InputSource } from "./input_source.ts";
import { InputValues } from "./input_values.ts";
import type { Job } from "./job.ts";
import { KnownOutcomes } from "./known_outcomes.ts";
import { type FeedTasks, MapSlices } from "./map_slices.ts";
import { OutputWatch } from "./output_watch.ts";
import type { PureTarget } from "./pure_queue.ts";
import { PureTasks } from "./pure_tasks.ts";
import { SentFunctions } from "./sent_functions.ts";
import type { SchedulerLink } from "./scheduler_link.ts";
import { PushedResults } from "./pushed_results.ts";
import { RunningNews } from "./running_news.ts";
import { Settlement } from "./settlement.ts";
import { SubmitQueue } from "./submit_queue.ts";
import { TaskAborts } from "./task_aborts.ts";
import { type PendingTask, TaskTable } from "./task_table.ts";
import { valueWithHash } from "./value_with_hash.ts";

/** What these work with. */
export interface ClientTasksOptions {
  readonly id: Session;
  /** The node the client's actor lives in. */
  readonly node: string;
  readonly scheduler: SchedulerLink;
  readonly host: FindHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Where balanced tasks go in a cluster of the scheme `pure`; `null`: nowhere. */
  readonly pure?: PureTarget | null;
  /** What values of special forms in results are. */
  readonly special?: DecodeSpecial | null;
  /** What stands for values of special forms in results that are given to other tasks. */
  readonly encodeSpecial?: EncodeSpecial | null;
  /** The functions that went out among values. */
  readonly sent?: SentFunctions;
  /** Told of tasks of other clients whose abort is asked for. */
  readonly askedOfOthers?: (ids: readonly TaskId[]) => void;
  /** Where direct tasks for several hosts go; `null`: to each of these. */
  readonly broadcast?: BroadcastTarget | null;
}

/** All that one client has submitted and has no outcome of. */
export class ClientTasks {
  readonly drawnIds: DrawnIds;
  readonly aborts: TaskAborts;
  readonly pure: PureTasks;
  /** Whoever listens to what tasks print. */
  readonly output = new OutputWatch();
  readonly #options: ClientTasksOptions;
  readonly #balanced = new TaskTable();
  readonly #direct = new TaskTable(DIRECT_COUNTERS_FROM);
  readonly #queue: SubmitQueue;
  readonly #directQueue: DirectQueue;
  readonly #slices: MapSlices;
  readonly #transfer: BlobTransfer;
  readonly #pushed: PushedResults;
  readonly #settlement: Settlement;
  readonly #news: RunningNews;
  readonly #outcomes: KnownOutcomes;
  readonly #gate: InputGate;
  readonly #inputs: InputValues;
  /** There was another controller before this one. */
  #restarted = false;
  #closed: Error | null = null;

  constructor(options: ClientTasksOptions, roster: EngineRoster) {
    const { id: session, node, clock, log, host } = options;
    this.#options = options;
    this.#transfer = new BlobTransfer(roster, host, clock);
    this.#pushed = new PushedResults(clock);
    this.#settlement = new Settlement({
      clock,
      transfer: this.#transfer,
      pushed: this.#pushed,
      special: options.special ?? null,
      sent: options.sent ?? new SentFunctions(),
      ended: (job, task) => this.output.ended(job, task),
    });
    this.#news = new RunningNews({
      clock,
      log,
      output: this.output,
      special: options.special ?? null,
      unsettled: (counter) => this.#unsettled(counter),
    });
    this.#slices = new MapSlices(clock, () => this.#queue.wake());
    this.#outcomes = new KnownOutcomes(session);
    this.drawnIds = new DrawnIds(session, () => this.allocate(1));
    const place = this.#transfer.place.bind(this.#transfer);
    const fail = this.fail.bind(this);
    this.#gate = new InputGate({ session, clock, fail });
    this.#inputs = new InputValues({
      roster,
      isStale: (source) => this.#isStale(source),
      special: options.encodeSpecial ?? null,
    });
    const reject = ({ job, task }: PendingTask, error: Error) => this.fail(job, task, error);
    this.#queue = new SubmitQueue({
      session,
      table: this.#balanced,
      link: options.scheduler,
      clock,
      log,
      limit: () => Math.min(this.#slices.limit, this.#balanced.next),
      unmade: () => this.#slices.limit !== Infinity,
      outcomes: this.#outcomes,
      holdBack: (task) => this.#holdBack(task),
      isHeld: (counter) => this.#gate.has(counter),
      resolve: (task) => this.#inputs.resolve(task, true),
      place,
      reject,
      advanced: (cursor) => this.#slices.advanced(cursor),
    });
    const { broadcast = null } = options;
    this.#directQueue = new DirectQueue({
      session,
      node,
      clock,
      table: this.#direct,
      roster,
      host,
      broadcast,
      place,
      reject,
    });
    this.pure = new PureTasks({
      session,
      node,
      clock,
      roster,
      target: options.pure ?? null,
      place,
      recheck: (value) => this.#transfer.recheck(value),
      watchHost: (name) => void host(name),
      fail,
    });
    this.aborts = new TaskAborts({
      tasks: this.#balanced,
      queue: this.#queue,
      directQueue: this.#directQueue,
      pure: this.pure,
      slices: this.#slices,
      isHeld: (counter) => this.#gate.has(counter),
      askedOfOthers: options.askedOfOthers ?? (() => {}),
      find: (id) => this.find(id),
      fail,
    });
  }

  // --- what is submitted ---

  /** Takes consecutive counters for the tasks of a job; returns the first. */
  allocate(count: number): number {
    return this.pure.active ? this.pure.allocate(count) : this.#balanced.allocate(count);
  }

  /** The same for tasks that the scheduler never sees. */
  allocateDirect(count: number): number {
    return this.#direct.allocate(count);
  }

  /** Submits the task at the end of this turn. */
  add(task: PendingTask): void {
    if (this.#closed !== null) return this.#settlement.fail(task, notSubmittedError(this.#closed));
    if (this.pure.owns(task.counter)) return this.#whenResolved(task, () => this.pure.add(task));
    this.#balanced.set(task);
    this.#placeEarly(task);
    if (task.inputs !== undefined && this.#holdBack(task)) return;
    this.#queue.addLate(task.counter);
    this.#queue.wake();
  }

  /** Sends the tasks of one call to the hosts of their engines; those that wait for results of others, when these are there. */
  addDirect(tasks: readonly PendingTask[]): void {
    // The first piece of a big value says for which engines it is.
    for (const task of tasks) this.#aim(task);
    for (const task of tasks) {
      if (this.#closed !== null) this.#settlement.fail(task, notSubmittedError(this.#closed));
      else {
        this.#direct.set(task);
        this.#placeEarly(task);
        if (task.inputs !== undefined) this.#whenResolved(task, () => this.#directQueue.add([task]));
      }
    }
    const complete = tasks.filter(({ inputs }) => inputs === undefined);
    if (this.#closed === null && complete.length > 0) this.#directQueue.add(complete);
  }

  /** The tasks of the job from `at` on are added later, by `feed`. */
  addLater(job: Job, at: number, feed: FeedTasks): void {
    if (this.#closed !== null) this.failAll(job, notSubmittedError(this.#closed));
    else if (this.pure.owns(job.plan.base)) this.pure.addLater(job, at, feed);
    else this.#slices.add(job, at, feed);
  }

  /** Puts another task in the place of one that was added and is not sent. False: it is settled meanwhile. */
  replace(task: PendingTask): boolean {
    return this.#balanced.replace(task);
  }

  // --- where each is ---

  /** Unsettled balanced tasks. */
  get pending(): number {
    return this.#balanced.size + this.pure.size;
  }

  /** The unsettled task of that id; `null` where it is none of ours, or settled. */
  find(id: TaskId): PendingTask | null {
    const counter = this.#counterOf(id);
    return this.#unsettled(counter) ?? this.#gate.get(counter) ?? null;
  }

  /** Whether it is a task of this client that no controller was given yet. */
  isUnsent(id: TaskId): boolean {
    const counter = this.#counterOf(id);
    if (counter < 0 || counter >= this.#balanced.next) return false;
    if (counter >= this.#slices.limit) return true;
    return this.#balanced.get(counter) !== undefined && !this.#queue.isSent(counter);
  }

  /** The job of an unsettled task of that id, also of one that is yet to be made. */
  jobOf(id: TaskId): Job | null {
    const found = this.find(id);
    if (found !== null) return found.job;
    const counter = this.isUnsent(id) ? this.#counterOf(id) : -1;
    return this.#slices.jobs.find(({ plan, taskCount }) => plan.base <= counter && counter < plan.base + taskCount) ??
      null;
  }

  /** Jobs that are not finished. */
  unfinishedJobs(): ReadonlySet<Job> {
    const held = this.#gate.tasks.map(({ job }) => job);
    const jobs = new Set<Job>([...this.#slices.jobs, ...this.pure.jobs(), ...held]);
    for (const table of [this.#balanced, this.#direct]) {
      for (const task of table.all()) jobs.add(task.job);
    }
    return jobs;
  }

  /** The first counter that a controller may still be asked about. */
  firstUnsettled(): number {
    return Math.min(this.#balanced.firstUnsettled(), this.#slices.limit);
  }

  // --- how it ends ---

  /** A task that this client only asked for is settled. */
  settleWatched(task: PendingTask, message: SettledMessage): void {
    this.#settlement.settle(task, message);
  }

  /** It can't be had. */
  failWatched(task: PendingTask, error: unknown): void {
    this.#settlement.fail(task, error);
  }

  /** The scheduler settled these. What was settled before changes nothing. */
  settled(results: readonly SettledMessage[]): void {
    for (const result of results) {
      const task = this.#balanced.take(result[0]);
      if (task === undefined) continue;
      this.#queue.settled(task.counter);
      this.#outcomes.settled(task.counter, result);
      this.#settlement.settle(task, result);
    }
  }

  /** A host settled these: direct tasks, or such of the scheme `pure`. */
  directSettled(results: readonly SettledMessage[]): void {
    for (const result of results) {
      const isPure = this.pure.owns(result[0]);
      const task = isPure ? this.pure.settled(result) : this.#direct.take(result[0]);
      if (task === undefined) continue;
      if (!isPure) this.#directQueue.forget(task.counter);
      this.#settlement.settle(task, result);
    }
  }

  /** Ends a task here, wherever it was; it need not have been added. */
  fail(job: Job, task: number, error: unknown): void {
    const counter = job.plan.base + task;
    this.#gate.forget(counter);
    if (this.#balanced.take(counter) !== undefined) this.#queue.settled(counter);
    this.pure.take(counter);
    this.#pushed.forget(counter);
    if (this.#direct.take(counter) !== undefined) this.#directQueue.forget(counter);
    if (wayOf(counter) === "balanced") this.#outcomes.endedHere(counter, error);
    this.#settlement.fail({ job, task }, error);
  }

  /** Ends these tasks of a job here, where they are unsettled. */
  failAll(job: Job, error: Error): void {
    for (let task = 0; task < job.taskCount; task++) if (!job.isSettled(task)) this.fail(job, task, error);
  }

  /** The client ends: all that is unsettled fails, as does all that is added from now on. */
  close(cause: Error): void {
    this.#closed = cause;
    this.pause();
    for (const job of this.unfinishedJobs()) this.failAll(job, closedError(cause));
    this.#slices.close();
    this.pure.close();
    this.#directQueue.close();
    this.#pushed.close();
  }

  // --- what the session hears ---

  /** The controller is away: nothing is sent to it. */
  pause(): void {
    this.#queue.pause();
  }

  /** There is a controller, which knows nothing of these. `isFirst`: no other was there before. */
  resume(scheme: string, isFirst: boolean): void {
    if (!isFirst) {
      this.#outcomes.renew();
      this.#restarted = true;
    }
    this.pure.schemeIs(scheme);
    for (const task of this.#balanced.all()) this.#recheckPlaces(task);
    this.#queue.restart();
  }

  /** A host heard a broadcast of ours. */
  broadcastHeard(host: HostId, sequence: number, taken: boolean): void {
    this.#directQueue.broadcastHeard(host, sequence, taken);
  }

  /** These are running. */
  running(tasks: readonly RunningMessage[]): void {
    this.#news.running(tasks);
  }

  /** A piece of a big result, from the host of its engine. Whether more of it is wanted. */
  resultPiece(host: string, piece: ResultPiece): boolean {
    const [counter] = piece;
    return this.#pushed.add(host, piece, this.#unsettled(counter) !== undefined);
  }

  /** Brings bytes that an unsettled task needs to that host, which can't get them elsewhere. Whether it could. */
  async bringAgain(hash: ContentHash, host: HostId): Promise<boolean> {
    for (const tasks of [this.#balanced.all(), this.#direct.all(), this.pure.all()]) {
      const value = valueWithHash(tasks, hash);
      if (value !== null) return await this.#transfer.bring(value, host);
    }
    return false;
  }

  /** Running tasks show these. */
  news(rows: readonly NewsMessage[]): void {
    this.#news.shown(rows);
  }

  /** The host is gone for good. */
  hostLost(host: HostId, reason: string): void {
    this.#directQueue.hostLost(host, reason);
    this.pure.hostLost(host, reason);
  }

  #unsettled(counter: number): PendingTask | undefined {
    return this.#balanced.get(counter) ?? this.#direct.get(counter) ?? this.pure.get(counter);
  }

  /** Whether the task waits here for results that the scheduler will not know. */
  #holdBack(task: PendingTask): boolean {
    return this.#gate.has(task.counter) || this.#gate.hold(task, false, () => {
      this.#queue.addLate(task.counter);
      this.#queue.wake();
    });
  }

  /** For tasks that the scheduler never sees: all that they are given goes with them. */
  #whenResolved(task: PendingTask, send: () => void): void {
    if (task.inputs === undefined) return send();
    const release = () => {
      try {
        this.#inputs.resolve(task, false);
      } catch (error) {
        return this.fail(task.job, task.task, error);
      }
      send();
    };
    if (!this.#gate.hold(task, true, release)) release();
  }

  /** Of tasks of others nobody here knows in which life they were settled. */
  #isStale(source: InputSource): boolean {
    const counter = source.id === null ? -1 : this.#counterOf(source.id);
    return counter < 0 ? this.#restarted : this.#outcomes.isStale(counter);
  }

  /** -1: the id is none of this client's. */
  #counterOf(id: TaskId): number {
    const parts = parseTaskId(id);
    return parts?.session === this.#options.id ? parts.counter : -1;
  }

  /** Big values start moving at once, in parallel to what is queued before them. */
  #placeEarly({ args, template }: PendingTask): void {
    for (const value of [args, template.captures]) if (value instanceof BigValue) void this.#transfer.place(value);
  }

  #aim({ args, template, engine }: PendingTask): void {
    for (const value of [args, template.captures]) {
      if (value instanceof BigValue && engine !== null) value.engines.add(engine);
    }
  }

  #recheckPlaces({ args, template, inputs = [] }: PendingTask): void {
    const results = inputs.map(({ value }) => value).filter((value) =>
      value instanceof BigValue && value.bytes !== null
    );
    for (const value of [args, template.code.source, template.captures, ...results]) {
      if (value instanceof BigValue) this.#transfer.recheck(value);
    }
  }
}
