/**
 * Gathers the results of a turn of the event loop, so that many leave as one cast.
 *
 * Knows no actors: where batches go is handed in. Owned by the host's actor.
 * @module
 */
import type { DispatchNumber, EngineUuid, Epoch, Session } from "../protocol/ids.ts";
import type { EndedMessage, SettledMessage } from "../protocol/messages.ts";
import { endedToMessage, settledToMessage } from "../wire/messages.ts";
import { EndOfTurn } from "../wire/end_of_turn.ts";
import { directOutcome } from "./direct_outcome.ts";
import type { EngineRun } from "./engine_run.ts";
import { reportOf } from "./held_runs.ts";
import type { RunEnd } from "./run_end.ts";

/** Where results go. */
export interface ResultOutlet {
  ended(epoch: Epoch, results: readonly EndedMessage[]): void;
  directSettled(session: Session, results: readonly SettledMessage[]): void;
}

export class ResultBatches {
  readonly #outlet: ResultOutlet;
  readonly #now: () => number;
  #ended = new Map<Epoch, EndedMessage[]>();
  #settled = new Map<Session, SettledMessage[]>();
  readonly #atTheEnd = new EndOfTurn(() => this.flush());

  constructor(outlet: ResultOutlet, now: () => number) {
    this.#outlet = outlet;
    this.#now = now;
  }

  /** The result of a scheduled run. */
  addEnded(epoch: Epoch, number: DispatchNumber, end: RunEnd): void {
    listIn(this.#ended, epoch).push(endedToMessage(number, end.outcome, reportOf(end, this.#now())));
    this.#atTheEnd.ask();
  }

  /** The result of a direct run. */
  addDirect(session: Session, counter: number, run: EngineRun, uuid: EngineUuid | null, end: RunEnd): void {
    const outcome = directOutcome(run, end.outcome);
    const report = reportOf(end, this.#now());
    listIn(this.#settled, session).push(settledToMessage(counter, outcome, run.engine, uuid, run.attempt, report));
    this.#atTheEnd.ask();
  }

  /** Sends what is gathered now: what is said next rests on it. */
  flush(): void {
    const ended = this.#ended;
    const settled = this.#settled;
    if (ended.size > 0) this.#ended = new Map();
    if (settled.size > 0) this.#settled = new Map();
    for (const [epoch, results] of ended) this.#outlet.ended(epoch, results);
    for (const [session, results] of settled) this.#outlet.directSettled(session, results);
  }
}

function listIn<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, list = []);
  return list;
}
