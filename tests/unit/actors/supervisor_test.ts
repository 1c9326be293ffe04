/** Supervisors of real actors: order, restarts, giving up, shutdown. @module */
import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { Actor } from "../../../actors/actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import { childSpec, type SupervisorOptions } from "../../../actors/child_spec.ts";
import type { EndReason, Ref } from "../../../actors/ref.ts";
import { Supervisor } from "../../../actors/supervisor.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { FakeNet } from "./fake_links.ts";
import { within } from "../../../testing/within.ts";

/** What happened, and who waits for it. */
class Diary {
  readonly lines: string[] = [];
  readonly #waiting = new Map<string, () => void>();

  write(line: string): void {
    this.lines.push(line);
    this.#waiting.get(line)?.();
  }

  /** Resolves with the next such line. */
  next(line: string): Promise<void> {
    return within(new Promise<void>((resolve) => this.#waiting.set(line, resolve)), `"${line}"`);
  }
}

class Worker extends Actor {
  readonly #name: string;
  readonly #diary: Diary;
  readonly #canStart: () => boolean;

  constructor(name: string, diary: Diary, canStart: () => boolean = () => true) {
    super();
    this.#name = name;
    this.#diary = diary;
    this.#canStart = canStart;
  }
  ping(): string {
    return this.#name;
  }
  crash(): void {
    throw new Error("crashed");
  }
  leave(): void {
    this.context.stop();
  }
  protected override onStart(): void {
    if (!this.#canStart()) throw new Error("cannot start");
    this.#diary.write(`${this.#name} starts`);
  }
  protected override onStop(reason: EndReason): void {
    this.#diary.write(`${this.#name} ends: ${reason}`);
  }
}

function workers(diary: Diary, ...names: string[]) {
  return names.map((name) => childSpec(name, "permanent", Worker, { name, args: [name, diary] }));
}

async function supervised(diary: Diary, options: Partial<SupervisorOptions> = {}) {
  const clock = new FakeClock();
  const system = ActorSystem.local({ clock });
  const children = workers(diary, "a", "b", "c");
  const supervisor = await system.spawn(Supervisor, { name: "top", args: [{ children, ...options }] });
  return { clock, system, supervisor, [Symbol.asyncDispose]: () => system.close() };
}

Deno.test("children start in order and stop in reverse", async () => {
  const diary = new Diary();
  {
    await using house = await supervised(diary);
    deepEqual(diary.lines.splice(0), ["a starts", "b starts", "c starts"]);
    deepEqual((await house.supervisor.call.children()).map(({ id, status }) => `${id} ${status}`), [
      "a up",
      "b up",
      "c up",
    ]);
  }
  deepEqual(diary.lines, ["c ends: stopped", "b ends: stopped", "a ends: stopped"]);
});

const STRATEGIES = [
  ["one-for-one", ["b ends: failed: Error: crashed", "b starts"]],
  ["rest-for-one", ["b ends: failed: Error: crashed", "c ends: stopped", "b starts", "c starts"]],
  ["one-for-all", [
    "b ends: failed: Error: crashed",
    "c ends: stopped",
    "a ends: stopped",
    "a starts",
    "b starts",
    "c starts",
  ]],
] as const;
for (const [strategy, expected] of STRATEGIES) {
  Deno.test(`${strategy}: a crash leads to ${expected.slice(1).join(", ")}`, async () => {
    const diary = new Diary();
    await using house = await supervised(diary, { strategy });
    diary.lines.length = 0;
    const done = diary.next(expected.at(-1) ?? "");
    const b = house.system.ref<Worker>("b");
    b.cast.crash();
    await done;
    deepEqual(diary.lines, expected);
    equal(await b.call.ping(), "b", "the reference reaches the new one");
    const report = (await house.supervisor.call.children()).find(({ id }) => id === "b");
    deepEqual(report, { id: "b", status: "up", restarts: 1, lastReason: "failed: Error: crashed" });
  });
}

Deno.test("a transient child that leaves stays away, a temporary one is forgotten", async () => {
  const diary = new Diary();
  const children = [
    childSpec("transient", "transient", Worker, { name: "t", args: ["t", diary] }),
    childSpec("temporary", "temporary", Worker, { name: "u", args: ["u", diary] }),
  ];
  await using house = await supervised(diary, { children });
  for (const name of ["t", "u"]) {
    const ended = diary.next(`${name} ends: stopped`);
    house.system.ref<Worker>(name).cast.leave();
    await ended;
  }
  await house.supervisor.call.children();
  deepEqual((await house.supervisor.call.children()).map(({ id, status }) => `${id} ${status}`), ["transient down"]);
});

Deno.test("a pause is kept before a restart", async () => {
  const diary = new Diary();
  await using house = await supervised(diary, { backoff: { initial: 200, factor: 2, max: 1_000 } });
  const ended = diary.next("b ends: failed: Error: crashed");
  house.system.ref<Worker>("b").cast.crash();
  await ended;
  equal((await house.supervisor.call.children())[1]?.status, "waiting");
  await house.clock.run(199);
  equal(diary.lines.at(-1), "b ends: failed: Error: crashed");
  await house.clock.run(1);
  equal(diary.lines.at(-1), "b starts");
});

Deno.test("too many restarts: the supervisor fails, names the child and its last error, and takes the rest down", async () => {
  const diary = new Diary();
  await using house = await supervised(diary, { intensity: { restarts: 1, period: 1_000 } });
  const end = Promise.withResolvers<string>();
  house.system.watch(house.supervisor, (event) => event.kind === "ended" && end.resolve(event.reason));
  const b = house.system.ref<Worker>("b");
  const again = diary.next("b starts");
  b.cast.crash();
  await again;
  b.cast.crash();
  match(
    await within(end.promise, "the end"),
    /^failed: TroupeError: Gave up on child "b": more than 1 restarts within 1000 ms; its last end: failed: Error: crashed$/,
  );
  deepEqual(diary.lines.slice(-2), ["c ends: stopped", "a ends: stopped"]);
});

Deno.test("a supervisor of supervisors starts a failed one again", async () => {
  const diary = new Diary();
  const inner = childSpec("inner", "permanent", Supervisor, {
    args: [{ intensity: { restarts: 0, period: 1_000 }, children: workers(diary, "x") }],
  });
  await using house = await supervised(diary, { children: [inner] });
  const again = diary.next("x starts");
  house.system.ref<Worker>("x").cast.crash();
  await again;
  equal(await house.system.ref<Worker>("x").call.ping(), "x");
});

Deno.test("a child whose first start fails makes the supervisor's spawn reject, and those before it end", async () => {
  const diary = new Diary();
  await using system = ActorSystem.local();
  const children = [
    ...workers(diary, "a"),
    childSpec("bad", "permanent", Worker, { args: ["bad", diary, () => false] }),
    ...workers(diary, "c"),
  ];
  await rejects(
    system.spawn(Supervisor, { args: [{ children }] }),
    /Cannot start child "bad": failed: Error: cannot start/,
  );
  deepEqual(diary.lines, ["a starts", "a ends: stopped"]);
});

Deno.test("a restart whose start fails is tried again within the intensity", async () => {
  const diary = new Diary();
  let failures = 0;
  const canStart = () => failures-- <= 0;
  const children = [childSpec("b", "permanent", Worker, { name: "b", args: ["b", diary, canStart] })];
  await using house = await supervised(diary, { children });
  failures = 2;
  const again = diary.next("b starts");
  house.system.ref<Worker>("b").cast.crash();
  await again;
  equal((await house.supervisor.call.children())[0]?.restarts, 3);
});

Deno.test("a child that does not stop in time is killed, and the next one is stopped", async () => {
  class Stubborn extends Actor {
    protected override onStop(): Promise<void> {
      return new Promise(() => {});
    }
  }
  const diary = new Diary();
  const children = [...workers(diary, "a"), childSpec("stubborn", "permanent", Stubborn, { shutdown: 700 })];
  const house = await supervised(diary, { children });
  const closed = house.system.close();
  await house.clock.run(699);
  equal(diary.lines.at(-1), "a starts");
  await house.clock.run(1);
  await within(closed, "the end");
  equal(diary.lines.at(-1), "a ends: stopped");
});

Deno.test("a supervisor can be stopped while a child hangs in its onStart", async () => {
  class Hanging extends Actor {
    protected override onStart(): Promise<void> {
      diary.write("hanging");
      return new Promise(() => {});
    }
  }
  const diary = new Diary();
  const clock = new FakeClock();
  const system = ActorSystem.local({ clock });
  const children = [...workers(diary, "a"), childSpec("hanging", "permanent", Hanging, { shutdown: 400 })];
  const hanging = diary.next("hanging");
  const refused = rejects(system.spawn(Supervisor, { args: [{ children }] }));
  await hanging;
  const closed = system.close();
  await clock.run(400);
  await within(Promise.all([refused, closed]), "the end");
  deepEqual(diary.lines, ["a starts", "hanging", "a ends: stopped"]);
});

Deno.test("a supervisor takes no orders from other nodes", async () => {
  const net = new FakeNet();
  const here = net.join("client.here").system;
  const there = net.join("host.there").system;
  await there.spawn(Supervisor, { name: "top", unique: false, args: [{ children: workers(new Diary(), "a") }] });
  const remote = here.refAt<Supervisor>("host.there", "top");
  await rejects(remote.call.stopChild("a"), /AuthorizationError: Cannot run "stopChild" for client.here/);
  await rejects(remote.call.child("a"), /AuthorizationError/);
  equal((await remote.call.children())[0]?.status, "up");
  await here.close();
  await there.close();
});

Deno.test("children can be started and stopped later", async () => {
  const diary = new Diary();
  await using house = await supervised(diary);
  const started = diary.next("d starts");
  const [spec] = workers(diary, "d");
  if (spec === undefined) throw new Error("one was made");
  const ref = await house.supervisor.call.startChild(spec) as Ref<Worker>;
  await started;
  equal(await ref.call.ping(), "d");
  await rejects(house.supervisor.call.startChild(spec), /two children "d"/);
  const ended = diary.next("d ends: stopped");
  await house.supervisor.call.stopChild("d");
  await ended;
  await house.supervisor.call.children();
  await rejects(house.supervisor.call.child("d"), /Cannot find child "d": the supervisor has "a", "b", "c"/);
});

const WRONG: readonly (readonly [object, RegExp])[] = [
  [{ strategy: "all" }, /strategy "all": it is one of one-for-one/],
  [{ intensity: { restarts: -1, period: 1 } }, /intensity.restarts "-1"/],
  [{ intensity: { restarts: 1, period: 0 } }, /intensity.period "0"/],
  [{ backoff: { initial: -1, factor: 2, max: 10 } }, /backoff.initial "-1"/],
  [{ backoff: { initial: 10, factor: 2, max: 5 } }, /backoff.max "5": it is a number of ms from 10 up/],
  [{ backoff: { initial: 10, factor: 0.5, max: 50 } }, /backoff.factor "0.5"/],
  [{ children: [{ id: "a b", actor: Worker, spawn: {} }] }, /"a b" as the id of a child/],
  [{ children: [{ id: "a", actor: Date, spawn: {} }] }, /"Date": it does not extend Actor/],
  [{ children: [{ id: "a", actor: Worker, spawn: {}, restart: "always" }] }, /restart of child "a" "always"/],
  [{ children: [{ id: "a", actor: Worker, spawn: { mailbox: 0 } }] }, /mailbox "0"/],
  [{ children: [{ id: "a", actor: Worker, spawn: {} }, { id: "a", actor: Worker, spawn: {} }] }, /two children "a"/],
];
for (const [options, expected] of WRONG) {
  Deno.test(`a supervisor is refused before anything starts: ${expected.source}`, () => {
    throws(() => new Supervisor({ children: [], ...options }), expected);
  });
}
