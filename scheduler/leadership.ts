/**
 * The right of a controller to decide, where others stand by to take it over, and the times in which it is in doubt.
 *
 * A process may be stopped for so long that another leads by the time it wakes up: it says nothing before it knows.
 * Owned by the scheduler's shell.
 * @module
 */
import type { SchedulerEvent } from "./core/events.ts";

/** The right to decide, for as long as it lasts. */
export interface Leadership {
  /** False: another may lead by now. Nothing is decided, and nothing leaves, before that is known. */
  readonly valid: boolean;
  /** Resolves when it is valid again; never, where it is lost. */
  whenValid(): Promise<void>;
}

/** A time in which it is not known whether this controller still leads. */
export interface Doubt {
  /** What happens meanwhile. */
  readonly events: SchedulerEvent[];
  /** Resolves when it leads, and has taken that in. */
  readonly over: Promise<void>;
}

/** What doubts need of the actor that owns them. */
export interface DoubtOutlet {
  /** It is in doubt from now on. */
  began(): void;
  /** It leads: this happened meanwhile. */
  take(event: SchedulerEvent): void;
}

export class Doubts {
  readonly #leadership: Leadership | undefined;
  readonly #outlet: DoubtOutlet;
  #current: Doubt | null = null;

  /** Without `leadership` there never are any. */
  constructor(leadership: Leadership | undefined, outlet: DoubtOutlet) {
    this.#leadership = leadership;
    this.#outlet = outlet;
  }

  /** Looks now: to be called before anything is decided or said. `null`: this controller leads. */
  current(): Doubt | null {
    const leadership = this.#leadership;
    if (this.#current !== null || leadership === undefined || leadership.valid) return this.#current;
    this.#outlet.began();
    const events: SchedulerEvent[] = [];
    const over = leadership.whenValid().then(() => {
      this.#current = null;
      for (const event of events) this.#outlet.take(event);
    });
    return this.#current = { events, over };
  }
}
