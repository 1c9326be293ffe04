/**
 * What a user holds of a cluster: views, ids, waiting, and the end.
 *
 * A façade: each method is a few lines over `Session` and the views. `cluster/` finds the cluster and calls `attach`.
 * @module
 */
import type { ActorSystem } from "../actors/actor_system.ts";
import type { Explanation, StoryLine } from "../protocol/explanation.ts";
import { Outbox } from "../actors/outbox.ts";
import type { HostId, Session as SessionId, TaskId } from "../protocol/ids.ts";
import { ACTOR_NAMES } from "../protocol/roles.ts";
import { asError } from "../wire/as_error.ts";
import { nodeName } from "../protocol/subjects.ts";
import { TimeoutError, UnknownTask } from "../wire/errors.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { hostLinks, questionLinks, SchedulerRefLink } from "./actor_links.ts";
import { type AskOptions, checkAskOptions } from "./ask_options.ts";
import { AsyncResult, type ResultContext } from "./async_result.ts";
import { ClientActor } from "./client_actor.ts";
import { connectionLost } from "./closed_error.ts";
import type { BroadcastTarget } from "./direct_broadcast.ts";
import { DirectView, type DirectViewParts, type Targets } from "./direct_view.ts";
import { EngineOrders, type ShutdownOptions } from "./engine_orders.ts";
import { checkBoolean, checkInteger, checkOptionNames } from "./flag_checks.ts";
import { enginesBarState, INTERACTIVE_OPTIONS, type InteractiveOptions, waitWithBar } from "./interactive_wait.ts";
import type { Job } from "./job.ts";
import { asList, type Jobs } from "./jobs.ts";
import { LoadBalancedView } from "./load_balanced_view.ts";
import { clientBundle, type DisplayBundle } from "./notebook_display.ts";
import { echoBlocks, echoLines, type EchoOptions } from "./output_echo.ts";
import type { OutputLine } from "./output_watch.ts";
import { Questions, type ResultStatus } from "./questions.ts";
import type { SupervisionNode } from "../protocol/supervision.ts";
import { patientQuestions } from "./until_answered.ts";
import type { QueueStatus, QueueStatusOptions } from "./queue_status.ts";
import type { HubRecord, QueryOptions, RecordQuery } from "./record_query.ts";
import { Resubmission } from "./resubmission.ts";
import type { PureTarget } from "./pure_queue.ts";
import { Session } from "./session.ts";
import { Submission } from "./submission.ts";
import { type FlagOptions, NO_FLAGS, resolveFlags } from "./task_flags.ts";
import { TaskTie } from "./task_tie.ts";
import { happensInTime, unlessAborted, WAIT_OPTIONS, type WaitOptions } from "./waiting.ts";

/** For compositions: what a client is built on. */
export interface AttachOptions {
  /** A node of the role `client` in the cluster's system, with plain arguments, named by the session. */
  readonly system: ActorSystem;
  /** Names this run of this client in the ids of its tasks. */
  readonly session: SessionId;
  /** How long to wait for the controller; default 10,000. */
  readonly timeoutMs?: number;
  /** Ends that waiting. */
  readonly signal?: AbortSignal;
  /** Where balanced tasks go in a cluster of the scheme `pure`; without it, they are refused there. */
  readonly pure?: PureTarget;
  /** The host of the engine whose tasks it is for: what they have not settled ends with that host. */
  readonly engineHost?: HostId;
  /** Where direct tasks for several hosts go at once; without it, they go to each of them. */
  readonly broadcast?: BroadcastTarget;
  /** Resolves when the connection is closed for good, with the reason. */
  readonly connectionClosed?: Promise<Error | undefined>;
}

/** What waiting for engines takes. */
export interface EngineWaitOptions extends InteractiveOptions {
  /** Show a progress bar; default false. */
  readonly interactive?: boolean;
}

const ATTACH_TIMEOUT_MS = 10_000;

/** One program's access to a cluster. Close it in the end, or hold it with `await using`. */
export class Client implements AsyncDisposable {
  readonly #session: Session;
  readonly #submission: Submission;
  readonly #context: ResultContext;
  readonly #questions: Questions;
  readonly #resubmission: Resubmission;
  readonly #orders: EngineOrders;
  readonly #releases: (() => unknown)[] = [];
  readonly #tie: TaskTie | null;
  #closing: Promise<void> | null = null;

  /** For `attach` and for tests: over a session that is started by others. `tie`: of the one task that it is for. */
  constructor(session: Session, tie: TaskTie | null = null) {
    this.#session = session;
    this.#tie = tie;
    this.#submission = new Submission(session, tie);
    this.#questions = patientQuestions(new Questions(session), session);
    this.#resubmission = new Resubmission(session);
    this.#orders = new EngineOrders(session);
    this.#context = {
      clock: session.clock,
      abort: (job) => session.tasks.aborts.job(job),
      ...(tie === null ? {} : { beginWait: tie.beginWait }),
    };
  }

  /**
   * Introduces a client to the controller of its system. Rejects with `ConnectionError` where none answers in time,
   * `VersionMismatch`, `AuthorizationError`, the signal's reason.
   */
  static async attach(options: AttachOptions): Promise<Client> {
    const { system, signal } = options;
    const self = new Outbox(system.refAt<ClientActor>(system.address, ACTOR_NAMES.client));
    const session: Session = new Session({
      id: options.session,
      node: nodeName(system.address),
      scheduler: new SchedulerRefLink(system, (stopped) => session.controllerLost(stopped)),
      // Through the actor's mailbox, behind what the host has said before: that still waits there.
      host: hostLinks(system, (host, reason) => self.push((cast) => cast.hostLost(host, reason))),
      questions: questionLinks(system),
      clock: system.clock,
      log: system.log,
      pure: options.pure ?? null,
      engineHost: options.engineHost ?? null,
      broadcast: options.broadcast ?? null,
    });
    const actor = await system.spawn(ClientActor, { name: ACTOR_NAMES.client, unique: false, args: [session] });
    const client = new Client(session);
    client.onClosed(() => system.stop(actor));
    try {
      await unlessAborted(session.start(options.timeoutMs ?? ATTACH_TIMEOUT_MS), signal);
    } catch (error) {
      session.end(asError(error));
      await client.close();
      throw error;
    }
    options.connectionClosed?.then((error) => session.end(connectionLost(error)));
    return client;
  }

  /**
   * For compositions: a face of this client for one of several tasks that share it. It knows what the task submitted
   * and waits for; its `end` aborts what is not settled of it.
   */
  forTask(
    owner: {
      readonly msgId: string;
      readonly priority: number;
      waits(waits: boolean): void;
      printed?(line: readonly unknown[]): void;
    },
  ): { readonly client: Client; end(): void } {
    const tie = new TaskTie(this.#session, owner);
    return { client: new Client(this.#session, tie), end: () => tie.end() };
  }

  /** For compositions: runs when the client is closed, awaited by `close()`, in order of registration. */
  onClosed(release: () => unknown): void {
    this.#releases.push(release);
  }

  /** The live engines, ascending. */
  get ids(): readonly number[] {
    return this.#session.roster.ids;
  }

  /**
   * Resolves when at least `n` engines are alive. Rejects with `TimeoutError`, the signal's reason, `ConnectionError`. With
   * `interactive` a progress bar says how many there are: on standard error, drawn in place on a terminal.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * await client.waitForEngines(2, { timeout: 10_000, interactive: true });
   * console.log(client.ids); // [ 0, 1 ]
   * ```
   */
  async waitForEngines(n: number, options: EngineWaitOptions = {}): Promise<void> {
    checkInteger("n", n, 0);
    checkOptionNames("wait for engines", options, [...INTERACTIVE_OPTIONS, "interactive"]);
    const { clock, roster } = this.#session;
    if (roster.ids.length >= n && options.interactive !== true) return;
    const { interactive = false, interval, output, ...wait } = options;
    const enough = (callback: () => void) => roster.onCount(n, callback);
    const bar = { ...wait, ...(interval !== undefined && { interval }), ...(output !== undefined && { output }) };
    const there = interactive
      ? await waitWithBar(enough, (elapsedMs) => enginesBarState(roster.ids.length, n, elapsedMs), bar, clock)
      : await happensInTime(enough, wait, clock);
    if (roster.ids.length >= n) return;
    if (roster.closed !== null) throw roster.closed;
    if (!there) throw tooFewEngines(roster.ids.length, n, options.timeout);
  }

  /**
   * Calls with each line that tasks of this client print, and tasks of these, as they print it; until the result is disposed. At best effort
   * while a task runs, complete when it has ended: what was missed comes then. A later attempt prints its own from the
   * start. What the callback throws is thrown in a turn of its own.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 1 });
   * await using client = await cluster.connect();
   * using _ = client.onOutput(({ engineId, text }) => console.log(engineId, text)); // 0 hello
   * await client.at(0).apply(() => console.log("hello"));
   * ```
   */
  onOutput(callback: (line: OutputLine) => void): Disposable {
    return this.#session.tasks.output.add({ line: (line) => guarded(() => callback(line)) });
  }

  /**
   * Prints what tasks of this client print, as `[stdout:2] …` for engine 2, to the same channel here; until the result is
   * disposed. `grouped`: a block for each task when it has ended.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 1 });
   * await using client = await cluster.connect();
   * using _ = client.echo(); // [stdout:0] hello
   * await client.at(0).apply(() => console.log("hello"));
   * ```
   */
  echo(options: EchoOptions = {}): Disposable {
    checkOptionNames("echo", options, ["grouped"]);
    const { grouped = false } = options;
    checkBoolean("grouped", grouped);
    return this.#session.tasks.output.add(grouped ? echoBlocks(console) : echoLines(console));
  }

  /** A view of all engines, or of `targets`, with flags of its own. */
  loadBalancedView(options: Pick<FlagOptions, "targets"> = {}): LoadBalancedView {
    const nested = this.#tie === null ? {} : { priority: this.#tie.priority };
    return new LoadBalancedView(this.#submission, this.#context, resolveFlags(NO_FLAGS, { ...nested, ...options }));
  }

  /** A view of engines by their ids; `"all"` grows with the cluster. */
  directView(): DirectView<"all">;
  /** A view of the engines of these ids. */
  directView<const T extends Targets>(targets: T): DirectView<T>;
  directView(targets: Targets = "all"): DirectView {
    return new DirectView(this.#directParts(), targets);
  }

  /** The direct view of one engine. */
  at(id: number): DirectView<number> {
    return new DirectView(this.#directParts(), id);
  }

  /**
   * The supervision tree as of now, from the cluster down: its hosts, its controller with broker, hub and scheduler under
   * the host that started it, and every engine, each with its state, process, uptime (ms), restarts, and why it ended
   * last. A host that does not answer within 2 s is `unreachable`. Rejects with `ConnectionError`, `TimeoutError`.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * const { children: [host] } = await client.tree();
   * console.log(host?.children.map(({ kind }) => kind)); // [ "controller", "engine", "engine" ]
   * ```
   */
  tree(options: AskOptions = {}): Promise<SupervisionNode> {
    return this.#questions.tree(options);
  }

  /**
   * Ends engines for good; running tasks may finish within 10 s. Resolves when they are gone. With `hub`: the hosts and
   * the controller too, all of the cluster. Rejects with `NoEnginesRegistered` for one that isn't there.
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    return this.#orders.shutdown(options);
  }

  /**
   * Sends a signal such as `"SIGINT"` to the processes of engines. Rejects with `TypeError` for what is no signal,
   * `NoEnginesRegistered`.
   */
  async signal(
    signal: Deno.Signal,
    options: AskOptions & { readonly targets?: Targets } = {},
  ): Promise<void> {
    checkOptionNames("signal engines", options, ["targets", "signal"]);
    await this.#orders.signal(signal, options.targets ?? "all", options.signal);
  }

  /** Aborts tasks: those of results, or by id, also of other clients. Finished ones are left alone. */
  abort(jobs: Jobs): void {
    const ids: TaskId[] = [];
    for (const job of asList(jobs)) {
      if (job instanceof AsyncResult) this.#session.tasks.aborts.job(AsyncResult.jobOf(job));
      else ids.push(job as TaskId);
    }
    if (ids.length > 0) this.#session.tasks.aborts.ids(ids);
  }

  /**
   * Whether all of these are settled within `timeout` ms; without `jobs`, all that is unsettled now. Ids of tasks of
   * other clients are `UnknownTask` here.
   */
  async wait(jobs?: Jobs, options: WaitOptions = {}): Promise<boolean> {
    checkOptionNames("wait", options, WAIT_OPTIONS);
    const { clock } = this.#session;
    const waitedFor = jobs === undefined ? this.#unfinished() : new Set(this.#jobsOf(asList(jobs)));
    const deadline = clock.now() + (options.timeout ?? Infinity);
    const endWait = this.#tie?.beginWait();
    try {
      for (const job of waitedFor) {
        const left = options.timeout === undefined ? {} : { timeout: Math.max(0, deadline - clock.now()) };
        if (!await happensInTime((callback) => job.onFinished(callback), { ...options, ...left }, clock)) return false;
      }
      return true;
    } finally {
      endWait?.();
    }
  }

  /**
   * Submits finished tasks again, also those of other clients, under new ids: same function, arguments and flags, with
   * what they depended on. One id or result gives one result, a list an array; of a chunk of a map the result is the list
   * of its items. Rejects with `TaskPending` (names those that are not finished), `UnknownTask` (also for direct tasks and
   * forgotten ones). An aborted `signal` aborts the new tasks.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 1 });
   * await using client = await cluster.connect();
   * const first = client.loadBalancedView().apply((x: number) => x + 1, 1);
   * await first;
   * console.log(await client.resubmit(first)); // 2
   * ```
   */
  resubmit<T>(job: AsyncResult<T, false>, options?: AskOptions): AsyncResult<T>;
  /** The same by its id. */
  resubmit(job: string, options?: AskOptions): AsyncResult<unknown>;
  /** The same of several. */
  resubmit(
    jobs: AsyncResult<unknown, true> | readonly (AsyncResult<unknown, boolean> | string)[],
    options?: AskOptions,
  ): AsyncResult<unknown[], true>;
  resubmit(jobs: Jobs, options: AskOptions = {}): AsyncResult<unknown, boolean> {
    return new AsyncResult<unknown, boolean>(this.#resubmit(jobs, checkAskOptions(options)), this.#context);
  }

  /**
   * The results of tasks by their ids, also of other clients and of earlier programs, whether they are finished, running or
   * waiting. One id or result gives one result, a list an array; of a chunk of a map the result is the list of its items.
   * Rejects with `UnknownTask` where one of them is forgotten, or not known within a second; a result stays there within `--keep`.
   * With a `signal`, its abort ends the waiting: what is not there yet rejects with its reason, and its task goes on.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 1 });
   * await using one = await cluster.connect();
   * await using other = await cluster.connect();
   * const { msgId } = one.loadBalancedView().apply((x: number) => x + 1, 1);
   * console.log(await other.getResult(msgId)); // 2
   * ```
   */
  getResult<T>(job: AsyncResult<T, false>, options?: AskOptions): AsyncResult<T>;
  /** The same by its id. */
  getResult(job: string, options?: AskOptions): AsyncResult<unknown>;
  /** The same of several. */
  getResult(
    jobs: AsyncResult<unknown, true> | readonly (AsyncResult<unknown, boolean> | string)[],
    options?: AskOptions,
  ): AsyncResult<unknown[], true>;
  getResult(jobs: Jobs, options: AskOptions = {}): AsyncResult<unknown, boolean> {
    const job = this.#session.watched.submit(jobs, checkAskOptions(options));
    return new AsyncResult<unknown, boolean>(job, this.#context);
  }

  /** What tasks are doing, in a word each. Rejects with `UnknownTask`, which names all that are not known or forgotten. */
  resultStatus(jobs: Jobs, options: AskOptions = {}): Promise<ResultStatus> {
    return this.#questions.resultStatus(jobs, options);
  }

  /** What is queued and running on engines, and what waits in the scheduler for what. */
  queueStatus(options: QueueStatusOptions = {}): Promise<QueueStatus> {
    return this.#questions.queueStatus(options);
  }

  /** Why a task is where it is, in a sentence and as data; any id has an answer. */
  explain(task: AsyncResult<unknown, boolean> | string, options: AskOptions = {}): Promise<Explanation> {
    return this.#questions.explain(task, options);
  }

  /** What happened to a task and when, for as long as its record is kept. Rejects with `UnknownTask`. */
  story(task: AsyncResult<unknown, boolean> | string, options: AskOptions = {}): Promise<readonly StoryLine[]> {
    return this.#questions.story(task, options);
  }

  /** The ids of all tasks whose records are kept, in order of submission. */
  hubHistory(options: AskOptions = {}): Promise<string[]> {
    return this.#questions.hubHistory(options);
  }

  /**
   * The records that match a query, at most `limit` of them. Rejects with `TypeError` or `RangeError` for fields,
   * operators and values that there are not.
   */
  dbQuery<Key extends keyof HubRecord = keyof HubRecord>(
    query: RecordQuery = {},
    options: QueryOptions<Key> = {},
  ): Promise<Pick<HubRecord, Key>[]> {
    return this.#questions.dbQuery(query, options) as Promise<Pick<HubRecord, Key>[]>;
  }

  /**
   * Forgets finished tasks; `"all"`: all that are finished. Rejects with `TaskPending` or `UnknownTask`, and forgets none,
   * where one of them is not finished or not known.
   */
  purgeResults(jobs: Jobs | "all", options: AskOptions = {}): Promise<void> {
    return this.#questions.purgeResults(jobs, options);
  }

  /** A fresh task id, to be given with the flag `id`. */
  newId(): string {
    return this.#session.tasks.drawnIds.draw();
  }

  /** Ends the connection. What is pending rejects with `ConnectionError`; the tasks themselves go on. Idempotent. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    return `Client { engines: ${this.ids.join(", ") || "none"} }`;
  }

  /** For notebooks: a table of its engines. */
  [Symbol.for("Jupyter.display")](): DisplayBundle {
    return clientBundle(this.ids, this.#session.tasks.unfinishedJobs().size);
  }

  #resubmit(jobs: Jobs, signal: AbortSignal | undefined): Job {
    this.#tie?.check();
    const job = this.#resubmission.submit(jobs, signal);
    this.#tie?.submitted(job);
    return job;
  }

  /** Of a task's client: what is the task's. */
  #unfinished(): ReadonlySet<Job> {
    return this.#tie?.unfinished ?? this.#session.tasks.unfinishedJobs();
  }

  #directParts(): DirectViewParts {
    return { session: this.#session, context: this.#context, orders: this.#orders, tie: this.#tie };
  }

  async #close(): Promise<void> {
    // The session is not the task's to close.
    if (this.#tie !== null) return this.#tie.end();
    await using stack = new AsyncDisposableStack();
    // A stack runs them in reverse, all of them, whatever one throws.
    for (const release of this.#releases.toReversed()) stack.defer(async () => void await release());
    await this.#session.close();
  }

  *#jobsOf(jobs: readonly (AsyncResult<unknown, boolean> | string)[]): Generator<Job> {
    for (const job of jobs) {
      if (job instanceof AsyncResult) yield AsyncResult.jobOf(job);
      else if (parseTaskId(job)?.session !== this.#session.id) throw unknownTask(job);
      else {
        const pending = this.#session.tasks.jobOf(job as TaskId);
        if (pending !== null) yield pending;
      }
    }
  }
}

/** The tasks do not fail by what a listener throws, and it is not hidden either. */
function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function tooFewEngines(there: number, wanted: number, timeout: number | undefined): TimeoutError {
  return new TimeoutError(
    `Waited ${timeout} ms for ${wanted} engines: ${there} are there; start more, or wait longer.`,
  );
}

function unknownTask(id: string): UnknownTask {
  return new UnknownTask(
    `Cannot wait for ${JSON.stringify(id)}: this client did not submit it; wait for results of its own.`,
  );
}
