/**
 * A random history by a seed: clients submit, abort and purge, engines run, decline, die and come back, hosts vanish.
 *
 * The world answers what the core orders, and core and reference hear every event. Times have fractions, so that no two
 * things are due at the very same moment: which of them is first is nobody's promise. Used by the test of the reference.
 * @module
 */
import type { EngineId, Epoch, HostId, Incarnation, TaskId } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import type { Dispatch, Effect } from "../../scheduler/core/effects.ts";
import type { SchedulerEvent } from "../../scheduler/core/events.ts";
import { SeededRandom } from "../../scheduler/core/random.ts";
import { ABORTED, DECLINED, DIED, DONE, REPORT, RETURNED, THREW, TIMED_OUT } from "../unit/core/given.ts";
import { type Part, RandomTasks } from "./random_tasks.ts";
import { drawOptions } from "./history_options.ts";
import { Trial } from "./trial.ts";
import { readyEngine, type WorldEngine, type WorldHost } from "./world_records.ts";

/** One history. */
export class RandomHistory {
  readonly trial: Trial;
  readonly #random: SeededRandom;
  readonly #tasks: RandomTasks;
  readonly #hosts: Map<HostId, WorldHost> = new Map();
  #answered: Dispatch[] = [];
  #now = 1_000;
  #hostCount = 0;
  #request = 0;

  constructor(seed: number, withDependencies: boolean) {
    this.trial = new Trial(drawOptions(seed));
    this.#random = new SeededRandom(seed ^ 0x2545f491);
    this.#tasks = new RandomTasks(this.#random, withDependencies);
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) {
      this.#now += this.#random.next() * 12;
      this.#act();
    }
  }

  /** From here on nothing bad happens: batches are completed, hosts answer, engines come up, time passes. */
  settleDown(): void {
    for (const part of this.#tasks.takeUnsent()) this.#submit(part);
    this.#addHost(2);
    for (const { id } of this.#hosts.values()) this.#step({ kind: "host-reachable", at: this.#now, host: id });
    for (let round = 0; round < 200 && this.#isBusy(); round++) {
      for (const host of this.#hosts.values()) this.#settleHost(host);
      this.#now += 10 + this.#random.next();
      this.#wake();
    }
  }

  #settleHost(host: WorldHost): void {
    for (const dispatch of [...host.inHand]) this.#answer(host, dispatch, DONE);
    for (const engine of host.engines) {
      if (engine.isDraining) this.#end(engine, true);
      if (!engine.isUp) this.#bringUp(engine);
    }
  }

  #isBusy(): boolean {
    const { waiting, ready, assigned } = this.trial.stage.core.counts();
    return waiting + ready + assigned > 0;
  }

  #act(): void {
    const roll = this.#random.below(100);
    if (roll < 24) return this.#submit(this.#tasks.draw());
    if (roll < 62) return this.#answerSome();
    if (roll < 67) return this.#addHost(1 + this.#random.below(3));
    if (roll < 76) return this.#engineNews();
    if (roll < 78) return this.#loseHost();
    if (roll < 79) return this.#rejoin();
    if (roll < 82) return this.#abort();
    if (roll < 85) return this.#clientNews();
    if (roll < 87) return this.#reach();
    if (roll < 88) return this.#answerStale();
    if (roll < 90) return this.#purge();
    if (roll < 92) return this.#requestEngine();
    this.#wake();
  }

  #step(event: SchedulerEvent): void {
    this.trial.step(event);
    this.#obey(this.trial.stage.effects);
  }

  #wake(): void {
    this.#step({ kind: "woke", at: this.#now });
  }

  #submit(part: Part): void {
    this.#step({ kind: "tasks-submitted", at: this.#now, ...part, known: [] });
  }

  /** Some of what a host has in hand ended, told in one message. */
  #answerSome(): void {
    const host = this.#someHost();
    if (host === null || host.inHand.length === 0) return this.#wake();
    const outcomes = [DONE, DONE, DONE, DONE, THREW, THREW, DECLINED, RETURNED, TIMED_OUT, ABORTED];
    const count = 1 + this.#random.below(Math.min(3, host.inHand.length));
    const ended = Array.from({ length: count }, () => {
      const [dispatch] = host.inHand.splice(this.#random.below(host.inHand.length), 1);
      return { dispatch: dispatch as Dispatch, outcome: this.#pick(outcomes) };
    });
    this.#report(host.id, ended);
  }

  #answer(host: WorldHost, dispatch: Dispatch, outcome: AttemptOutcome): void {
    const place = host.inHand.indexOf(dispatch);
    if (place < 0) return;
    host.inHand.splice(place, 1);
    this.#report(host.id, [{ dispatch, outcome }]);
  }

  #report(host: HostId, ended: readonly { readonly dispatch: Dispatch; readonly outcome: AttemptOutcome }[]): void {
    this.#answered.push(...ended.map(({ dispatch }) => dispatch));
    const results = ended.map(({ dispatch, outcome }) => ({ number: dispatch.number, outcome, report: REPORT }));
    this.#step({ kind: "attempts-ended", at: this.#now, host, epoch: 1 as Epoch, results });
  }

  #answerStale(): void {
    const stale = this.#pick(this.#answered);
    if (stale === undefined) return this.#wake();
    this.#report(stale.host, [{ dispatch: stale, outcome: this.#pick([DONE, THREW]) }]);
  }

  #addHost(newEngines: number): void {
    const id = `h${this.#hostCount++}` as HostId;
    const host: WorldHost = { id, life: 1, engines: [], inHand: [] };
    this.#hosts.set(id, host);
    this.#join(host, newEngines, []);
  }

  #join({ id, life }: WorldHost, newEngines: number, all: readonly WorldEngine[]): void {
    const incarnation = `i${life}` as Incarnation;
    const who = { host: id, incarnation, hostname: "box", pid: 1, packageVersion: "0" };
    const engines = all.filter(({ isUp }) => isUp).map(readyEngine);
    const returning = all.filter(({ isUp }) => !isUp).map((engine) => engine.id);
    this.#step({ kind: "host-joined", at: this.#now, ...who, newEngines, engines, returning, held: [] });
  }

  #requestEngine(): void {
    const host = this.#someHost()?.id ?? "nobody" as HostId;
    this.#step({ kind: "engines-requested", at: this.#now, host, count: 1, request: this.#request++ });
  }

  #engineNews(): void {
    const engine = this.#pick(this.#someHost()?.engines ?? []);
    if (engine === undefined) return this.#wake();
    if (!engine.isUp) return this.#chance(8) ? this.#giveUp(engine) : this.#bringUp(engine);
    if (!this.#chance(3)) return this.#kill(engine);
    engine.isDraining = true;
    this.#step({ kind: "engine-draining", at: this.#now, engine: engine.id });
  }

  #bringUp(engine: WorldEngine): void {
    engine.isUp = true;
    engine.isDraining = false;
    engine.life++;
    this.#step({ kind: "engine-ready", at: this.#now, engine: readyEngine(engine) });
  }

  #giveUp(engine: WorldEngine): void {
    this.#drop(engine);
    const { id, host } = engine;
    this.#step({ kind: "engine-failed", at: this.#now, engine: id, host, reason: "bad flag", givenUp: true });
  }

  /** Its process ends; its host reports what it had in hand, before or after, or never. */
  #kill(engine: WorldEngine): void {
    const host = this.#hosts.get(engine.host);
    const lost = host?.inHand.filter((dispatch) => dispatch.engine === engine.id) ?? [];
    const reports = this.#pick(["before", "after", "after", "never"]);
    const report = () => {
      lost.forEach((dispatch, i) => {
        if (host !== undefined) this.#answer(host, dispatch, i < engine.slots ? DIED : RETURNED);
      });
    };
    if (reports === "before") report();
    this.#end(engine, !this.#chance(5));
    if (reports === "after") report();
  }

  #end(engine: WorldEngine, returns: boolean): void {
    const { uuid } = readyEngine(engine);
    engine.isUp = false;
    engine.isDraining = false;
    if (!returns) this.#drop(engine);
    this.#step({
      kind: "engine-ended",
      at: this.#now,
      engine: engine.id,
      uuid,
      reason: "exit code 1",
      requested: false,
      returns,
    });
  }

  #drop(engine: WorldEngine): void {
    const engines = this.#hosts.get(engine.host)?.engines;
    engines?.splice(engines.indexOf(engine), 1);
  }

  #loseHost(): void {
    const host = this.#someHost();
    if (host === null) return this.#wake();
    this.#hosts.delete(host.id);
    this.#answered.push(...host.inHand);
    this.#step({ kind: "host-lost", at: this.#now, host: host.id, incarnation: null, reason: "silent" });
  }

  /** A host that was thought to live comes back as another life, with new processes; some are not ready yet. */
  #rejoin(): void {
    const host = this.#someHost();
    if (host === null) return this.#wake();
    host.life++;
    this.#answered.push(...host.inHand);
    host.inHand = [];
    for (const engine of host.engines) {
      const isUp = !this.#chance(4);
      Object.assign(engine, { life: isUp ? engine.life + 1 : engine.life, isUp, isDraining: false });
    }
    this.#join(host, 0, host.engines);
  }

  #abort(): void {
    const ids = Array.from({ length: this.#random.below(5) }, () => this.#tasks.drawId());
    this.#step({ kind: "abort-requested", at: this.#now, ids });
  }

  #purge(): void {
    const ids = this.#chance(3) ? null : Array.from({ length: 6 }, (): TaskId => this.#tasks.drawId());
    this.#step({ kind: "purge-requested", at: this.#now, ids });
  }

  #clientNews(): void {
    const session = this.#tasks.drawClient();
    if (this.#chance(2)) return this.#step({ kind: "client-left", at: this.#now, session });
    this.#step({ kind: "client-attached", at: this.#now, session, firstUnsettled: this.#random.below(10) });
  }

  #reach(): void {
    const kind = this.#pick(["host-unreachable", "host-reachable", "host-reachable"] as const);
    this.#step({ kind, at: this.#now, host: this.#someHost()?.id ?? "nobody" as HostId });
  }

  /** Does what the core orders, as hosts would; an abort is answered at once. */
  #obey(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "dispatch") this.#hosts.get(effect.host)?.inHand.push(effect);
    }
    for (const effect of effects) {
      if (effect.kind === "host-welcomed" || effect.kind === "engines-named") this.#named(effect.host, effect.ids);
      if (effect.kind === "abort-attempts") this.#stop(effect.host, effect.numbers);
    }
  }

  #named(id: HostId, ids: readonly EngineId[]): void {
    const host = this.#hosts.get(id);
    for (const engineId of ids) {
      if (host === undefined || host.engines.some((engine) => engine.id === engineId)) continue;
      const slots = this.#pick([1, 1, 2]);
      const engine = { id: engineId, host: id, slots, life: 0, isUp: false, isDraining: false };
      host.engines.push(engine);
      if (!this.#chance(8)) this.#bringUp(engine);
    }
  }

  #stop(id: HostId, numbers: readonly number[]): void {
    const host = this.#hosts.get(id);
    for (const dispatch of host?.inHand.filter(({ number }) => numbers.includes(number)) ?? []) {
      if (host !== undefined && !this.#chance(3)) this.#answer(host, dispatch, ABORTED);
    }
  }

  #someHost(): WorldHost | null {
    return this.#pick([...this.#hosts.values()]) ?? null;
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)] as Item;
  }
}
