/**
 * When results leave for a client: at once, or a few at a time while the client has many more to come.
 *
 * A write wakes a process at either end, which costs more than the task it reports when that is short. So results for
 * a client that waits for many others are held for a few milliseconds, together with what joins them; whoever waits for a
 * few is never kept waiting. Order is kept. Owned by the scheduler's shell.
 * @module
 */
import type { Session } from "../protocol/ids.ts";
import type { SettledMessage } from "../protocol/messages.ts";

/** Clients that wait for fewer tasks than this get each result at once. */
const MANY_PENDING = 64;
const HOLD_MS = 4;
/** So many are not held any longer. */
const FULL_BATCH = 256;

interface SessionGate {
  /** Tasks submitted and not settled; too high after a batch that came twice, which costs a hold each. */
  pending: number;
  held: SettledMessage[];
}

/** What the gate needs of the actor that owns it. */
export interface SettleOutlet {
  send(session: Session, results: readonly SettledMessage[]): void;
  after(delayMs: number, task: () => void): unknown;
}

export class SettleGate {
  readonly #outlet: SettleOutlet;
  readonly #sessions = new Map<Session, SessionGate>();
  #flushing = false;

  constructor(outlet: SettleOutlet) {
    this.#outlet = outlet;
  }

  /** A client began anew: it submits again what it still waits for. */
  attached(session: Session): void {
    this.#sessions.set(session, { pending: 0, held: [] });
  }

  submitted(session: Session, tasks: number): void {
    const gate = this.#sessions.get(session);
    if (gate !== undefined) gate.pending += tasks;
  }

  forget(session: Session): void {
    this.#sessions.delete(session);
  }

  /** Results in the order in which they are to arrive. */
  push(session: Session, results: readonly SettledMessage[]): void {
    const gate = this.#sessions.get(session);
    if (gate === undefined) return this.#outlet.send(session, results);
    gate.pending = Math.max(0, gate.pending - results.length);
    if (gate.held.length === 0 && (gate.pending < MANY_PENDING || results.length >= FULL_BATCH)) {
      return this.#outlet.send(session, results);
    }
    for (const result of results) gate.held.push(result);
    if (gate.pending < MANY_PENDING || gate.held.length >= FULL_BATCH) this.#flush(session, gate);
    else this.#flushLater();
  }

  #flush(session: Session, gate: SessionGate): void {
    if (gate.held.length === 0) return;
    const results = gate.held;
    gate.held = [];
    this.#outlet.send(session, results);
  }

  #flushLater(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#outlet.after(HOLD_MS, () => {
      this.#flushing = false;
      for (const [session, gate] of this.#sessions) this.#flush(session, gate);
    });
  }
}
