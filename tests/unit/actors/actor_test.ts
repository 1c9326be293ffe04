/** An actor's life, and what may be called from outside. @module */
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { Actor } from "../../../actors/actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import type { EndReason, Ref } from "../../../actors/ref.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { within } from "../../../testing/within.ts";
import { ConnectionError, NameTaken, NoRespondersError, RemoteError } from "../../../wire/errors.ts";
import type { LogLevel } from "../../../wire/log.ts";

class Base extends Actor {
  inherited(): string {
    return "inherited";
  }
  overridden(): string {
    return "base";
  }
}

class Probe extends Base {
  readonly field = () => "a field";
  accessed = 0;

  get accessor(): () => string {
    this.accessed += 1;
    return () => "an accessor";
  }
  override overridden(): string {
    return "derived";
  }
  override toString(): string {
    return "Probe";
  }
  _hidden(): string {
    return "hidden";
  }
  count(): number {
    return this.accessed;
  }
  protected override onStart(): void {}
}

function untyped(ref: Ref<object>): Record<string, (...args: unknown[]) => Promise<unknown>> {
  return ref.call as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
}

Deno.test("methods of the class and of those it extends can be called", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Probe);
  equal(await ref.call.inherited(), "inherited");
  equal(await ref.call.overridden(), "derived");
});

const NOT_CALLABLE = [
  "onStart",
  "onStop",
  "onWatched",
  "context",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "__proto__",
  "__defineGetter__",
  "_hidden",
  "field",
  "accessor",
  "accessed",
  "attach",
  "nonsense",
];
for (const name of NOT_CALLABLE) {
  Deno.test(`"${name}" can't be called from outside, and the error says what can`, async () => {
    await using system = ActorSystem.local();
    const ref = await system.spawn(Probe, { name: "probe" });
    await rejects(() => untyped(ref)[name]?.() ?? Promise.reject(new Error("no function")), (error) => {
      ok(error instanceof RemoteError);
      match(
        error.message,
        new RegExp(`Cannot run "${name}" on actor "probe": Probe has no such public method; it has `),
      );
      match(error.message, /"count", "inherited", "overridden"$/);
      return true;
    });
    equal(await ref.call.count(), 0, "no accessor was run");
  });
}

Deno.test("a cast to an unknown method is logged and ends nothing", async () => {
  const lines: [LogLevel, string][] = [];
  await using system = ActorSystem.local({ log: (level, message) => lines.push([level, message]) });
  const ref = await system.spawn(Probe, { name: "probe" });
  (ref.cast as unknown as { nonsense(): void }).nonsense();
  equal(await ref.call.inherited(), "inherited");
  deepEqual(lines.map(([level]) => level), ["warn"]);
  match(lines[0]?.[1] ?? "", /Cannot run "nonsense" on actor "probe"/);
});

Deno.test("the functions of a ref are made once, and the ref does not pass for a promise", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Probe);
  equal(ref.call.count, ref.call.count);
  equal(ref.cast.count, ref.cast.count);
  equal(await (async () => await ref.cast)(), ref.cast);
  equal(await (async () => await ref.call)(), ref.call);
});

class Lively extends Actor {
  readonly #log: string[];
  readonly #startError: Error | null;
  constructor(log: string[], startError: Error | null = null) {
    super();
    this.#log = log;
    this.#startError = startError;
  }
  ping(): string {
    this.#log.push("ping");
    return "pong";
  }
  boom(): void {
    throw new RangeError("boom");
  }
  async boomLater(): Promise<void> {
    await Promise.resolve();
    throw new RangeError("later");
  }
  finish(): string {
    this.context.stop();
    return "bye";
  }
  giveUp(): void {
    this.context.fail(new Error("no use"));
  }
  async child(name: string): Promise<void> {
    await this.context.spawn(Named, { args: [name, this.#log] });
  }
  protected override async onStart(): Promise<void> {
    this.#log.push("starting");
    await Promise.resolve();
    if (this.#startError !== null) throw this.#startError;
    this.#log.push("started");
  }
  protected override async onStop(reason: EndReason): Promise<void> {
    await Promise.resolve();
    this.#log.push(`stopped: ${reason}`);
  }
}

class Named extends Actor {
  readonly #name: string;
  readonly #log: string[];
  constructor(name: string, log: string[]) {
    super();
    this.#name = name;
    this.#log = log;
  }
  protected override onStop(): void {
    this.#log.push(`${this.#name} ends`);
  }
}

Deno.test("onStart comes before the first message, onStop after the last", async () => {
  const log: string[] = [];
  await using system = ActorSystem.local();
  const spawned = system.spawn(Lively, { name: "lively", args: [log] });
  const early = system.ref<Lively>("lively").call.ping();
  const ref = await spawned;
  equal(await within(early, "the early call"), "pong");
  equal(await system.stop(ref), "stopped");
  deepEqual(log, ["starting", "started", "ping", "stopped: stopped"]);
});

Deno.test("spawn rejects with what onStart threw, and the name is free again", async () => {
  await using system = ActorSystem.local();
  const error = new Error("not today");
  await rejects(system.spawn(Lively, { name: "lively", args: [[], error] }), error);
  await system.spawn(Lively, { name: "lively", args: [[]] });
});

Deno.test("spawn rejects with what the constructor threw", async () => {
  class Broken extends Actor {
    constructor() {
      super();
      throw new TypeError("broken");
    }
  }
  await using system = ActorSystem.local();
  await rejects(system.spawn(Broken), /broken/);
});

Deno.test("the context can't be used in the constructor, and the error says where it can", async () => {
  class Eager extends Actor {
    constructor() {
      super();
      this.context.stop();
    }
  }
  await using system = ActorSystem.local();
  await rejects(
    system.spawn(Eager),
    /context of "Eager" before it is spawned: move that from the constructor to onStart/,
  );
});

Deno.test("a method that throws on a call is a reply, and the actor lives on", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Lively, { name: "lively", args: [[]] });
  for (const call of [ref.call.boom, ref.call.boomLater]) {
    await rejects(call(), (error) => {
      ok(error instanceof RemoteError && error.cause instanceof RangeError);
      equal(error.remoteName, "RangeError");
      match(error.message, /of actor "lively" on node.local threw RangeError: (boom|later)/);
      return true;
    });
  }
  equal(await ref.call.ping(), "pong");
});

for (const method of ["boom", "boomLater"] as const) {
  Deno.test(`a method that throws on a cast ends the actor: ${method}`, async () => {
    const lines: string[] = [];
    const log: string[] = [];
    await using system = ActorSystem.local({ log: (level, message) => lines.push(`${level} ${message}`) });
    const ref = await system.spawn(Lively, { name: "lively", args: [log] });
    const watch = system.watch(ref);
    ref.cast[method]();
    const reason = `failed: RangeError: ${method === "boom" ? "boom" : "later"}`;
    for await (const event of watch) deepEqual(event, { kind: "ended", reason, ref });
    deepEqual(lines, [`error Ending actor "lively": ${method}() threw`]);
    equal(log.at(-1), `stopped: ${reason}`);
    await rejects(ref.call.ping(), NoRespondersError);
  });
}

Deno.test("an actor can stop itself and can fail", async () => {
  await using system = ActorSystem.local();
  const one = await system.spawn(Lively, { args: [[]] });
  const other = await system.spawn(Lively, { args: [[]] });
  const ends = [one, other].map((ref) => new Promise((resolve) => system.watch(ref, resolve)));
  equal(await one.call.finish(), "bye");
  other.cast.giveUp();
  deepEqual(await within(Promise.all(ends), "both ends"), [
    { kind: "ended", reason: "stopped", ref: one },
    { kind: "ended", reason: "failed: Error: no use", ref: other },
  ]);
});

Deno.test("children end with their parent, the last one started first, before its own onStop", async () => {
  const log: string[] = [];
  await using system = ActorSystem.local();
  const ref = await system.spawn(Lively, { args: [log] });
  await ref.call.child("first");
  await ref.call.child("second");
  log.length = 0;
  await system.stop(ref);
  deepEqual(log, ["second ends", "first ends", "stopped: stopped"]);
});

Deno.test("a kill takes children along, without their onStop", async () => {
  const log: string[] = [];
  await using system = ActorSystem.local();
  const ref = await system.spawn(Lively, { args: [log] });
  await ref.call.child("first");
  const child = system.refAt<Named>(system.address, "Named~2");
  const end = new Promise((resolve) => system.watch(child, resolve));
  log.length = 0;
  system.kill(ref);
  deepEqual(await within(end, "the child's end"), { kind: "ended", reason: "killed", ref: child });
  deepEqual(log, []);
});

Deno.test("an actor that does not stop in time is killed", async () => {
  class Stubborn extends Actor {
    protected override onStop(): Promise<void> {
      return new Promise(() => {});
    }
  }
  const clock = new FakeClock();
  await using system = ActorSystem.local({ clock });
  const ref = await system.spawn(Stubborn, { shutdown: 300 });
  let reason: EndReason | null = null;
  const stopped = system.stop(ref).then((end) => reason = end);
  await clock.run(299);
  equal(reason, null);
  await clock.run(1);
  equal(await within(stopped, "the end"), "killed");
});

Deno.test("a system stops its actors in reverse order and takes no more", async () => {
  const log: string[] = [];
  const system = ActorSystem.local();
  for (const name of ["a", "b", "c"]) await system.spawn(Named, { args: [name, log] });
  await system.close();
  await system.close();
  deepEqual(log, ["c ends", "b ends", "a ends"]);
  await rejects(system.spawn(Named, { args: ["d", log] }), ConnectionError);
});

Deno.test("a name is taken as long as its actor lives", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Probe, { name: "probe" });
  await rejects(system.spawn(Probe, { name: "probe" }), NameTaken);
  await system.stop(ref);
  const again = await system.spawn(Probe, { name: "probe" });
  equal(await ref.call.overridden(), "derived", "an old reference reaches the new actor of the name");
  equal(String(again), "probe@node.local");
});

Deno.test("options that can't be meant are refused before anything starts", async () => {
  await using system = ActorSystem.local();
  const spawn = (options: object) => () => system.spawn(Probe, options);
  throws(spawn({ name: "a.b" }), /Cannot use "a.b" as an actor's name/);
  throws(spawn({ name: "" }), TypeError);
  throws(spawn({ mailbox: 0 }), RangeError);
  throws(spawn({ mailbox: 1.5 }), RangeError);
  throws(spawn({ shutdown: -1 }), RangeError);
  throws(spawn({ args: "x" }), /args is not an array/);
  throws(spawn({ unique: true }), /without a name/);
  throws(spawn({ nmae: "x" }), /option "nmae": it is unknown; there are name, unique/);
  throws(() => system.spawn(class NoActor {} as unknown as typeof Probe), /"NoActor": it does not extend Actor/);
  throws(() => system.ref("a b"), TypeError);
});

Deno.test("what an actor logs carries its name", async () => {
  class Talker extends Actor {
    talk(): void {
      this.context.log("info", "hello", { more: 1 });
    }
  }
  const lines: unknown[] = [];
  await using system = ActorSystem.local({ log: (...line) => lines.push(line) });
  const ref = await system.spawn(Talker, { name: "talker" });
  await ref.call.talk();
  deepEqual(lines, [["info", "hello", { actor: "talker", more: 1 }]]);
});
