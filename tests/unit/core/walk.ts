/**
 * A random walk: a small world of hosts, engines and clients that acts by a seed and answers what the core orders.
 *
 * For the tests of this folder only. The core never sees the world, only events; the world may lie as far as the links
 * allow: duplicates, stale results, deaths in any order.
 * @module
 */
import type { ContentHash, EngineId, HostId, Incarnation, TaskId } from "../../../protocol/ids.ts";
import type { AttemptOutcome } from "../../../protocol/outcome.ts";
import type { BlobRef, TaskFlags, TaskInput, TaskSpec } from "../../../protocol/task_spec.ts";
import type { Dispatch, Effect } from "../../../scheduler/core/effects.ts";
import type { SchedulerEvent } from "../../../scheduler/core/events.ts";
import { SeededRandom } from "../../../scheduler/core/random.ts";
import type { CustomScheme, SchedulerOptions } from "../../../scheduler/core/scheduler_core.ts";
import {
  ABORTED,
  DECLINED,
  DIED,
  DONE,
  engine,
  held,
  RETURNED,
  spec,
  Stage,
  THREW,
  TIMED_OUT,
  VALUE,
} from "./given.ts";

/** The code of a function that is quick; the other one's is that of `spec`. */
const QUICK = "1".repeat(64) as ContentHash;

interface WorldEngine {
  readonly id: number;
  life: number;
  up: boolean;
}

interface WorldHost {
  readonly id: string;
  life: number;
  readonly engines: Map<number, WorldEngine>;
  /** Dispatched and not answered. */
  readonly inHand: Dispatch[];
}

/** Options that a seed draws: every scheme, every mark, first and later lives. */
export function drawOptions(seed: number): Partial<SchedulerOptions> {
  const random = new SeededRandom(seed);
  const pick = <Item>(...items: readonly Item[]): Item => items[random.below(items.length)] as Item;
  return {
    seed,
    scheme: pick("leastload", "leastload", "lru", "plainrandom", "twobin", "weighted", "custom"),
    hwm: pick<number | "auto">(0, 1, 1, 2, 5, "auto", "auto", "auto"),
    epoch: pick(1, 2) as never,
    graceMs: pick(0, 0, 50),
    retention: { maxRecords: pick(3, 1_000), maxAgeMs: pick(100, 1e6), maxBytes: pick(2_000, 1e6) },
    adoptableMs: 200,
    reportGraceMs: 60,
  };
}

/** A scheme that now and then throws or answers nonsense, by what it sees alone: the same for the same events. */
export const WALK_SCHEME: CustomScheme = (loads, random) => {
  if (loads.length > 4 && loads.every((load) => load === 0)) throw new Error("too much choice");
  return Math.floor(random() * loads.length * 1.001);
};

export class Walk {
  readonly stage: Stage;
  readonly #random: SeededRandom;
  readonly #hosts: Map<string, WorldHost> = new Map();
  readonly #counters: Map<string, number> = new Map();
  readonly #answered: Dispatch[] = [];
  #nextHost = 0;
  #request = 0;

  constructor(seed: number) {
    this.stage = new Stage(drawOptions(seed), WALK_SCHEME);
    this.#random = new SeededRandom(seed ^ 0x5bd1e995);
  }

  get events(): readonly SchedulerEvent[] {
    return this.stage.events;
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) {
      this.stage.after(this.#random.below(12));
      this.#act();
      this.#obey(this.stage.effects);
    }
  }

  /** From here on nothing bad happens: hosts answer, engines live, time passes. Afterwards all must be settled. */
  settleDown(): void {
    this.#addHost(0);
    this.#obey(this.stage.effects);
    for (const host of this.#hosts.values()) {
      this.stage.step({ kind: "host-reachable", at: this.stage.now, host: host.id as never });
      this.#obey(this.stage.effects);
    }
    for (const session of ["a", "b", "c"]) {
      const nothing = { session: session as never, specs: [], agesMs: null, more: false, known: [] };
      this.stage.step({ kind: "tasks-submitted", at: this.stage.now, ...nothing });
      this.#obey(this.stage.effects);
      this.stage.pace(false, session);
      this.#obey(this.stage.effects);
    }
    for (const host of this.#hosts.values()) {
      for (const one of host.engines.values()) if (one.up && this.#isDraining(one.id)) this.#kill(host, one);
    }
    for (let round = 0; round < 2_000 && this.#isBusy(); round++) {
      for (const host of this.#hosts.values()) this.#answerAll(host);
      for (const host of this.#hosts.values()) this.#reviveAll(host);
      this.stage.after(40).wake();
      this.#obey(this.stage.effects);
    }
  }

  #isDraining(id: number): boolean {
    return this.stage.state.registry.current(id as EngineId)?.draining ?? false;
  }

  #isBusy(): boolean {
    const { waiting, ready, assigned } = this.stage.core.counts();
    return waiting + ready + assigned > 0;
  }

  #answerAll(host: WorldHost): void {
    for (const dispatch of [...host.inHand]) {
      if (!host.inHand.includes(dispatch)) continue;
      this.#answer(host, dispatch, DONE);
      this.#obey(this.stage.effects);
    }
  }

  #reviveAll(host: WorldHost): void {
    for (const one of host.engines.values()) {
      if (one.up) continue;
      this.#bringUp(host, one);
      this.#obey(this.stage.effects);
    }
  }

  #act(): void {
    const roll = this.#random.below(100);
    if (roll < 22) return this.#submit();
    if (roll < 60) return this.#answerOne();
    if (roll < 66) return this.#addHost(this.#random.below(3));
    if (roll < 72) return this.#engineNews();
    if (roll < 74) return this.#loseHost();
    if (roll < 77) return this.#rejoin();
    if (roll < 81) return this.#abort();
    if (roll < 84) return this.#clientNews();
    if (roll < 86) return this.#reach();
    if (roll < 88) return this.#answerStale();
    if (roll < 89) return this.#purge();
    if (roll < 91) return this.#moreEngines();
    if (roll < 95) return this.#slotNews();
    if (roll < 96) return this.#endClient();
    if (roll < 98) return void this.stage.pace(this.#random.below(2) === 0, this.#pick(["a", "b", "c"]));
    this.stage.wake();
  }

  #submit(): void {
    const session = this.#pick(["a", "b", "c"]);
    const first = this.#counters.get(session) ?? 0;
    const count = 1 + this.#random.below(6);
    this.#counters.set(session, first + count);
    const specs = Array.from({ length: count }, (_, i) => (
      this.#withInputs(
        this.#spec(`${session}-${first + i}`, this.#dependencies(session, first, first + count)),
        () => this.#someId(session, first, first + count),
      )
    ));
    if (first > 0 && this.#random.below(4) === 0) specs.push(spec(`${session}-${this.#random.below(first)}`));
    const ages = this.#random.below(3) > 0 ? null : specs.map(() => this.#random.below(30));
    this.stage.submitPart(this.#random.below(4) === 0, ages, ...specs);
  }

  /** Of anything that was, is being, or may yet be submitted, and of what never is. */
  #dependencies(session: string, first: number, end: number): Partial<TaskFlags> {
    const flags: { -readonly [Flag in keyof TaskFlags]?: TaskFlags[Flag] } = {};
    for (const flag of ["after", "follow"] as const) {
      if (this.#random.below(4) > 0) continue;
      const ids = Array.from({ length: this.#random.below(4) }, () => this.#someId(session, first, end));
      const [all, success] = [this.#random.below(3) > 0, this.#random.below(4) > 0];
      flags[flag] = { ids: ids as TaskId[], all, success, failure: !success || this.#random.below(4) === 0 };
    }
    return flags;
  }

  #someId(session: string, first: number, end: number): string {
    const roll = this.#random.below(20);
    if (roll === 0) return `${this.#pick(["a", "b", "c"])}-${this.#random.below(end + 9)}`;
    if (roll < 4) return `${session}-${first + this.#random.below(end - first + 2)}`;
    const other = this.#pick(["a", "b", "c"]);
    const known = other === session ? first : this.#counters.get(other) ?? 0;
    return `${other}-${Math.max(0, known - 1 - this.#random.below(8))}`;
  }

  /** Results of tasks of all kinds, and values that lie on a host that was, or inline. */
  #withInputs(plain: TaskSpec, someId: () => string): TaskSpec {
    if (this.#random.below(4) > 0) return plain;
    const inputs = Array.from({ length: 1 + this.#random.below(3) }, (): TaskInput => {
      const roll = this.#random.below(10);
      return roll === 0 ? VALUE : roll === 1 ? this.#blob() : someId() as TaskId;
    });
    return { ...plain, inputs };
  }

  #blob(): BlobRef {
    const home = this.#pick([...this.#hosts.keys()]) ?? "h0";
    return { hash: "0".repeat(64) as ContentHash, size: 70_000 + this.#random.below(9), home: home as HostId };
  }

  #spec(id: string, dependencies: Partial<TaskFlags>): TaskSpec {
    const plain = spec(id, { ...this.#flags(), ...dependencies });
    if (this.#random.below(3) > 0) return plain;
    return { ...plain, template: { ...plain.template, code: QUICK } };
  }

  #flags(): Partial<TaskFlags> {
    const flags: { -readonly [Flag in keyof TaskFlags]?: TaskFlags[Flag] } = {};
    if (this.#random.below(3) === 0) flags.retries = this.#random.below(4);
    if (this.#random.below(4) === 0) flags.priority = this.#random.below(3) - 1;
    if (this.#random.below(5) === 0) flags.timeoutMs = 1 + this.#random.below(100);
    if (this.#random.below(5) === 0) {
      flags.targets = [this.#random.below(6), this.#random.below(6)] as unknown as EngineId[];
    }
    if (this.#random.below(8) === 0) flags.backoff = { initialMs: 20, factor: 2, maxMs: 60, jitter: 0.5 };
    return flags;
  }

  #answerOne(): void {
    const host = this.#someHost();
    const dispatch = host === null ? undefined : host.inHand[this.#random.below(host.inHand.length)];
    if (host === null || dispatch === undefined) return void this.stage.wake();
    this.#answer(host, dispatch, this.#pick([DONE, DONE, DONE, DONE, THREW, THREW, DECLINED, RETURNED, TIMED_OUT]));
  }

  #answer(host: WorldHost, dispatch: Dispatch, outcome: AttemptOutcome): void {
    host.inHand.splice(host.inHand.indexOf(dispatch), 1);
    this.#answered.push(dispatch);
    const isBig = outcome.kind === "done" && this.#random.below(3) === 0;
    const value = { hash: "0".repeat(64) as ContentHash, size: 70_000, home: host.id as HostId };
    const told = isBig ? { kind: "done", value } as const : outcome;
    this.stage.endDispatch(dispatch, told, this.#epochOf(dispatch), this.#runMs(dispatch));
  }

  /** One function is quick, the other mostly so: what is expected of it changes all the while. */
  #runMs({ spec }: Dispatch): number {
    if (spec.template.code === QUICK) return this.#random.below(5) / 10;
    return this.#random.below(6) === 0 ? 30 : 0.5;
  }

  #answerStale(): void {
    const stale = this.#answered[this.#random.below(this.#answered.length)];
    if (stale === undefined) this.stage.wake();
    else this.stage.endDispatch(stale, this.#pick([DONE, THREW]), this.#epochOf(stale));
  }

  #addHost(newEngines: number): void {
    const host: WorldHost = { id: `h${this.#nextHost++}`, life: 1, engines: new Map(), inHand: [] };
    this.#hosts.set(host.id, host);
    this.#join(host, newEngines + 1, []);
  }

  #join(host: WorldHost, newEngines: number, engines: readonly WorldEngine[]): void {
    const heldThings = this.stage.state.options.epoch === 1 ? [] : this.#heldBy(host, engines);
    this.stage.join(engines.map(({ id, life }) => engine(id, host.id, life)), {
      host: host.id as never,
      incarnation: `i${host.life}` as Incarnation,
      newEngines,
      held: heldThings,
    });
  }

  /** What it says it holds from an earlier life; of some of it the client will hear nothing. */
  #heldBy(host: WorldHost, engines: readonly WorldEngine[]) {
    return engines.flatMap(({ id }) => {
      if (this.#random.below(2) === 0) return [];
      const task = `${this.#pick(["a", "b"])}-${this.#random.below(60)}`;
      const number = 1_000_000 + this.#random.below(1_000_000);
      const state = this.#pick(["running", "ended"] as const);
      const spoken = spec(task);
      if (state === "running") {
        const dispatch = { kind: "dispatch", host: host.id, engine: id, number, attempt: 1, spec: spoken };
        host.inHand.push(Object.assign(dispatch, { epoch: 1 }) as unknown as Dispatch);
      }
      return [held(task, number, id, state, this.#pick([DONE, THREW]))];
    });
  }

  #moreEngines(): void {
    const host = this.#someHost();
    this.stage.step({
      kind: "engines-requested",
      at: this.stage.now,
      host: (host?.id ?? "nobody") as never,
      count: 1,
      request: this.#request++,
    });
  }

  #engineNews(): void {
    const host = this.#someHost();
    const one = host === null ? undefined : this.#pick([...host.engines.values()]);
    if (host === null || one === undefined) return void this.stage.wake();
    if (!one.up) return this.#bringUp(host, one);
    if (this.#random.below(3) === 0) return void this.stage.drain(one.id);
    this.#kill(host, one);
  }

  #bringUp(host: WorldHost, one: WorldEngine): void {
    one.up = true;
    one.life++;
    this.stage.engineReady(engine(one.id, host.id, one.life));
  }

  #kill(host: WorldHost, one: WorldEngine): void {
    one.up = false;
    const lost = host.inHand.filter((dispatch) => Number(dispatch.engine) === one.id);
    const returns = this.#random.below(5) > 0;
    const isReported = this.#random.below(4) > 0;
    const reportsFirst = this.#random.below(2) === 0;
    const report = () => {
      lost.forEach((dispatch, i) => {
        if (!isReported || !host.inHand.includes(dispatch)) return;
        this.#answer(host, dispatch, i === 0 ? DIED : RETURNED);
        this.#obey(this.stage.effects);
      });
    };
    if (reportsFirst) report();
    this.stage.engineEnded(engine(one.id, host.id, one.life), returns);
    if (!returns) host.engines.delete(one.id);
    this.#obey(this.stage.effects);
    if (!reportsFirst) report();
    this.stage.wake();
  }

  #loseHost(): void {
    const host = this.#someHost();
    if (host === null) return void this.stage.wake();
    this.#hosts.delete(host.id);
    this.#answered.push(...host.inHand);
    this.stage.loseHost(host.id);
  }

  /** The host was thought lost, or is thought to live, and comes back as another life with its engines. */
  #rejoin(): void {
    const host = this.#someHost();
    if (host === null) return void this.stage.wake();
    host.life++;
    this.#answered.push(...host.inHand);
    host.inHand.length = 0;
    if (this.#random.below(2) === 0) {
      this.stage.loseHost(host.id);
      this.#obey(this.stage.effects);
    }
    const engines = [...host.engines.values()];
    for (const one of engines) {
      one.life++;
      one.up = true;
    }
    this.#join(host, 0, engines);
  }

  #abort(): void {
    const session = this.#pick(["a", "b", "c"]);
    const known = this.#counters.get(session) ?? 0;
    const ids = Array.from({ length: this.#random.below(4) }, () => `${session}-${this.#random.below(known + 2)}`);
    this.stage.abort(...ids);
  }

  #clientNews(): void {
    const session = this.#pick(["a", "b", "c"]);
    if (this.#random.below(2) === 0) this.stage.leave(session);
    else if (this.#random.below(4) > 0) this.stage.attach(session, this.#random.below(10));
    else this.stage.attach(session, 0, this.#someHost()?.id ?? null);
  }

  /** Attempts wait for others, or go on; now and then of such it is said that have ended. */
  #slotNews(): void {
    const host = this.#someHost();
    const known = this.#random.below(5) === 0 ? this.#answered : host?.inHand ?? [];
    const dispatches = Array.from({ length: 1 + this.#random.below(3) }, () => this.#pick(known)).filter((one) => one);
    const [first] = dispatches;
    if (host === null || first === undefined) return void this.stage.wake();
    const numbers = dispatches.map(({ number }) => number);
    const isLent = this.#random.below(3) > 0;
    this.stage.step({
      kind: "slots-changed",
      at: this.stage.now,
      host: host.id as never,
      epoch: this.#epochOf(first) as never,
      lent: isLent ? numbers : [],
      retaken: isLent ? [] : numbers,
    });
  }

  /** The engine that the client lived in is gone. */
  #endClient(): void {
    this.stage.step({ kind: "client-ended", at: this.stage.now, session: this.#pick(["a", "b", "c"]) as never });
  }

  #reach(): void {
    const kind = this.#pick(["host-unreachable", "host-reachable"] as const);
    this.stage.step({ kind, at: this.stage.now, host: (this.#someHost()?.id ?? "nobody") as never });
  }

  #purge(): void {
    const ids = this.#random.below(3) === 0 ? null : ["a-0", "b-1", "c-2"] as TaskId[];
    this.stage.step({ kind: "purge-requested", at: this.stage.now, ids });
  }

  /** Does what the core orders, as a host would. Answers to aborts come at once or never. */
  #obey(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "dispatch") this.#hosts.get(effect.host)?.inHand.push(effect);
      if (effect.kind === "host-welcomed" || effect.kind === "engines-named") this.#named(effect.host, effect.ids);
      if (effect.kind === "abort-attempts") this.#aborted(effect.host, effect.numbers);
      if (effect.kind === "call-back") this.#calledBack(effect.host, effect.numbers);
    }
  }

  #named(id: string, ids: readonly number[]): void {
    const host = this.#hosts.get(id);
    for (const engineId of ids) {
      if (host === undefined || host.engines.has(engineId)) continue;
      const one = { id: engineId, life: 0, up: false };
      host.engines.set(engineId, one);
      this.#bringUp(host, one);
      this.#obey(this.stage.effects);
    }
  }

  #aborted(id: string, numbers: readonly number[]): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    for (const dispatch of host.inHand.filter(({ number }) => numbers.includes(number))) {
      if (!host.inHand.includes(dispatch)) continue;
      this.#answer(host, dispatch, ABORTED);
      this.#obey(this.stage.effects);
    }
  }

  /** What has not begun is given back; of the rest nothing is said. */
  #calledBack(id: string, numbers: readonly number[]): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    for (const dispatch of host.inHand.filter(({ number }) => numbers.includes(number))) {
      if (this.#random.below(3) === 0 || !host.inHand.includes(dispatch)) continue;
      this.#answer(host, dispatch, RETURNED);
      this.#obey(this.stage.effects);
    }
  }

  #someHost(): WorldHost | null {
    return this.#pick([...this.#hosts.values()]) ?? null;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)] as Item;
  }

  /** Held attempts carry the epoch of their life, the others are of this one. */
  #epochOf(dispatch: Dispatch & { readonly epoch?: number }): number {
    return dispatch.epoch ?? this.stage.state.options.epoch;
  }
}
