/**
 * Balanced tasks in the scheme `pure`, from submission to their end: past the scheduler, each published once.
 *
 *   `ClientTasks` → **PureTasks** → `PureQueue` → queue group → an engine's host → taken, settled → back here
 *
 * Nobody else keeps these tasks. So what an engine or a host took with it when it died, and what nobody took in time,
 * fails here with `EngineError`; it is never sent twice, unless a host says that it gave it back. Part of `client_tasks.ts`.
 * @module
 */
import { type EngineId, type HostId, PURE_COUNTERS_FROM, type Session, type TaskId, wayOf } from "../protocol/ids.ts";
import type { SettledMessage, TakenMessage } from "../protocol/messages.ts";
import { PURE_SCHEME } from "../protocol/subjects.ts";
import type { Clock } from "../wire/clock.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { BigValue } from "./big_value.ts";
import type { InputSource } from "./input_source.ts";
import type { Job } from "./job.ts";
import { NOT_BEGUN, type TaskReport } from "./job_plan.ts";
import type { FeedTasks } from "./map_slices.ts";
import { droppedUnpublished, lostWithHost, schemeChanged, takenByNobody } from "./pure_errors.ts";
import { cannotAbort, checkPureFlags } from "./pure_flags.ts";
import { type Flight, PureFlight } from "./pure_flight.ts";
import { PureLanes } from "./pure_lanes.ts";
import { PureQueue, type PureQueueOptions, type PureTarget } from "./pure_queue.ts";
import { PureSweep } from "./pure_sweep.ts";
import { PureWindow } from "./pure_window.ts";
import type { ResolvedFlags } from "./task_flags.ts";
import { type PendingTask, TaskTable } from "./task_table.ts";

/** What an input takes in a message besides its bytes, at most. */
const INPUT_HEAD_BYTES = 8;

/** What it works with. */
export interface PureTasksOptions extends Pick<PureQueueOptions, "session" | "node" | "roster" | "place" | "recheck"> {
  readonly session: Session;
  readonly clock: Clock;
  /** `null`: this client can't take part in the scheme. */
  readonly target: PureTarget | null;
  /** A host is to be watched, so that its loss is told. */
  readonly watchHost: (host: HostId) => void;
  /** Ends a task here; it may still be in the table. */
  readonly fail: (job: Job, task: number, error: Error) => void;
}

/** The state of one client's tasks in this scheme. */
export class PureTasks {
  readonly #options: PureTasksOptions;
  readonly #table = new TaskTable(PURE_COUNTERS_FROM);
  readonly #flight = new PureFlight();
  readonly #window = new PureWindow();
  readonly #lanes: PureLanes;
  readonly #queue: PureQueue | null;
  readonly #sweep: PureSweep;
  #active = false;
  #unlisten = () => {};

  constructor(options: PureTasksOptions) {
    this.#options = options;
    const { clock, target } = options;
    this.#lanes = new PureLanes({
      clock,
      table: this.#table,
      isUnderWay: (counter) => this.#flight.has(counter),
      wake: () => this.wake(),
    });
    this.#queue = target === null ? null : this.#makeQueue(target);
    this.#sweep = new PureSweep({
      clock,
      wanted: () => this.#flight.size > 0,
      connected: () => target?.bus.status === "connected",
      tick: (counts) => this.#tick(counts),
    });
    if (target !== null) this.#unlisten = target.bus.onStatus(() => this.#connectionChanged());
  }

  /** Whether what is submitted now goes this way. */
  get active(): boolean {
    return this.#active;
  }

  /** How many are unsettled. */
  get size(): number {
    return this.#table.size;
  }

  /** All that are unsettled. */
  all(): Iterable<PendingTask> {
    return this.#table.all();
  }

  /** Whether a task of this counter goes, or went, this way. */
  owns(counter: number): boolean {
    return wayOf(counter) === "pure";
  }

  /** A controller said which scheme it is of. What is not published yet can't wait for one that is over. */
  schemeIs(scheme: string): void {
    this.#active = scheme === PURE_SCHEME;
    if (this.#active) return this.enginesChanged();
    for (const job of new Set(this.jobs())) this.#endUnpublished(job, schemeChanged);
  }

  /**
   * The list of engines is another one. Their hosts are watched before anything is published: so the way on which they
   * say what they took is open, and the loss of one is known even where it could not say anything.
   */
  enginesChanged(): void {
    if (this.#active) { for (const host of this.#options.roster.hosts) this.#options.watchHost(host); }
    this.wake();
  }

  /** Throws `TypeError` for a flag that this scheme can't honour. */
  check(flags: ResolvedFlags): void {
    if (!this.#active) return;
    if (this.#queue === null) throw new TypeError('Cannot submit in the scheme "pure": this client was given no bus.');
    checkPureFlags(flags);
  }

  /** Throws `TypeError` where one of these ids is of a task that went this way. */
  checkAbort(ids: readonly TaskId[]): void {
    const own = ids.find((id) => this.owns(parseTaskId(id)?.counter ?? 0));
    if (own !== undefined) throw cannotAbort(own);
  }

  /** Takes consecutive counters; returns the first. */
  allocate(count: number): number {
    return this.#table.allocate(count);
  }

  get(counter: number): PendingTask | undefined {
    return this.#table.get(counter);
  }

  /** Jobs that are not finished. */
  *jobs(): Generator<Job> {
    yield* this.#lanes.unmade();
    for (const task of this.#table.all()) yield task.job;
  }

  /** Publishes the task as soon as there is room for it. */
  add(task: PendingTask): void {
    const { args, inputs } = task;
    const limit = this.#queue?.inlineLimit ?? Infinity;
    if (inputs !== undefined) keepShort(inputs, limit - (args instanceof Uint8Array ? args.length : 0));
    const kept = args instanceof Uint8Array && args.length > limit ? { ...task, args: new BigValue(args) } : task;
    this.#table.set(kept);
    this.#lanes.of(kept.job).add(kept.counter);
    // Big values start moving at once, in parallel to what is queued before them.
    if (kept.args instanceof BigValue) void this.#options.place(kept.args);
    this.wake();
  }

  /** The tasks of the job from `at` on are added later, by `feed`. */
  addLater(job: Job, at: number, feed: FeedTasks): void {
    this.#lanes.of(job).addLater(job, at, feed);
  }

  /** Room, engines or a connection may be there. */
  wake(): void {
    this.#queue?.wake();
  }

  /** Takes a task out that is settled; undefined where it is settled already. */
  take(counter: number): PendingTask | undefined {
    this.#flight.remove(counter);
    return this.#table.take(counter);
  }

  /** The same, by the news of its end. */
  settled(result: SettledMessage): PendingTask | undefined {
    const task = this.take(result[0]);
    const runMs: unknown = result[6];
    if (task !== undefined && typeof runMs === "number") this.#window.observe(task.template.code, runMs);
    this.wake();
    return task;
  }

  /** Engines of this host have these tasks. */
  taken(host: HostId, taken: readonly TakenMessage[]): void {
    this.#options.watchHost(host);
    for (const [engineId, engineUuid, counters] of taken) {
      const slots = this.#options.roster.slotsOf(engineId);
      const ready: TaskReport = { ...NOT_BEGUN, engineId, engineUuid };
      const running: TaskReport = { ...ready, status: "running" };
      for (const counter of counters) {
        const ahead = this.#flight.taken(counter, engineId, host);
        const task = ahead === null ? undefined : this.#table.get(counter);
        if (ahead !== null) task?.job.running(task.task, ahead < slots ? running : ready);
      }
    }
  }

  /** A host gives these back: they did not begin and never will there. */
  returned(counters: readonly number[]): void {
    const again: PendingTask[] = [];
    for (const counter of counters) {
      const task = this.#flight.remove(counter) === null ? undefined : this.#table.get(counter);
      if (task === undefined) continue;
      task.job.running(task.task, NOT_BEGUN);
      again.push(task);
    }
    this.#lanes.sendAgain(again);
    this.wake();
  }

  /** The host is gone for good: what it had taken fails. */
  hostLost(host: HostId, reason: string): void {
    for (const flight of this.#flight.hostLost(host)) this.#lose(flight, lostWithHost(host, reason));
    this.wake();
  }

  /** Nobody wants the results of this job any more: what is not published never will be. The rest runs on. */
  letGo(job: Job): void {
    this.#endUnpublished(job, droppedUnpublished);
  }

  /** The client ends; its jobs are failed by the session. */
  close(): void {
    this.#unlisten();
    this.#queue?.close();
    this.#sweep.stop();
    this.#lanes.close();
    for (const { counter } of this.#table.all()) this.take(counter);
  }

  #makeQueue(target: PureTarget): PureQueue {
    const { session, node, roster, place, recheck, fail } = this.#options;
    return new PureQueue({
      session,
      node,
      target,
      lanes: this.#lanes,
      flight: this.#flight,
      window: this.#window,
      roster,
      place,
      recheck,
      reject: ({ job, task }, error) => fail(job, task, error),
      sent: () => {
        this.#lanes.sent();
        this.#sweep.start();
      },
    });
  }

  #connectionChanged(): void {
    this.#sweep.disturb();
    this.#flight.interrupted();
    this.wake();
  }

  #tick(counts: boolean): void {
    if (counts) { for (const flight of this.#flight.tick()) this.#lose(flight, takenByNobody(flight.interrupted)); }
    this.#showRunning();
    this.wake();
  }

  #endUnpublished(job: Job, why: (id: TaskId) => Error): void {
    job.markAborted();
    for (let task = 0; task < job.taskCount; task++) {
      const counter = job.plan.base + task;
      // A task that is in no table, and not to be made yet, is settled already but for the bytes of its result.
      const isThere = this.#table.get(counter) !== undefined || this.#lanes.isUnmade(job, counter);
      if (isThere && !this.#flight.has(counter)) this.#options.fail(job, task, why(job.taskId(task)));
    }
  }

  /** Engines run in order of arrival: of ours, the oldest ones are the first that can be running. Seen by the second. */
  #showRunning(): void {
    for (const [engine, flights] of this.#flight.byEngine()) {
      for (const { counter } of flights.slice(0, this.#options.roster.slotsOf(engine))) {
        const task = this.#table.get(counter);
        const report = task?.job.report(task.task);
        if (task === undefined || report === undefined || report.status === "running") continue;
        task.job.running(task.task, { ...report, status: "running" });
      }
    }
  }

  #lose({ counter, engine }: Flight, why: (id: TaskId, engine: EngineId | null) => Error): void {
    const task = this.take(counter);
    if (task !== undefined) this.#options.fail(task.job, task.task, why(task.job.taskId(task.task), engine));
  }
}

/** Inputs that are too long together for one message travel as blobs. */
function keepShort(inputs: readonly InputSource[], limit: number): void {
  let left = limit;
  for (const source of inputs) {
    if (!(source.value instanceof Uint8Array)) continue;
    left -= source.value.length + INPUT_HEAD_BYTES;
    if (left < 0) source.value = new BigValue(source.value);
  }
}
