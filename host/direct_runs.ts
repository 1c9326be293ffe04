/**
 * The direct tasks that this host has in hand, by client and number.
 *
 * Owned by the host's actor.
 * @module
 */
import type { Session } from "../protocol/ids.ts";
import type { EngineRun } from "./engine_run.ts";

export class DirectRuns {
  readonly #bySession = new Map<Session, Map<number, EngineRun>>();

  /** `false` where it is here already: the same task came twice. */
  add(session: Session, counter: number, run: EngineRun): boolean {
    let runs = this.#bySession.get(session);
    if (runs === undefined) this.#bySession.set(session, runs = new Map());
    if (runs.has(counter)) return false;
    runs.set(counter, run);
    return true;
  }

  get(session: Session, counter: number): EngineRun | null {
    return this.#bySession.get(session)?.get(counter) ?? null;
  }

  remove(session: Session, counter: number): void {
    const runs = this.#bySession.get(session);
    runs?.delete(counter);
    if (runs?.size === 0) this.#bySession.delete(session);
  }

  /** Takes out all of a client. */
  removeAll(session: Session): readonly EngineRun[] {
    const runs = this.#bySession.get(session);
    this.#bySession.delete(session);
    return [...(runs?.values() ?? [])];
  }
}
