/** Each scheme against the exact probabilities that its definition gives, with fixed seeds. @module */
import assert from "node:assert/strict";
import type { EngineId } from "../../../protocol/ids.ts";
import type { Dispatch, Effect } from "../../../scheduler/core/effects.ts";
import type { EngineRecord } from "../../../scheduler/core/engine_record.ts";
import type { SeededRandom } from "../../../scheduler/core/random.ts";
import { SCHEMES } from "../../../scheduler/core/scheme.ts";
import type { CustomScheme, SchedulerOptions } from "../../../scheduler/core/scheduler_core.ts";
import { spec, Stage } from "./given.ts";

/** Probabilities by place in the order of least recent use; the loads are in this order. */
type Expectation = (loads: readonly number[]) => readonly number[];

/** Of two independent draws, each by `shares`, the one that `winner` names by its places. */
function ofTwo(shares: readonly number[], winner: (first: number, second: number) => number): readonly number[] {
  const result = shares.map(() => 0);
  shares.forEach((one, first) =>
    shares.forEach((other, second) => {
      const place = winner(first, second);
      result[place] = (result[place] ?? 0) + one * other;
    })
  );
  return result;
}

function certain(loads: readonly number[], place: number): readonly number[] {
  return loads.map((_, index) => index === place ? 1 : 0);
}

function uniform(loads: readonly number[]): readonly number[] {
  return loads.map(() => 1 / loads.length);
}

function weights(loads: readonly number[]): readonly number[] {
  const all = loads.map((load) => 1 / (load + 1e-6));
  const sum = all.reduce((a, b) => a + b, 0);
  return all.map((weight) => weight / sum);
}

/** Somebody's own: the place of the draw, but the most loaded one every other time. */
const OWN: CustomScheme = (loads, random) => {
  if (random() < 0.5) return loads.indexOf(Math.max(...loads));
  return Math.floor(random() * loads.length);
};

const EXPECTED: Readonly<Record<SchedulerOptions["scheme"], Expectation>> = {
  leastload: (loads) => certain(loads, loads.indexOf(Math.min(...loads))),
  lru: (loads) => certain(loads, 0),
  plainrandom: uniform,
  twobin: (loads) => ofTwo(uniform(loads), Math.min),
  weighted: (loads) =>
    ofTwo(weights(loads), (first, second) => (loads[second] ?? 0) < (loads[first] ?? 0) ? second : first),
  custom: (loads) => {
    const most = certain(loads, loads.indexOf(Math.max(...loads)));
    return uniform(loads).map((share, place) => share / 2 + (most[place] ?? 0) / 2);
  },
};

/** What the six engines have before each draw: with a mark some are full. */
const LOADS: readonly (readonly [hwm: number, loads: readonly number[]])[] = [
  [1, [0, 1, 0, 0, 1, 0]],
  [3, [1, 0, 2, 3, 1, 2]],
  [0, [4, 1, 2, 9, 1, 3]],
];
const DRAWS = 4_000;
/** Five sigma: by chance in one place of three million. */
const SIGMAS = 5;

const targets = (...ids: number[]) => ({ targets: ids as EngineId[] });

function dispatchOf(effects: readonly Effect[]): Dispatch {
  const found = effects.find((effect) => effect.kind === "dispatch");
  assert.ok(found?.kind === "dispatch", "nothing was dispatched");
  return found;
}

function leastRecentFirst(a: EngineRecord, b: EngineRecord): number {
  return a.usedAt - b.usedAt || a.serial - b.serial;
}

/** Draws again and again with the same loads, and counts by place. */
class Draws {
  readonly #stage: Stage;
  readonly #limit: number;
  readonly #allowed: readonly number[] | null;
  #tasks = 0;
  readonly counted: number[] = [];
  readonly expected: number[] = [];
  readonly variance: number[] = [];

  constructor(scheme: SchedulerOptions["scheme"], hwm: number, loads: readonly number[], allowed: number[] | null) {
    const retention = { maxRecords: 10, maxAgeMs: 1e9, maxBytes: 1e9 };
    this.#stage = new Stage({ scheme, hwm, seed: 17, retention, facts: false }, OWN);
    this.#limit = hwm === 0 ? Infinity : hwm;
    this.#allowed = allowed;
    this.#stage.joinEngines(loads.length);
    loads.forEach((load, id) => {
      for (let i = 0; i < load; i++) this.#stage.submit(spec(`s-${this.#tasks++}`, targets(id)));
    });
  }

  draw(expectation: Expectation): void {
    const { registry } = this.#stage.state;
    const free = [...registry.alive()]
      .filter(({ id, load }) => load < this.#limit && (this.#allowed?.includes(id) ?? true)).sort(leastRecentFirst);
    const loads = free.map(({ load }) => load);
    const { core } = this.#stage;
    const flags = this.#allowed === null ? {} : targets(...this.#allowed);
    const specs = [spec(`s-${this.#tasks++}`, flags)];
    const { engine, number } = dispatchOf(
      core.step({ kind: "tasks-submitted", at: 0, session: "s" as never, specs, agesMs: null, more: false, known: [] }),
    );
    expectation(loads).forEach((share, place) => {
      this.expected[place] = (this.expected[place] ?? 0) + share;
      this.variance[place] = (this.variance[place] ?? 0) + share * (1 - share);
      this.counted[place] = (this.counted[place] ?? 0) + (free[place]?.id === engine ? 1 : 0);
    });
    const results = [{ number, outcome: { kind: "done", value: new Uint8Array() } as const, report: null }];
    core.step({ kind: "attempts-ended", at: 0, host: "h" as never, epoch: 1 as never, results });
  }
}

for (const [scheme, expectation] of Object.entries(EXPECTED)) {
  for (const [hwm, loads] of LOADS) {
    for (const allowed of [null, [0, 2, 3, 5]]) {
      const where = allowed === null ? "anywhere" : `on ${allowed}`;
      Deno.test(`${scheme} picks as its definition says: hwm ${hwm}, ${where}`, () => {
        const draws = new Draws(scheme as SchedulerOptions["scheme"], hwm, loads, allowed);
        for (let i = 0; i < DRAWS; i++) draws.draw(expectation);
        draws.expected.forEach((expected, place) => {
          const off = Math.abs((draws.counted[place] ?? 0) - expected);
          const sigma = Math.sqrt(draws.variance[place] ?? 0);
          const text = `place ${place}: ${draws.counted[place]} of ${DRAWS}, expected ${expected}`;
          // Where the definition leaves no choice, nothing may be off but sums of parts.
          assert.ok(off <= SIGMAS * sigma + 1e-6, text);
        });
        assert.equal(draws.counted.reduce((a, b) => a + b, 0), DRAWS, "an engine that is not eligible was picked");
      });
    }
  }
}

Deno.test("of two draws with equal loads weighted takes the first", () => {
  const stage = new Stage({ hwm: 0 });
  stage.joinEngines(2);
  const members = [...stage.state.registry.alive()];
  const shares = [0.9, 0.1];
  const random = { next: () => shares.shift() ?? 0 } as SeededRandom;
  const free = {
    members,
    first: null,
    firstWhere: () => null,
    at: (share: number) => members[share < 0.5 ? 0 : 1] ?? null,
  };
  assert.equal(SCHEMES.weighted.pick(free, random)?.id, 1);
});
