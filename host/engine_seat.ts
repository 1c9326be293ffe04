/**
 * One engine across the lives of its processes: its id, its queue, its restarts, its orderly end.
 *
 *   starting → up → (draining →) ended → starting …
 *       ↘ failed (given up)            ↘ stopped (on request)
 *
 * A death while it works costs the running tasks an attempt and the others nothing. Made by `engine_fleet.ts`.
 * @module
 */
import type { ToHostMessage } from "../protocol/pipe_messages.ts";
import { TO_ENGINE, TO_HOST } from "../protocol/pipe_messages.ts";
import type { EngineId, EngineUuid, Session } from "../protocol/ids.ts";
import type { AttemptOutcome } from "../protocol/outcome.ts";
import type { EngineSupervision } from "../protocol/supervision.ts";
import { asError } from "../wire/as_error.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import { BusBridge, type ClientAccess } from "./bus_bridge.ts";
import type { EngineCommand } from "./engine_command.ts";
import type { BlobFollower } from "./blob_follower.ts";
import { EngineFeed, type FeedEvents, type FeedOptions } from "./engine_feed.ts";
import { EngineProcess, type ProcessEnd } from "./engine_process.ts";
import type { EngineRun } from "./engine_run.ts";
import type { OrphanWatch } from "./orphan_reaper.ts";
import { PingWatch } from "./ping_watch.ts";
import { decideRestart, NO_DEATHS, type RestartHistory } from "./restart_backoff.ts";
import { endWith } from "./run_end.ts";
import { RunQueue } from "./run_queue.ts";

/** `failed`: given up. `stopped`: on request. Both are final. */
export type SeatState = "starting" | "up" | "draining" | "waiting" | "failed" | "stopped";

/** An engine's process that is ready for tasks. */
export interface ReadyEngine {
  readonly id: EngineId;
  readonly uuid: EngineUuid;
  readonly pid: number;
}

export interface SeatEvents extends FeedEvents {
  ready(engine: ReadyEngine): void;
  draining(id: EngineId): void;
  /** A process that was ready has ended; what it had in hand has been told before. */
  ended(id: EngineId, uuid: EngineUuid, reason: string, requested: boolean, returns: boolean): void;
  /** A process ended before it was ready. `id` is `null` before the scheduler has named it. */
  failed(id: EngineId | null, reason: string, givenUp: boolean): void;
  /** The client of a process's tasks is gone. */
  clientEnded(session: Session): void;
}

export interface SeatOptions extends FeedOptions {
  readonly command: () => EngineCommand;
  readonly log: Log;
  readonly clock: Clock;
  /** How tasks submit tasks; absent: they can't. */
  readonly access?: ClientAccess;
  /** The module to run before tasks come, as one text; absent: none. */
  readonly initializer?: string;
  /** Bytes that each process may take of memory, all in all; absent: no limit. */
  readonly memoryBytes?: number;
  /** Sees to it that processes end with this host; absent: the system does. */
  readonly orphans?: OrphanWatch | null;
}

export class EngineSeat {
  readonly #options: SeatOptions;
  readonly #events: SeatEvents;
  readonly #queue = new RunQueue();
  #state: SeatState = "starting";
  #id: EngineId | null = null;
  #uuid: EngineUuid = newUuid();
  #process: EngineProcess | null = null;
  #feed: EngineFeed | null = null;
  #pings: PingWatch | null = null;
  #bridge: BusBridge | null = null;
  #history: RestartHistory = NO_DEATHS;
  #startedAtMs = 0;
  #processReady = false;
  #announced = false;
  #restartTimer: TimerHandle | null = null;
  /** An order to end that is being carried out: whether the engine is to come back. */
  #order: { readonly returns: boolean } | null = null;
  #gone: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Why it was given up before it had an id. */
  #failure: string | null = null;
  #starts = 0;
  #lastEnd: { readonly reason: string; readonly atMs: number } | null = null;

  constructor(options: SeatOptions, events: SeatEvents) {
    this.#options = options;
    this.#events = events;
    this.#start();
  }

  get id(): EngineId | null {
    return this.#id;
  }

  /** Of the process that is there, or was there last. */
  get uuid(): EngineUuid {
    return this.#uuid;
  }

  get state(): SeatState {
    return this.#state;
  }

  /** How it is, for whoever looks at what this host supervises. */
  get supervision(): EngineSupervision {
    const now = this.#options.clock.now();
    const lastEnd = this.#lastEnd;
    return {
      id: this.#id,
      state: this.#state,
      pid: this.#process?.pid ?? null,
      uptimeMs: this.#process === null ? null : Math.round(now - this.#startedAtMs),
      restarts: Math.max(0, this.#starts - 1),
      lastEnd: lastEnd === null ? null : { reason: lastEnd.reason, agoMs: Math.round(now - lastEnd.atMs) },
    };
  }

  /** The process that takes tasks now; `null` while there is none. */
  get ready(): ReadyEngine | null {
    if (!this.#announced || this.#id === null || this.#process === null) return null;
    return { id: this.#id, uuid: this.#uuid, pid: this.#process.pid };
  }

  /** No process takes tasks now, and one will. */
  get returns(): boolean {
    const isFinal = this.#state === "failed" || this.#state === "stopped";
    return this.ready === null && !isFinal && (this.#order === null || this.#order.returns);
  }

  /** Of this process, the id that is its for good. */
  assignId(id: EngineId): void {
    this.#id = id;
    if (this.#failure !== null) this.#events.failed(id, this.#failure, true);
    this.#announce();
  }

  /**
   * Queues a run. Without a process it waits for the next one, unless it was for that process alone. Refused by a seat
   * that is closed, it is `returned` at once.
   */
  enqueue(run: EngineRun): void {
    this.#queue.push(run);
    if (this.#state === "failed" || this.#state === "stopped" || this.#state === "draining") {
      this.#returnQueue(() => true);
    } else if (run.origin.kind === "pure" && this.#state !== "up") this.#returnQueue((queued) => queued === run);
    else this.#feed?.pump();
  }

  /** See `EngineFeed.sendAhead`; without a process, nothing. */
  sendAhead(upload: string, total: number, follow: () => BlobFollower | null): void {
    this.#feed?.sendAhead(upload, total, follow);
  }

  /** Queued: gone at once. Sent: see `EngineFeed.abort`. */
  abort(run: EngineRun): void {
    if (this.#queue.remove(run)) this.#endQueued(run, { kind: "aborted" });
    else this.#feed?.abort(run);
  }

  /** Queued: returned at once. Sent: see `EngineFeed.callBack`. Direct runs are for this very engine. */
  callBack(run: EngineRun): void {
    if (run.origin.kind !== "scheduled") return;
    if (this.#queue.remove(run)) this.#endQueued(run, { kind: "returned" });
    else this.#feed?.callBack(run);
  }

  /** Sends a signal to the process, if there is one. */
  signal(signal: Deno.Signal): void {
    this.#process?.signal(signal);
  }

  /** Every heartbeat: asks an idle process for a sign of life, ends one that does not give it. */
  tick(): void {
    this.#pings?.tick(this.#feed?.idle ?? false);
  }

  /**
   * Lets running tasks finish, at most `drainMs`, returns the others, ends the process. With `returns` a new process
   * starts. Resolves when the process has ended. An order that stands already is only hurried by a shorter `drainMs`.
   */
  async stop(drainMs: number, returns: boolean): Promise<void> {
    if (this.#state === "failed" || this.#state === "stopped") return;
    if (this.#order === null || !returns) this.#order = { returns };
    this.#cancelRestart();
    if (this.#process === null) {
      if (!returns) this.#tellGone("it was stopped between two processes");
      return this.#settleOrder();
    }
    const gone = this.#gone.promise;
    this.#returnQueue((run) => run.origin.kind !== "direct" || !returns);
    if (this.#announced && this.#state !== "draining" && this.#id !== null) this.#events.draining(this.#id);
    this.#state = "draining";
    const late = this.#options.clock.setTimer(
      () => this.#process?.kill(`it was stopped and its tasks did not end within ${drainMs} ms`),
      drainMs,
    );
    void this.#feed?.drain().then(() => this.#process?.send([TO_ENGINE.exit]));
    if (this.#feed === null) this.#process.kill("it was stopped before it was ready");
    await gone;
    this.#options.clock.clearTimer(late);
  }

  #start(): void {
    const { clock, log } = this.#options;
    this.#state = "starting";
    this.#starts++;
    this.#uuid = newUuid();
    this.#processReady = this.#announced = false;
    this.#gone = Promise.withResolvers();
    this.#startedAtMs = clock.now();
    try {
      this.#process = new EngineProcess(
        this.#options.command(),
        {
          clock,
          initializer: this.#options.initializer ?? null,
          memoryBytes: this.#options.memoryBytes ?? null,
          orphans: this.#options.orphans ?? null,
          log: (level, message) =>
            log(level, `engine ${this.#id ?? "(no id yet)"}: ${message}`, {
              engine: this.#id,
              enginePid: this.#process?.pid,
            }),
        },
        {
          ready: () => this.#onReady(),
          message: (message) => this.#onMessage(message),
          batchEnd: () => this.#feed?.pump(),
          violation: (what) => log("warn", `Ended engine ${this.#id}: ${what}`, { engine: this.#id, cause: what }),
          ended: (end) => this.#onEnded(end),
        },
      );
    } catch (error) {
      const reason = `its process can't be started: ${asError(error).message}`;
      // In a turn of its own: whoever made this seat does not know it yet.
      queueMicrotask(() => this.#onEnded({ reason, hopeless: true, wasReady: false }));
    }
  }

  #onReady(): void {
    this.#processReady = true;
    this.#announce();
  }

  /** Ready, named, and wanted: now tasks may come. */
  #announce(): void {
    const process = this.#process;
    if (!this.#processReady || this.#announced || this.#id === null || process === null || this.#order !== null) return;
    this.#announced = true;
    this.#state = "up";
    this.#feed = new EngineFeed(process, this.#queue, this.#options, this.#events);
    this.#pings = new PingWatch(
      (token) => process.send([TO_ENGINE.ping, token]),
      (why) => process.kill(why),
    );
    this.#events.ready({ id: this.#id, uuid: this.#uuid, pid: process.pid });
    this.#feed.open(this.#id);
  }

  #onMessage(message: ToHostMessage): void {
    if (message[0] === TO_HOST.pong) this.#pings?.answered(message[1]);
    else if (this.#feed === null) throw new RangeError("the engine spoke of runs before it was given any");
    else if (message[0] === TO_HOST.busPublish) this.#bridge?.publish(message[1], message[2], message[3] ?? null);
    else if (message[0] === TO_HOST.busOpen) this.#openBridge(message[1]);
    else this.#feed.handle(message);
  }

  /** The client of its tasks comes or goes. */
  #openBridge(open: boolean): void {
    const { access } = this.#options;
    const process = this.#process;
    this.#bridge?.close();
    this.#bridge = null;
    if (!open || process === null) return;
    if (access === undefined) return process.send([TO_ENGINE.busIs, "closed", "this host lets no tasks submit others"]);
    this.#bridge = new BusBridge(access, {
      send: (message) => process.send(message),
      clientEnded: (session) => this.#events.clientEnded(session),
    });
  }

  #onEnded(end: ProcessEnd): void {
    const { id } = this;
    const wasAnnounced = this.#announced;
    const lifeMs = this.#options.clock.now() - this.#startedAtMs;
    const timeWasUp = this.#feed?.timeWasUp ?? false;
    this.#bridge?.close();
    this.#bridge = null;
    this.#feed?.close(end.reason);
    this.#feed = this.#pings = this.#process = null;
    this.#announced = this.#processReady = false;
    const order = this.#order;
    this.#lastEnd = {
      reason: order === null ? end.reason : `on request (${end.reason})`,
      atMs: this.#options.clock.now(),
    };
    const decision = decideRestart(this.#history, {
      wasReady: end.wasReady,
      hopeless: end.hopeless,
      lifeMs,
      timeWasUp,
    });
    const givenUp = order === null && decision.delayMs === null;
    const returns = order === null ? !givenUp : order.returns;
    // What waited here for this process goes back; tasks that were sent to this very engine wait for the next one.
    if (order === null) this.#failPure(end.reason);
    this.#returnQueue((run) => run.origin.kind !== "direct" || !returns);
    if (wasAnnounced && id !== null) this.#events.ended(id, this.#uuid, end.reason, order !== null, returns);
    else if (order === null) this.#events.failed(id, end.reason, givenUp);
    else if (!order.returns) this.#tellGone(end.reason);
    this.#gone.resolve();
    if (order !== null) return this.#settleOrder();
    this.#history = decision.history;
    if (decision.delayMs === null) return this.#giveUp(end.reason);
    this.#restartAfter(decision.delayMs);
  }

  /** An engine that is expected will not come. */
  #tellGone(reason: string): void {
    if (this.#id !== null) this.#events.ended(this.#id, this.#uuid, reason, true, false);
  }

  #giveUp(reason: string): void {
    this.#state = "failed";
    this.#failure = reason;
    this.#returnQueue(() => true);
  }

  #restartAfter(delayMs: number): void {
    this.#state = "waiting";
    this.#restartTimer = this.#options.clock.setTimer(() => {
      this.#restartTimer = null;
      this.#start();
    }, delayMs);
  }

  #cancelRestart(): void {
    if (this.#restartTimer !== null) this.#options.clock.clearTimer(this.#restartTimer);
    this.#restartTimer = null;
  }

  #settleOrder(): void {
    const returns = this.#order?.returns ?? false;
    this.#order = null;
    this.#history = NO_DEATHS;
    if (returns) return this.#start();
    this.#state = "stopped";
    this.#returnQueue(() => true);
  }

  #returnQueue(which: (run: EngineRun) => boolean): void {
    for (const run of this.#queue.removeAll(which)) this.#endQueued(run, { kind: "returned" });
  }

  /** What the queue group gave to a process goes with it, begun or not: its scheme promises no more. */
  #failPure(reason: string): void {
    for (const run of this.#queue.removeAll(({ origin }) => origin.kind === "pure")) {
      this.#endQueued(run, { kind: "engine-died", message: reason });
    }
  }

  #endQueued(run: EngineRun, outcome: AttemptOutcome): void {
    run.state = "ended";
    this.#events.runEnded(run, endWith(outcome, this.#options.clock.now()));
  }
}

function newUuid(): EngineUuid {
  return crypto.randomUUID() as EngineUuid;
}
