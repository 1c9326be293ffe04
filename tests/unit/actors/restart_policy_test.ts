/** OTP's restart rules as a table, and what must hold whatever happens. @module */
import { deepEqual, equal, ok } from "node:assert/strict";
import {
  type ChildRule,
  decide,
  initialRestartState,
  type RestartAction,
  type RestartEvent,
  type RestartKind,
  type RestartRules,
  type RestartState,
  type RestartStrategy,
} from "../../../actors/restart_policy.ts";
import { fc } from "../../../deps/fast_check.ts";

const RULES: RestartRules = { strategy: "one-for-one", intensity: { restarts: 3, periodMs: 1_000 }, backoff: null };

/** Carries out every order at once and writes it down. */
class World {
  state: RestartState;
  nowMs = 0;
  readonly trace: string[] = [];
  readonly pauses: { readonly id: string; readonly atMs: number }[] = [];
  /** Children whose next start fails. */
  readonly unstartable = new Set<string>();

  constructor(rules: Partial<RestartRules>, children: readonly ChildRule[]) {
    this.state = initialRestartState({ ...RULES, ...rules }, children);
  }

  feed(event: RestartEvent): void {
    const { state, actions } = decide(this.state, event, this.nowMs);
    this.state = state;
    for (const action of actions) this.#carryOut(action);
  }

  fail(id: string): void {
    this.feed({ kind: "ended", id, normal: false, reason: "failed: Error: x" });
  }

  /** Time passes; pauses that are over wake their children. */
  advance(ms: number): void {
    this.nowMs += ms;
    const due = this.pauses.filter((pause) => pause.atMs <= this.nowMs);
    for (const pause of due) {
      this.pauses.splice(this.pauses.indexOf(pause), 1);
      this.feed({ kind: "wake", id: pause.id });
    }
  }

  status(): Record<string, string> {
    return Object.fromEntries(this.state.children.map(({ id, status }) => [id, status]));
  }

  #carryOut(action: RestartAction): void {
    this.trace.push(action.kind === "wake-after" ? `pause ${action.id} ${action.delayMs}` : describe(action));
    switch (action.kind) {
      case "start":
        if (this.unstartable.delete(action.id)) {
          return this.feed({ kind: "start-failed", id: action.id, reason: "failed: Error: no start" });
        }
        return this.feed({ kind: "started", id: action.id });
      case "stop":
        return this.feed({ kind: "ended", id: action.id, normal: true, reason: "stopped" });
      case "wake-after":
        this.pauses.push({ id: action.id, atMs: this.nowMs + action.delayMs });
    }
  }
}

function describe(action: RestartAction): string {
  return "id" in action ? `${action.kind} ${action.id}` : action.kind;
}

/** a, b, c; b as told, the others permanent; all up. */
function trio(strategy: RestartStrategy, restart: RestartKind, rules: Partial<RestartRules> = {}): World {
  const world = new World({ strategy, ...rules }, [
    { id: "a", restart: "permanent" },
    { id: "b", restart },
    { id: "c", restart: "permanent" },
  ]);
  world.feed({ kind: "start" });
  deepEqual(world.trace, ["start a", "start b", "start c"]);
  equal(world.state.phase, "running");
  world.trace.length = 0;
  return world;
}

const ALONE = ["start b"];
const ALL = ["stop c", "stop a", "start a", "start b", "start c"];
const REST = ["stop c", "start b", "start c"];
const LEAVES = ["forget b"];
const TABLE: readonly (readonly [RestartStrategy, RestartKind, "normal" | "failure", readonly string[]])[] = [
  ["one-for-one", "permanent", "normal", ALONE],
  ["one-for-one", "permanent", "failure", ALONE],
  ["one-for-one", "transient", "normal", []],
  ["one-for-one", "transient", "failure", ALONE],
  ["one-for-one", "temporary", "normal", LEAVES],
  ["one-for-one", "temporary", "failure", LEAVES],
  ["one-for-all", "permanent", "normal", ALL],
  ["one-for-all", "permanent", "failure", ALL],
  ["one-for-all", "transient", "normal", []],
  ["one-for-all", "transient", "failure", ALL],
  ["one-for-all", "temporary", "normal", LEAVES],
  ["one-for-all", "temporary", "failure", LEAVES],
  ["rest-for-one", "permanent", "normal", REST],
  ["rest-for-one", "permanent", "failure", REST],
  ["rest-for-one", "transient", "normal", []],
  ["rest-for-one", "transient", "failure", REST],
  ["rest-for-one", "temporary", "normal", LEAVES],
  ["rest-for-one", "temporary", "failure", LEAVES],
];
for (const [strategy, restart, end, expected] of TABLE) {
  Deno.test(`${strategy}: the ${end} of a ${restart} child leads to ${expected.join(", ") || "nothing"}`, () => {
    const world = trio(strategy, restart);
    world.feed({ kind: "ended", id: "b", normal: end === "normal", reason: "x" });
    deepEqual(world.trace, expected);
    equal(world.state.phase, "running");
  });
}

Deno.test("a restart of all takes temporary siblings away, and starts those that had ended normally", () => {
  const world = new World({ strategy: "one-for-all" }, [
    { id: "a", restart: "transient" },
    { id: "b", restart: "permanent" },
    { id: "c", restart: "temporary" },
  ]);
  world.feed({ kind: "start" });
  world.feed({ kind: "ended", id: "a", normal: true, reason: "stopped" });
  world.trace.length = 0;
  world.fail("b");
  deepEqual(world.trace, ["stop c", "forget c", "start a", "start b"]);
});

Deno.test("more restarts than the intensity within the period: give up, and then nothing more", () => {
  const world = trio("one-for-one", "permanent");
  for (let i = 0; i < 4; i++) world.fail(i % 2 === 0 ? "b" : "a");
  deepEqual(world.trace, ["start b", "start a", "start b", "give-up a"]);
  equal(world.state.phase, "given-up");
  world.fail("b");
  world.feed({ kind: "start" });
  equal(world.trace.length, 4);
});

Deno.test("restarts that are spread out never lead to giving up", () => {
  const world = trio("one-for-one", "permanent");
  for (let i = 0; i < 50; i++) {
    world.fail("b");
    world.advance(334);
  }
  equal(world.state.phase, "running");
  equal(world.trace.length, 50);
});

Deno.test("with an intensity of 0 the first failure is the last", () => {
  const world = trio("one-for-one", "permanent", { intensity: { restarts: 0, periodMs: 1_000 } });
  world.fail("b");
  deepEqual(world.trace, ["give-up b"]);
});

Deno.test("ends that do not count never lead to giving up, but to pauses", () => {
  const world = trio("one-for-one", "permanent", { backoff: { initialMs: 1, factor: 1, maxMs: 1 } });
  for (let i = 0; i < 20; i++) {
    world.feed({ kind: "ended", id: "b", normal: false, reason: "x", counts: false });
    world.advance(1);
  }
  equal(world.state.phase, "running");
  equal(world.status().b, "up");
});

Deno.test("pauses grow with failures in a row up to the longest, and start again after a good while", () => {
  const backoff = { initialMs: 100, factor: 2, maxMs: 500 };
  const world = trio("one-for-one", "permanent", { backoff, intensity: { restarts: 100, periodMs: 1_000 } });
  const pauses: string[] = [];
  for (let i = 0; i < 5; i++) {
    world.fail("b");
    pauses.push(world.trace.at(-1) ?? "");
    equal(world.status().b, "waiting");
    world.advance(500);
    equal(world.status().b, "up");
  }
  deepEqual(pauses, ["pause b 100", "pause b 200", "pause b 400", "pause b 500", "pause b 500"]);
  world.advance(1_000);
  world.fail("b");
  equal(world.trace.at(-1), "pause b 100");
});

Deno.test("a child that pauses does not keep others from being started again", () => {
  const world = trio("one-for-one", "permanent", { backoff: { initialMs: 100, factor: 1, maxMs: 100 } });
  world.fail("b");
  world.advance(50);
  world.fail("c");
  world.advance(50);
  deepEqual(world.status(), { a: "up", b: "up", c: "waiting" });
  world.advance(50);
  deepEqual(world.status(), { a: "up", b: "up", c: "up" });
});

Deno.test("a group stops at once, pauses, and starts in order", () => {
  const world = trio("rest-for-one", "permanent", { backoff: { initialMs: 100, factor: 1, maxMs: 100 } });
  world.fail("b");
  deepEqual(world.trace, ["pause b 100", "stop c"]);
  deepEqual(world.status(), { a: "up", b: "waiting", c: "waiting" });
  world.advance(100);
  deepEqual(world.trace.slice(2), ["start b", "start c"]);
});

Deno.test("a first start that fails is given up at once", () => {
  const world = new World({}, [{ id: "a", restart: "permanent" }, { id: "b", restart: "permanent" }]);
  world.unstartable.add("b");
  world.feed({ kind: "start" });
  deepEqual(world.trace, ["start a", "start b", "give-up b"]);
});

Deno.test("a restart whose start fails counts, and is tried again", () => {
  const world = trio("one-for-one", "permanent");
  world.unstartable.add("b");
  world.fail("b");
  deepEqual(world.trace, ["start b", "start b"]);
  equal(world.state.restartsAtMs.length, 2);
});

Deno.test("shutdown stops in reverse order, one after the other, and forgets pauses", () => {
  const world = trio("one-for-one", "permanent", { backoff: { initialMs: 100, factor: 1, maxMs: 100 } });
  world.fail("b");
  world.trace.length = 0;
  world.feed({ kind: "shutdown" });
  deepEqual(world.trace, ["stop c", "stop a", "finished"]);
  world.advance(1_000);
  equal(world.state.phase, "over");
  equal(world.trace.length, 3);
});

Deno.test("the next stop is ordered only when the one before has ended", () => {
  let state = initialRestartState(RULES, [{ id: "a", restart: "permanent" }, { id: "b", restart: "permanent" }]);
  const feed = (event: RestartEvent) => {
    const decision = decide(state, event, 0);
    state = decision.state;
    return decision.actions.map(describe);
  };
  deepEqual(feed({ kind: "start" }), ["start a"]);
  deepEqual(feed({ kind: "wake", id: "b" }), [], "nor the next start before the one before it is done");
  deepEqual(feed({ kind: "started", id: "a" }), ["start b"]);
  deepEqual(feed({ kind: "shutdown" }), ["stop b"], "one that is still starting is stopped too");
  deepEqual(feed({ kind: "start-failed", id: "b", reason: "stopped" }), ["stop a"]);
  deepEqual(feed({ kind: "ended", id: "a", normal: true, reason: "stopped" }), ["finished"]);
});

Deno.test("children can be added and removed while others run", () => {
  const world = trio("one-for-one", "permanent");
  world.feed({ kind: "add", child: { id: "d", restart: "transient" } });
  world.feed({ kind: "add", child: { id: "a", restart: "permanent" } });
  world.feed({ kind: "remove", id: "b" });
  world.feed({ kind: "remove", id: "unknown" });
  deepEqual(world.trace, ["start d", "stop b", "forget b"]);
  deepEqual(world.status(), { a: "up", c: "up", d: "up" });
});

Deno.test("decide leaves the state it was given as it is", () => {
  const world = trio("one-for-all", "permanent");
  const before = structuredClone(world.state);
  const given = world.state;
  decide(given, { kind: "ended", id: "b", normal: false, reason: "x" }, 5);
  deepEqual(given, before);
});

const strategies = fc.constantFrom<RestartStrategy>("one-for-one", "one-for-all", "rest-for-one");
const kinds = fc.constantFrom<RestartKind>("permanent", "transient", "temporary");
const steps = fc.array(
  fc.record({
    what: fc.constantFrom("answer", "answer", "answer", "fail", "end", "wait"),
    which: fc.nat(7),
    good: fc.boolean(),
  }),
  { maxLength: 80 },
);

/** Answers orders late, in any order, with any outcome. */
class LateWorld {
  state: RestartState;
  nowMs = 0;
  readonly #open: RestartAction[] = [];
  readonly #up = new Set<string>();

  constructor(rules: RestartRules, kinds: readonly RestartKind[]) {
    this.state = initialRestartState(rules, kinds.map((restart, i) => ({ id: `c${i}`, restart })));
    this.feed({ kind: "start" });
  }

  feed(event: RestartEvent): void {
    const { state, actions } = decide(this.state, event, this.nowMs);
    this.state = state;
    for (const action of actions) this.#open.push(this.#checked(action));
    const count = (wanted: string) => state.children.filter(({ status }) => status === wanted).length;
    ok(count("stopping") <= 1, "one stop at a time");
    if (state.rules.strategy !== "one-for-one") ok(count("starting") <= 1, "one start at a time");
  }

  /** The outcome of an order that is open, if there is one. */
  answer(which: number, isGood: boolean): void {
    const [order] = this.#open.splice(which % Math.max(1, this.#open.length), 1);
    if (order === undefined) return;
    if (order.kind === "wake-after") return this.feed({ kind: "wake", id: order.id });
    if (order.kind === "stop") return this.#stop(order.id);
    if (order.kind !== "start") return;
    if (!isGood) {
      this.#dropStop(order.id);
      return this.feed({ kind: "start-failed", id: order.id, reason: "no start" });
    }
    this.#up.add(order.id);
    this.feed({ kind: "started", id: order.id });
  }

  fail(which: number, isNormal: boolean): void {
    const id = [...this.#up][which % Math.max(1, this.#up.size)];
    const isStopping = this.#open.some((order) => order.kind === "stop" && order.id === id);
    if (id !== undefined && !isStopping) this.#end(id, isNormal);
  }

  /** Carries out all that is open, with success. */
  settle(): void {
    for (let i = 0; i < 1_000 && this.#open.length > 0; i++) this.answer(0, true);
    equal(this.#open.length, 0, "it comes to rest");
  }

  #end(id: string, normal: boolean): void {
    if (this.#up.delete(id)) this.feed({ kind: "ended", id, normal, reason: "x" });
  }

  /** Nothing is left to stop. */
  #dropStop(id: string): void {
    const stop = this.#open.findIndex((order) => order.kind === "stop" && order.id === id);
    if (stop >= 0) this.#open.splice(stop, 1);
  }

  /** The end of what is up; the failure of a start that is under way; nothing where that has failed already. */
  #stop(id: string): void {
    if (this.#up.has(id)) return this.#end(id, true);
    const start = this.#open.findIndex((order) => order.kind === "start" && order.id === id);
    if (start < 0) return;
    this.#open.splice(start, 1);
    this.feed({ kind: "start-failed", id, reason: "stopped before" });
  }

  #checked(action: RestartAction): RestartAction {
    if (action.kind === "start") ok(!this.#up.has(action.id), `${action.id} is not started twice`);
    return action;
  }
}

Deno.test("whatever happens in whatever order, it comes to rest with every permanent child up, or gives up", () => {
  fc.assert(
    fc.property(
      strategies,
      fc.array(kinds, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      steps,
      (strategy, children, pauses, plan) => {
        const backoff = pauses ? { initialMs: 10, factor: 2, maxMs: 50 } : null;
        const world = new LateWorld({ strategy, backoff, intensity: { restarts: 5, periodMs: 100 } }, children);
        for (const { what, which, good } of plan) {
          if (what === "wait") world.nowMs += 30;
          else if (what === "answer") world.answer(which, good || which > 1);
          else world.fail(which, what === "end");
        }
        if (world.state.phase === "given-up") return;
        world.settle();
        for (const { id, restart, status } of world.state.children) {
          if (restart === "permanent") equal(status, "up", `${id} under ${strategy}`);
          else ok(status === "up" || status === "down", `${id} is ${status}`);
        }
        world.feed({ kind: "shutdown" });
        world.settle();
        equal(world.state.phase, "over");
      },
    ),
    { numRuns: 500 },
  );
});
