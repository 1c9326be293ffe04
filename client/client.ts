/**
 * What a user holds of a cluster: views, ids, waiting, and the end.
 *
 * A façade: each method is a few lines over `Session` and the views. `cluster/` finds the cluster and calls `attach`.
 * @module
 */
import type { ActorSystem } from "../actors/actor_system.ts";
import { Outbox } from "../actors/outbox.ts";
import type { Session as SessionId, TaskId } from "../protocol/ids.ts";
import { ACTOR_NAMES } from "../protocol/roles.ts";
import { ConnectionError, NotRunning, TimeoutError, type TroupeError, UnknownTask } from "../wire/errors.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { hostLinks, SchedulerRefLink } from "./actor_links.ts";
import { AsyncResult, type ResultContext } from "./async_result.ts";
import { ClientActor } from "./client_actor.ts";
import { DirectView, type Targets } from "./direct_view.ts";
import { checkInteger } from "./flag_checks.ts";
import type { Job } from "./job.ts";
import { LoadBalancedView } from "./load_balanced_view.ts";
import type { PureTarget } from "./pure_queue.ts";
import { Session } from "./session.ts";
import { Submission } from "./submission.ts";
import { type FlagOptions, NO_FLAGS, resolveFlags } from "./task_flags.ts";
import { happensInTime, type WaitOptions } from "./waiting.ts";

/** A result, the id of a task, or several of these. */
export type Jobs = AsyncResult<unknown, boolean> | string | readonly (AsyncResult<unknown, boolean> | string)[];

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
  /** Resolves when the connection is closed for good, with the reason. */
  readonly connectionClosed?: Promise<Error | undefined>;
}

const ATTACH_TIMEOUT_MS = 10_000;

/** One program's access to a cluster. Close it in the end, or hold it with `await using`. */
export class Client implements AsyncDisposable {
  readonly #session: Session;
  readonly #submission: Submission;
  readonly #context: ResultContext;
  readonly #releases: (() => unknown)[] = [];
  #closing: Promise<void> | null = null;

  /** For `attach` and for tests: over a session that is started by others. */
  constructor(session: Session) {
    this.#session = session;
    this.#submission = new Submission(session);
    this.#context = { clock: session.clock, abort: (job) => session.abortJob(job) };
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
      scheduler: new SchedulerRefLink(system, () => session.controllerLost()),
      // Through the actor's mailbox, behind what the host has said before: that still waits there.
      host: hostLinks(system, (host, reason) => self.push((cast) => cast.hostLost(host, reason))),
      clock: system.clock,
      log: system.log,
      pure: options.pure ?? null,
    });
    const actor = await system.spawn(ClientActor, { name: ACTOR_NAMES.client, unique: false, args: [session] });
    const client = new Client(session);
    client.onClosed(() => system.stop(actor));
    try {
      await unlessAborted(session.start(options.timeoutMs ?? ATTACH_TIMEOUT_MS), signal);
    } catch (error) {
      session.end(error instanceof Error ? error : new Error(String(error)));
      await client.close();
      throw error;
    }
    options.connectionClosed?.then((error) => session.end(connectionLost(error)));
    return client;
  }

  /** For compositions: runs when the client is closed, awaited by `close()`, in order of registration. */
  onClosed(release: () => unknown): void {
    this.#releases.push(release);
  }

  /** The live engines, ascending. */
  get ids(): readonly number[] {
    return this.#session.roster.ids;
  }

  /** Resolves when at least `n` engines are alive. Rejects with `TimeoutError`, the signal's reason, `ConnectionError`. */
  async waitForEngines(n: number, options: WaitOptions = {}): Promise<void> {
    checkInteger("n", n, 0);
    const { clock, roster } = this.#session;
    const deadline = clock.now() + (options.timeout ?? Infinity);
    while (roster.ids.length < n) {
      if (roster.closed !== null) throw roster.closed;
      const left = Math.max(0, deadline - clock.now());
      const changed = await happensInTime(
        (callback) => roster.onChange(callback),
        { ...options, timeout: left },
        clock,
      );
      if (!changed) throw tooFewEngines(roster.ids.length, n, options.timeout);
    }
  }

  /** A view of all engines, or of `targets`, with flags of its own. */
  loadBalancedView(options: Pick<FlagOptions, "targets"> = {}): LoadBalancedView {
    return new LoadBalancedView(this.#submission, this.#context, resolveFlags(NO_FLAGS, options));
  }

  /** A view of engines by their ids; `"all"` grows with the cluster. */
  directView(): DirectView<"all">;
  /** A view of the engines of these ids. */
  directView<const T extends Targets>(targets: T): DirectView<T>;
  directView(targets: Targets = "all"): DirectView {
    return new DirectView(this.#submission, this.#context, targets);
  }

  /** The direct view of one engine. */
  at(id: number): DirectView<number> {
    return new DirectView(this.#submission, this.#context, id);
  }

  /** Aborts tasks: those of results, or by id, also of other clients. Finished ones are left alone. */
  abort(jobs: Jobs): void {
    const ids: TaskId[] = [];
    for (const job of asList(jobs)) {
      if (job instanceof AsyncResult) this.#session.abortJob(AsyncResult.jobOf(job));
      else ids.push(job as TaskId);
    }
    if (ids.length > 0) this.#session.abortIds(ids);
  }

  /**
   * Whether all of these are settled within `timeout` ms; without `jobs`, all that is unsettled now. Ids of tasks of
   * other clients are `UnknownTask` here.
   */
  async wait(jobs?: Jobs, options: WaitOptions = {}): Promise<boolean> {
    const { clock } = this.#session;
    const waitedFor = jobs === undefined ? this.#session.unfinishedJobs() : new Set(this.#jobsOf(asList(jobs)));
    const deadline = clock.now() + (options.timeout ?? Infinity);
    for (const job of waitedFor) {
      const left = options.timeout === undefined ? {} : { timeout: Math.max(0, deadline - clock.now()) };
      if (!await happensInTime((callback) => job.onFinished(callback), { ...options, ...left }, clock)) return false;
    }
    return true;
  }

  /** A fresh task id, to be given with the flag `id`. */
  newId(): string {
    return this.#session.newId();
  }

  /** Ends the connection. What is pending rejects with `ConnectionError`; the tasks themselves go on. Idempotent. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
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
        const pending = this.#session.find(job as TaskId);
        if (pending !== null) yield pending.job;
      }
    }
  }
}

function asList(jobs: Jobs): readonly (AsyncResult<unknown, boolean> | string)[] {
  return typeof jobs === "string" || jobs instanceof AsyncResult ? [jobs] : jobs;
}

/** What the promise comes to, or the signal's reason as soon as it is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** `client.a1b2` → `a1b2` */
function nodeName(address: string): string {
  return address.slice(address.indexOf(".") + 1);
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

function connectionLost(cause: Error | undefined): TroupeError {
  if (cause instanceof NotRunning) return cause;
  const reason = cause === undefined ? "" : ` (${cause.message})`;
  return new ConnectionError(
    `The connection to the cluster was closed${reason}.`,
    cause === undefined ? {} : { cause },
  );
}
