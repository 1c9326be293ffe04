/**
 * The engines in the ledger's account: every process that was ever ready, and which of them are there.
 *
 * Part of `ledger.ts`; the rules read it.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { EngineId, EngineUuid, HostId } from "../../protocol/ids.ts";
import { type LedgerDispatch, LedgerEngine } from "./ledger_records.ts";

type Joined = Extract<Fact, { kind: "engine-joined" }>;

export class LedgerEngines {
  /** By uuid: the last of each. */
  readonly #all = new Map<EngineUuid, LedgerEngine>();
  /** Ended, and the host owes reports. */
  readonly #owing = new Set<LedgerEngine>();
  /** The live ones, by id. */
  readonly current: Map<EngineId, LedgerEngine> = new Map();
  readonly unreachable: Set<HostId> = new Set();
  /** Ids without a process that will have one, as far as the scheduler was told. */
  readonly #expected = new Map<EngineId, { readonly host: HostId; readonly sinceStep: number }>();

  get(uuid: EngineUuid): LedgerEngine | undefined {
    return this.#all.get(uuid);
  }

  /** The live process of this uuid. */
  live(uuid: EngineUuid | null): LedgerEngine | null {
    const engine = uuid === null ? undefined : this.#all.get(uuid);
    return engine?.alive ? engine : null;
  }

  /** Live processes that take tasks, now or once they are less busy. */
  *takers(): Generator<LedgerEngine> {
    for (const engine of this.current.values()) if (!engine.draining) yield engine;
  }

  /** A process is ready. What crossed with the end of the one before runs in this one. */
  joined({ engine: id, uuid, host, slots }: Joined, step: number): void {
    const engine = new LedgerEngine(id, uuid, host, slots, this.#all.has(uuid), step);
    this.#all.set(uuid, engine);
    this.current.set(id, engine);
    this.#expected.delete(id);
    for (const previous of this.#owing) {
      if (previous.id !== id || previous.host !== host) continue;
      for (const dispatch of [...previous.open]) this.place(dispatch, engine);
      this.#owing.delete(previous);
    }
  }

  left(id: EngineId, returns: boolean, now: number, step: number): void {
    const engine = this.current.get(id);
    if (engine === undefined) return;
    if (returns) this.expect(id, engine.host, step);
    engine.alive = false;
    engine.endedAt = now;
    this.current.delete(id);
    this.#owing.add(engine);
  }

  /** A process will come under this id. */
  expect(id: EngineId, host: HostId, sinceStep: number): void {
    this.#expected.set(id, { host, sinceStep });
  }

  /** None will. */
  giveUp(id: EngineId): void {
    this.#expected.delete(id);
  }

  /** Whether there was one before this step, or was to be one. */
  isThere(id: EngineId, step: number): boolean {
    const since = this.current.get(id)?.joinedInStep ?? this.#expected.get(id)?.sinceStep ?? step;
    return since < step;
  }

  /** A host is gone, and nothing of it comes back. */
  hostGone(host: HostId): void {
    for (const [id, one] of this.#expected) if (one.host === host) this.#expected.delete(id);
  }

  drains(id: EngineId): void {
    const engine = this.current.get(id);
    if (engine !== undefined) engine.draining = true;
  }

  /** An attempt takes a place on a process. */
  place(dispatch: LedgerDispatch, engine: LedgerEngine | null): void {
    dispatch.engine?.open.delete(dispatch);
    dispatch.engine = engine;
    engine?.open.add(dispatch);
  }

  /** A living host had its time to report what was with an engine that ended. */
  endOverdue(now: number, reportGraceMs: number): void {
    for (const engine of this.#owing) {
      if (now < engine.endedAt + reportGraceMs) continue;
      for (const dispatch of [...engine.open]) dispatch.end("overdue");
      this.#owing.delete(engine);
    }
  }
}
