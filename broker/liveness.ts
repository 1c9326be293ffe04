/**
 * The two timers of a client: it must say who it is in time, and answer pings when it says nothing else.
 *
 * Decides only when; what is sent and how a connection ends is its owner's business. One for each client connection.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";

/** Bounds, as in `BrokerLimits`. */
export interface LivenessLimits {
  /** Between two looks at the client. */
  readonly pingIntervalMs: number;
  /** Pings that may go without an answer. */
  readonly maxPingsOut: number;
  /** For CONNECT. */
  readonly authTimeoutMs: number;
}

/** What the timers ask of the connection. */
export interface LivenessEvents {
  /** It has not said who it is. */
  authenticationTimedOut(): void;
  /** Send a ping. */
  pingDue(): void;
  /** It has not answered. */
  wentStale(): void;
}

/** Watches one client. */
export class Liveness {
  readonly #clock: Clock;
  readonly #limits: LivenessLimits;
  readonly #events: LivenessEvents;
  #authTimer: TimerHandle | undefined;
  #pingTimer: TimerHandle | undefined;
  #pingsOut = 0;
  #heard = false;

  /** Sets no timer yet. */
  constructor(clock: Clock, limits: LivenessLimits, events: LivenessEvents) {
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  /** Begins; with `awaitAuthentication` until `authenticated` is called. */
  start(awaitAuthentication: boolean): void {
    if (awaitAuthentication) {
      this.#authTimer = this.#clock.setTimer(() => this.#events.authenticationTimedOut(), this.#limits.authTimeoutMs);
    }
    this.#schedulePing();
  }

  /** Something arrived. */
  heard(): void {
    this.#heard = true;
  }

  /** It has said who it is. */
  authenticated(): void {
    if (this.#authTimer !== undefined) this.#clock.clearTimer(this.#authTimer);
    this.#authTimer = undefined;
  }

  /** Ends both timers. */
  stop(): void {
    this.authenticated();
    if (this.#pingTimer !== undefined) this.#clock.clearTimer(this.#pingTimer);
    this.#pingTimer = undefined;
  }

  #schedulePing(): void {
    this.#pingTimer = this.#clock.setTimer(() => this.#check(), this.#limits.pingIntervalMs);
  }

  #check(): void {
    if (this.#heard) {
      this.#pingsOut = 0;
    } else if (this.#pingsOut >= this.#limits.maxPingsOut) {
      this.#pingTimer = undefined;
      return this.#events.wentStale();
    } else {
      this.#pingsOut++;
      this.#events.pingDue();
    }
    this.#heard = false;
    if (this.#pingTimer !== undefined) this.#schedulePing();
  }
}
