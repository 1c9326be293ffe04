/**
 * What a host tells clients of tasks that it took from the queue group, a turn of the event loop in one message.
 *
 * Two things, in this order: which engine took which task, and what it gives back since it never began. Results go by
 * `result_batches.ts`. Knows no actors: where the news go is handed in. Owned by the host's actor.
 * @module
 */
import type { EngineId, EngineUuid, Session } from "../protocol/ids.ts";
import type { TakenMessage } from "../protocol/messages.ts";
import { EndOfTurn } from "../wire/end_of_turn.ts";

/** Where news go. */
export interface PureOutlet {
  taken(session: Session, taken: readonly TakenMessage[]): void;
  returned(session: Session, counters: readonly number[]): void;
}

interface Taken {
  readonly uuid: EngineUuid;
  readonly counters: number[];
}

export class PureNews {
  readonly #outlet: PureOutlet;
  #taken = new Map<Session, Map<EngineId, Taken>>();
  #returned = new Map<Session, number[]>();
  readonly #atTheEnd = new EndOfTurn(() => this.flush());

  constructor(outlet: PureOutlet) {
    this.#outlet = outlet;
  }

  /** A process of an engine took these. */
  taken(session: Session, engine: EngineId, uuid: EngineUuid, counters: readonly number[]): void {
    let engines = this.#taken.get(session);
    if (engines === undefined) this.#taken.set(session, engines = new Map());
    const known = engines.get(engine);
    if (known?.uuid === uuid) known.counters.push(...counters);
    else engines.set(engine, { uuid, counters: [...counters] });
    this.#atTheEnd.ask();
  }

  /** One of these will not begin here. */
  returned(session: Session, counter: number): void {
    const counters = this.#returned.get(session);
    if (counters === undefined) this.#returned.set(session, [counter]);
    else counters.push(counter);
    this.#atTheEnd.ask();
  }

  /** Sends what is gathered now. */
  flush(): void {
    const [taken, returned] = [this.#taken, this.#returned];
    if (taken.size > 0) this.#taken = new Map();
    if (returned.size > 0) this.#returned = new Map();
    for (const [session, engines] of taken) {
      this.#outlet.taken(session, [...engines].map(([engine, { uuid, counters }]) => [engine, uuid, counters]));
    }
    for (const [session, counters] of returned) this.#outlet.returned(session, counters);
  }
}
