/** Unique names: looked up from any node, held by one, moved and contested. @module */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { Actor, type WatchEvent } from "../../../actors/actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import { encodeNameMessage, parseNameMessage } from "../../../actors/name_message.ts";
import { NAME_QUEUE_BOUND } from "../../../actors/name_route.ts";
import type { Bus } from "../../../bus/bus.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { fc } from "../../../deps/fast_check.ts";
import { nameSubject } from "../../../protocol/subjects.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { within } from "../../../testing/within.ts";
import { ConnectionError, MailboxFull, NameTaken, NoRespondersError } from "../../../wire/errors.ts";
import { silentLog } from "../../../wire/log.ts";
import { FakeNet } from "./fake_links.ts";

class Store extends Actor {
  readonly #seen: unknown[] = [];
  note(value: unknown): number {
    return this.#seen.push(value);
  }
  seen(): unknown[] {
    return this.#seen;
  }
  where(): string {
    return this.context.system.address;
  }
}

/** Nodes with fake links; names go over a bus in memory. */
class Town implements AsyncDisposable {
  readonly broker = new MemoryBroker();
  readonly net = new FakeNet();
  readonly lines: string[] = [];
  readonly #systems: ActorSystem[] = [];
  readonly #buses: Bus[] = [];

  join(node: string, rank = 0): { system: ActorSystem; bus: Bus } {
    const bus = this.broker.connect();
    const log = (level: string, message: string) => void this.lines.push(`${level} ${message}`);
    const { system } = this.net.join(`node.${node}`, { bus, log, rank });
    this.#systems.push(system);
    this.#buses.push(bus);
    return { system, bus };
  }

  async [Symbol.asyncDispose]() {
    for (const system of this.#systems) await system.close();
    for (const bus of this.#buses) await bus.close();
  }
}

Deno.test("an actor is found by its name from any node, its own included", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const b = town.join("b").system;
  await a.spawn(Store, { name: "store" });
  equal(await within(b.ref<Store>("store").call.where(), "the reply"), "node.a");
  equal(await within(a.ref<Store>("store").call.where(), "the reply"), "node.a");
});

Deno.test("messages sent before the name is found arrive in order, ahead of later ones", async () => {
  await using town = new Town();
  await town.join("a").system.spawn(Store, { name: "store" });
  const b = town.join("b").system;
  const ref = b.ref<Store>("store");
  for (let i = 0; i < 5; i++) ref.cast.note(i);
  const sixth = ref.call.note(5);
  b.ref<Store>("store").cast.note(6);
  equal(await within(sixth, "the call"), 6);
  ref.cast.note(7);
  deepEqual(await ref.call.seen(), [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("a name nobody has: calls reject, casts are logged, and later it may be found", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const b = town.join("b").system;
  const ref = b.ref<Store>("store");
  ref.cast.note(0);
  await rejects(ref.call.note(1), (error) => {
    match(String(error), /Cannot send "note" to actor "store": no actor of this name lives in this system/);
    return error instanceof NoRespondersError;
  });
  deepEqual(town.lines, ['warn Dropping "note" for actor "store"']);
  await a.spawn(Store, { name: "store" });
  equal(await within(ref.call.note(2), "the call"), 1);
});

Deno.test("a spawn that fails gives its name back", async () => {
  class Broken extends Actor {
    constructor(where: string) {
      super();
      if (where === "constructor") throw new Error("broken");
    }
    protected override onStart(): Promise<void> {
      return Promise.reject(new Error("broken"));
    }
  }
  await using town = new Town();
  const a = town.join("a").system;
  for (const where of ["constructor", "onStart"]) {
    await rejects(a.spawn(Broken, { name: "store", args: [where] }), /broken/);
  }
  await town.join("b").system.spawn(Store, { name: "store" });
});

Deno.test("a child whose parent ends while its name is asked for is not started", async () => {
  let starts = 0;
  class Late extends Actor {
    protected override onStart(): void {
      starts += 1;
    }
  }
  class Parent extends Actor {
    adopt(): Promise<unknown> {
      return this.context.replyLater(this.context.spawn(Late, { name: "late" }));
    }
    protected override onStop(): void {}
  }
  await using town = new Town();
  const a = town.join("a").system;
  const parent = await a.spawn(Parent);
  const refused = rejects(parent.call.adopt(), ConnectionError);
  for (let i = 0; i < 3; i++) await null; // the parent is asking for the name now
  a.kill(parent);
  await within(refused, "the refusal");
  await rejects(town.join("b").system.ref<Store>("late").call.where(), NoRespondersError);
  equal(starts, 0);
});

Deno.test("what waits for a lookup is bounded", async () => {
  await using town = new Town();
  const b = town.join("b").system;
  const ref = b.ref<Store>("store");
  for (let i = 0; i < NAME_QUEUE_BOUND; i++) ref.cast.note(i);
  await rejects(ref.call.note(1), MailboxFull);
  await within(ref.drained(), "the lookup");
});

Deno.test("a name is taken in the whole system, and free when its actor ended", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const b = town.join("b").system;
  const held = await a.spawn(Store, { name: "store" });
  await rejects(b.spawn(Store, { name: "store" }), (error) => {
    match(String(error), /Cannot start actor "store": node.a has one of this name/);
    return error instanceof NameTaken;
  });
  await b.spawn(Store, { name: "other" });
  const ref = town.join("c").system.ref<Store>("store");
  equal(await ref.call.where(), "node.a");
  await a.stop(held);
  await b.spawn(Store, { name: "store" });
  await rejects(ref.call.where(), NoRespondersError);
  equal(await within(ref.call.where(), "the second"), "node.b", "the name is looked up again");
});

Deno.test("a name that was found before is asked for again for a second: its actor may be starting again", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const ref = town.join("b").system.ref<Store>("store");
  const held = await a.spawn(Store, { name: "store" });
  equal(await ref.call.note(0), 1);
  await a.stop(held);
  await rejects(ref.call.note(1), NoRespondersError, "who did not know is told at once");
  ref.cast.note(2);
  const patient = ref.call.note(3);
  await town.net.clock.run(500);
  await a.spawn(Store, { name: "store" });
  await town.net.clock.run(100);
  equal(await within(patient, "the reply"), 2, "in order");
  await a.stop(a.refAt("node.a", "store"));
  await rejects(ref.call.note(4), NoRespondersError);
  const late = rejects(ref.call.note(5), NoRespondersError);
  await town.net.clock.run(1_000);
  await within(late, "the error");
});

Deno.test("who was told of the end by a watch finds the next one without being refused first", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const b = town.join("b").system;
  const held = await a.spawn(Store, { name: "store" });
  const ref = b.ref<Store>("store");
  const ended = new Promise<WatchEvent>((resolve) => b.watch(ref, resolve));
  await ref.call.note(0);
  await a.stop(held);
  await within(ended, "the end");
  const next = ref.call.note(1);
  await town.net.clock.run(10);
  await a.spawn(Store, { name: "store" });
  await town.net.clock.run(100);
  equal(await within(next, "the reply"), 1);
});

Deno.test("a name that comes to the own node is reached there at once", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const b = town.join("b").system;
  const held = await a.spawn(Store, { name: "store" });
  const ref = b.ref<Store>("store");
  equal(await ref.call.where(), "node.a");
  await a.stop(held);
  const own = await b.spawn(Store, { name: "store" });
  equal(await within(ref.call.where(), "the reply"), "node.b");
  await b.stop(own);
  await a.spawn(Store, { name: "store" });
  const moved = ref.call.where();
  await town.net.clock.run(100);
  equal(await within(moved, "the reply"), "node.a", "and elsewhere again when it leaves");
});

Deno.test("names that are not unique meet no other node's", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const b = town.join("b").system;
  await a.spawn(Store, { name: "host", unique: false });
  await b.spawn(Store, { name: "host", unique: false });
  equal(await a.refAt<Store>("node.b", "host").call.where(), "node.b");
  equal(await a.refAt<Store>("node.a", "host").call.where(), "node.a");
  await rejects(a.ref<Store>("host").call.where(), NoRespondersError);
});

Deno.test("when the owner's node is down, the name is looked up again at the next message", async () => {
  await using town = new Town();
  const a = town.join("a");
  const b = town.join("b").system;
  const ref = town.join("c").system.ref<Store>("store");
  await a.system.spawn(Store, { name: "store" });
  equal(await ref.call.where(), "node.a");
  await a.bus.close();
  town.net.takeDown("node.a");
  await b.spawn(Store, { name: "store" });
  equal(await within(ref.call.where(), "the reply"), "node.b");
});

Deno.test("a watch by name tells of the end, and at once of a name nobody has", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const b = town.join("b").system;
  const reasons = async (ref: Parameters<typeof b.watch>[0]) => {
    const found: string[] = [];
    for await (const event of b.watch(ref)) found.push(event.kind === "ended" ? event.reason : event.kind);
    return found;
  };
  deepEqual(await within(reasons(b.ref<Store>("store")), "the notice"), ["unknown-actor"]);
  const held = await a.spawn(Store, { name: "store" });
  const told = reasons(b.ref<Store>("store"));
  await b.ref<Store>("store").call.where();
  await a.stop(held);
  deepEqual(await within(told, "the notice"), ["stopped"]);
});

Deno.test("a lookup waits for the bus to come back, within bounds", async () => {
  await using town = new Town();
  await town.join("a").system.spawn(Store, { name: "store" });
  const b = town.join("b");
  town.broker.disconnect(b.bus);
  const early = b.system.ref<Store>("store").call.where();
  town.broker.reconnect(b.bus);
  equal(await within(early, "the reply"), "node.a");
  const c = town.join("c");
  town.broker.disconnect(c.bus);
  const late = rejects(c.system.ref<Store>("store").call.where({ timeout: Infinity }), ConnectionError);
  await town.net.clock.run(5_000);
  await within(late, "the error");
});

for (const olderIsLower of [true, false]) {
  Deno.test(`of two claimants after a partition the older stays, the younger ends (${olderIsLower ? "lower" : "higher"} incarnation)`, async () => {
    await using town = new Town();
    const [older, younger] = olderIsLower
      ? [town.join("one"), town.join("two")]
      : [town.join("one"), town.join("two")].reverse();
    if (older === undefined || younger === undefined) throw new Error("two nodes were made");
    const stays = await older.system.spawn(Store, { name: "store" });
    await town.net.clock.run(1_000);
    town.broker.disconnect(older.bus);
    const goes = await younger.system.spawn(Store, { name: "store" });
    const ends: WatchEvent[] = [];
    const ended = Promise.withResolvers<void>();
    younger.system.watch(goes, (event) => {
      ends.push(event);
      ended.resolve();
    });
    town.broker.reconnect(older.bus);
    await within(ended.promise, "the end of the younger");
    const [end] = ends;
    match(
      end?.kind === "ended" ? end.reason : "",
      /^failed: NameTaken: Ending actor "store" on node\.\w+: node\.\w+ has held/,
    );
    equal(await stays.call.where(), older.system.address);
    equal(await within(younger.system.ref<Store>("store").call.where(), "the reply"), older.system.address);
  });
}

Deno.test("claims that met no reconnect find each other by their repeated announcements", async () => {
  await using town = new Town();
  const a = town.join("a");
  await a.system.spawn(Store, { name: "store" });
  const b = town.join("b").system;
  await b.spawn(Store, { name: "b-only" });
  const heard: string[] = [];
  const listener = town.broker.connect();
  listener.subscribe(nameSubject("test", "store"), (message) => {
    const said = parseNameMessage(message.data);
    if (said !== null) heard.push(said.kind);
  });
  await town.net.clock.run(30_000);
  await listener.flush();
  deepEqual(heard, ["claim"]);
  await town.net.clock.run(30_000);
  await listener.flush();
  deepEqual(heard, ["claim", "claim"]);
  await listener.close();
});

Deno.test("who may only publish on a name's subject can't take the name away", async () => {
  await using town = new Town();
  const a = town.join("a").system;
  const held = await a.spawn(Store, { name: "store" });
  const forger = town.broker.connect();
  const subject = nameSubject("test", "store");
  const forged = { address: "node.evil", incarnation: "0", ageMs: 1e9, token: "t" } as const;
  forger.publish(subject, encodeNameMessage({ kind: "claim", ...forged, echo: null }));
  forger.publish(subject, encodeNameMessage({ kind: "claim", ...forged, echo: "guess" }));
  forger.publish(subject, encodeNameMessage({ kind: "claim", ...forged, incarnation: "zzz", echo: "guess" }));
  forger.publish(subject, encodeNameMessage({ kind: "yield", ...forged, echo: "guess" }));
  forger.publish(subject, new TextEncoder().encode("{"));
  await forger.flush();
  equal(await held.call.where(), "node.a");
  equal(await within(a.ref<Store>("store").call.where(), "the reply"), "node.a");
  await forger.close();
});

Deno.test("a node of higher rank takes the name from one of lower rank, and from nobody else", async () => {
  await using town = new Town();
  const first = await town.join("a", 7).system.spawn(Store, { name: "store" });
  const ended = Promise.withResolvers<string>();
  first.watch((event) => event.kind === "ended" && ended.resolve(event.reason));
  await rejects(town.join("plain").system.spawn(Store, { name: "store" }), NameTaken);
  await rejects(town.join("lower", 6).system.spawn(Store, { name: "store" }), NameTaken);
  await town.join("b", 8).system.spawn(Store, { name: "store" });
  match(await within(ended.promise, "the end of the first"), /node\.b has/);
  equal(await within(town.join("c").system.ref<Store>("store").call.where(), "the reply"), "node.b");
  await town.join("d").system.spawn(Store, { name: "other" });
  await rejects(town.join("e", 9).system.spawn(Store, { name: "other" }), NameTaken);
});

Deno.test("a node with a rank takes a name whose owner does not answer, and is found though that one still listens", async () => {
  await using town = new Town();
  const stopped = town.broker.connect();
  let questions = 0;
  stopped.subscribe(nameSubject("test", "store"), () => void questions++);
  const looksUp = town.join("c").system.ref<Store>("store").call.where();
  await town.join("b", 8).system.spawn(Store, { name: "store" });
  equal(await within(looksUp, "the reply"), "node.b");
  // Of who looks it up before and after, of the one that takes it, and its claim.
  equal(questions >= 3, true, `${questions} questions`);
  await stopped.close();
});

Deno.test("two nodes that claim a name at the same moment end up with one owner", async () => {
  await using town = new Town();
  const systems = [town.join("a").system, town.join("b").system];
  const ends: string[] = [];
  const spawns = await Promise.allSettled(systems.map(async (system) => {
    const ref = await system.spawn(Store, { name: "store" });
    system.watch(ref, (event) => event.kind === "ended" && ends.push(event.reason));
  }));
  const refused = spawns.filter((spawn) => spawn.status === "rejected").length;
  await town.join("c").system.ref<Store>("store").call.where();
  equal(refused + ends.length, 1, `${refused} refused, ended: ${ends}`);
});

Deno.test("messages on name subjects survive the way, and all else is none", () => {
  const text = fc.string();
  const message = fc.oneof(
    fc.record({ kind: fc.constant("who" as const) }),
    fc.record({ kind: fc.constant("at" as const), address: text, incarnation: text, ageMs: fc.nat() }),
    fc.record({ kind: fc.constant("yield" as const), address: text, incarnation: text, echo: text }),
  );
  fc.assert(fc.property(message, (said) => deepEqual(parseNameMessage(encodeNameMessage(said)), said)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => equal(parseNameMessage(bytes), null)));
});

Deno.test("a system on a bus needs a name, and a bus or a server", async () => {
  const bus = new MemoryBroker().connect();
  await rejects(ActorSystem.connect({ name: "a.b", bus }), TypeError);
  await rejects(ActorSystem.connect({ name: "demo" }), /neither a NATS server nor a bus is given/);
  await rejects(ActorSystem.connect({ name: "demo", bus, window: 10 }), RangeError);
  await rejects(ActorSystem.connect({ name: "demo", bus, node: "a b" }), TypeError);
  await bus.close();
});

Deno.test("two systems on real links over a bus in memory find and call each other", async () => {
  const broker = new MemoryBroker();
  const clock = new FakeClock();
  const options = { name: "demo", clock, log: silentLog };
  const buses = [broker.connect(), broker.connect()] as const;
  {
    await using a = await ActorSystem.connect({ ...options, bus: buses[0] });
    await using b = await ActorSystem.connect({ ...options, bus: buses[1] });
    await a.spawn(Store, { name: "store" });
    const ref = b.ref<Store>("store");
    for (let i = 0; i < 3_000; i++) ref.cast.note(i);
    equal(await within(ref.call.note("last"), "the reply"), 3_001);
  }
  for (const bus of buses) await bus.close();
});
