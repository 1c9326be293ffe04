/**
 * This host's standing with the controller: introduces it, again after each life of the controller, and knows the epoch.
 *
 * What the host says while there is no controller is left out here: a new one is told everything in the introduction.
 * Owned by the host's actor.
 * @module
 */
import type { ActorSystem } from "../actors/actor_system.ts";
import { Outbox } from "../actors/outbox.ts";
import type { Ref } from "../actors/ref.ts";
import type { EngineId, Epoch } from "../protocol/ids.ts";
import type { HostHello, HostWelcome } from "../protocol/messages.ts";
import { ACTOR_NAMES, type SchedulerApi } from "../protocol/roles.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import { AuthorizationError, ConnectionError, RemoteError, TimeoutError, VersionMismatch } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";

const JOIN_LIMIT_MS = 10_000;
const RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;

/** A host that came to join a cluster which may not be there. */
export interface ControllerSearch {
  /** For messages. */
  readonly cluster: string;
  /** ms */
  readonly limitMs: number;
}

export interface SchedulerLinkOptions {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly log: Log;
  readonly hello: () => HostHello;
  /** A controller has taken this host, and named its new engines: time to watch it. `scheme`: as it was said. */
  readonly joined: (ids: readonly EngineId[], scheme: string) => void;
  /** The controller will never take this host, or there is none within the limit. */
  readonly refused: (error: Error) => void;
  /** How long to look for a first controller; `null`: for ever. One that was there is always waited for. */
  readonly search: ControllerSearch | null;
}

export class SchedulerLink {
  readonly ref: Ref<SchedulerApi>;
  readonly #options: SchedulerLinkOptions;
  #outbox: Outbox<SchedulerApi> | null = null;
  #epoch = 0 as Epoch;
  #joining = false;
  #welcomed = false;
  #closed = false;
  #retry: TimerHandle | null = null;
  #retryMs = RETRY_MS;
  #searching: "not-begun" | "silent" | "said" | "over" = "not-begun";
  #giveUp: TimerHandle | null = null;

  constructor(options: SchedulerLinkOptions) {
    this.#options = options;
    this.ref = options.system.ref<SchedulerApi>(ACTOR_NAMES.scheduler);
  }

  /** Whether there is a controller that has taken this host. */
  get joined(): boolean {
    return this.#welcomed;
  }

  /** Whether an order of this epoch counts. A higher one than was known is the new one. */
  accepts(epoch: Epoch): boolean {
    if (epoch < this.#epoch) return false;
    this.#epoch = epoch;
    return true;
  }

  /** Says something to the controller that knows this host; without one it is left out. */
  tell(say: (cast: Ref<SchedulerApi>["cast"]) => void): void {
    this.#outbox?.push(say);
  }

  /** Introduces this host, until a controller takes it. */
  async join(): Promise<void> {
    if (this.#joining || this.#closed) return;
    this.#joining = true;
    this.#cancelRetry();
    this.#beginSearch();
    try {
      const hello = this.#options.hello();
      // From here on news go to the controller too: it gets them after the introduction.
      this.#outbox ??= new Outbox(this.ref);
      const welcome = await this.ref.call.joinHost(hello, { timeout: JOIN_LIMIT_MS });
      // A host that is closing takes no names for engines that it is about to end.
      if (!this.#closed) this.#welcome(welcome);
    } catch (error) {
      // No answer in time is no refusal: the introduction may arrive yet, and news from here on belong behind it.
      if (!(error instanceof TimeoutError)) this.#lose();
      this.#joining = false;
      this.#failed(error as Error);
    }
    this.#joining = false;
  }

  /** The controller is gone: looks for the next one. */
  lost(): void {
    if (this.#joining) return;
    this.#lose();
    this.#retryLater();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#endSearch();
    this.#lose();
  }

  #welcome([epoch, ids, , packageVersion, scheme = ""]: HostWelcome): void {
    this.#retryMs = RETRY_MS;
    this.#endSearch();
    this.accepts(epoch);
    if (packageVersion !== PACKAGE_VERSION) {
      this.#options.log("warn", `The controller is of version ${packageVersion}, this host of ${PACKAGE_VERSION}`);
    }
    this.#options.log("info", "joined the controller", { epoch });
    this.#welcomed = true;
    this.#options.joined(ids, scheme);
  }

  #failed(error: Error): void {
    if (this.#closed) return;
    if (error instanceof VersionMismatch) return this.#options.refused(error);
    // Credentials that let nobody in now won't later; of a controller that was there it may be a passing state.
    if (error instanceof AuthorizationError && this.#searching !== "over") return this.#options.refused(error);
    if (error instanceof RemoteError && error.remoteName === "VersionMismatch") {
      return this.#options.refused(error.cause instanceof VersionMismatch ? error.cause : error);
    }
    this.#sayWaiting(error);
    this.#options.log("debug", `Cannot join the controller yet: ${error.message}`);
    this.#retryLater();
  }

  #beginSearch(): void {
    const { search, clock } = this.#options;
    if (this.#searching !== "not-begun" || search === null) return;
    this.#searching = "silent";
    this.#giveUp = clock.setTimer(() => {
      this.#giveUp = null;
      this.#searching = "over";
      this.#options.refused(notFound(search));
    }, search.limitMs);
  }

  /** Once: somebody may sit and wonder. */
  #sayWaiting({ message }: Error): void {
    const { search, log } = this.#options;
    if (this.#searching !== "silent" || search === null) return;
    this.#searching = "said";
    const { cluster, limitMs } = search;
    log("warn", `no controller of the cluster "${cluster}" answers yet; looking for it`, { limitMs, reason: message });
  }

  #endSearch(): void {
    this.#searching = "over";
    if (this.#giveUp !== null) this.#options.clock.clearTimer(this.#giveUp);
    this.#giveUp = null;
  }

  #retryLater(): void {
    if (this.#closed || this.#retry !== null) return;
    this.#retry = this.#options.clock.setTimer(() => {
      this.#retry = null;
      void this.join();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  #lose(): void {
    this.#welcomed = false;
    this.#outbox?.close();
    this.#outbox = null;
  }

  #cancelRetry(): void {
    if (this.#retry !== null) this.#options.clock.clearTimer(this.#retry);
    this.#retry = null;
  }
}

function notFound({ cluster, limitMs }: ControllerSearch): ConnectionError {
  return new ConnectionError(
    `Cannot join the cluster "${cluster}": the server answers, but no controller of this name did within ` +
      `${limitMs} ms; start it there with "start --name ${cluster}", check the name, or wait longer with --wait.`,
  );
}
