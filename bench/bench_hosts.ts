/**
 * Hosts for a core that is measured alone: engines that are ready, and an answer to every dispatch.
 *
 * Used by the benchmarks of the core.
 * @module
 */
import type { ContentHash, EngineId, EngineUuid, Epoch, HostId, Incarnation, Session } from "../protocol/ids.ts";
import { DEFAULT_FLAGS, type TaskSpec } from "../protocol/task_spec.ts";
import type { Effect } from "../scheduler/core/effects.ts";
import type { EndedAttempt } from "../scheduler/core/events.ts";
import type { SchedulerCore } from "../scheduler/core/scheduler_core.ts";

export const BENCH_SESSION = "benchbench" as Session;
export const VALUE = new Uint8Array(16);
export const TEMPLATE = { code: "0" as ContentHash, name: "noop", flags: DEFAULT_FLAGS, captures: null };

const EPOCH = 1 as Epoch;
const ENGINES_PER_HOST = 16;

/** Submits tasks of the one client there is, as one batch. */
export function submitBatch(core: SchedulerCore, specs: readonly TaskSpec[], at: number): readonly Effect[] {
  const batch = { session: BENCH_SESSION, specs, agesMs: null, more: false, known: [] };
  return core.step({ kind: "tasks-submitted", at, ...batch });
}

/** The hosts of one core. */
export class BenchHosts {
  readonly #core: SchedulerCore;
  #running = new Map<HostId, EndedAttempt[]>();

  /** They join at once, with so many engines in all. */
  constructor(core: SchedulerCore, engines: number) {
    this.#core = core;
    for (let first = 0; first < engines; first += ENGINES_PER_HOST) {
      this.#join(first, Math.min(ENGINES_PER_HOST, engines - first));
    }
  }

  /** Takes in what the core has dispatched. */
  collect(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "dispatch") continue;
      const report = { runMs: 0.123, ageMs: 0.5, stdout: "", stderr: "" };
      const ended: EndedAttempt = { number: effect.number, outcome: { kind: "done", value: VALUE }, report };
      const ofHost = this.#running.get(effect.host);
      if (ofHost === undefined) this.#running.set(effect.host, [ended]);
      else ofHost.push(ended);
    }
  }

  /** Every host reports what it has in hand, once; how many that were. */
  answer(at: number): number {
    const now = this.#running;
    this.#running = new Map();
    let ended = 0;
    for (const [host, results] of now) {
      ended += results.length;
      this.collect(this.#core.step({ kind: "attempts-ended", at, host, epoch: EPOCH, results }));
    }
    return ended;
  }

  /** The same until nothing is in hand. */
  answerAll(from: number): void {
    for (let at = from; this.#running.size > 0; at++) this.answer(at);
  }

  #join(first: number, count: number): void {
    const host = `host${first}` as HostId;
    const engines = Array.from({ length: count }, (_, i) => (
      { id: first + i as EngineId, uuid: `u${first + i}` as EngineUuid, host, pid: 1, slots: 1 }
    ));
    const hello = { host, incarnation: "one" as Incarnation, hostname: "bench", pid: 1, packageVersion: "0" };
    this.collect(
      this.#core.step({ kind: "host-joined", at: 0, ...hello, newEngines: 0, engines, returning: [], held: [] }),
    );
  }
}
