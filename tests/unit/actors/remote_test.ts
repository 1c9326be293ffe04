/** Actors of two nodes: one order, credit, and what happens when the other is gone. @module */
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { Actor, type WatchEvent } from "../../../actors/actor.ts";
import type { Ref } from "../../../actors/ref.ts";
import { KIND } from "../../../actors/actor_message.ts";
import { fc } from "../../../deps/fast_check.ts";
import { within } from "../../../testing/within.ts";
import {
  ConnectionError,
  MailboxFull,
  NoRespondersError,
  RemoteError,
  SerializationError,
  VersionMismatch,
} from "../../../wire/errors.ts";
import { FakeNet } from "./fake_links.ts";

class Server extends Actor {
  readonly #seen: unknown[] = [];
  gate: Promise<void> = Promise.resolve();

  note(...values: unknown[]): number {
    this.#seen.push(...values);
    return this.#seen.length;
  }
  seen(): unknown[] {
    return this.#seen;
  }
  async hold(): Promise<string> {
    await this.gate;
    return "held";
  }
  never(): Promise<void> {
    return new Promise(() => {});
  }
  refuse(): void {
    throw new VersionMismatch("Cannot join: you are 1, we are 2");
  }
  bad(): unknown {
    return () => 1;
  }
  sender(): string {
    return this.context.sender;
  }
  quit(): void {
    this.context.stop();
  }
  nothing(): void {}
}

async function pair(options: Parameters<FakeNet["join"]>[1] = {}) {
  const net = new FakeNet();
  const here = net.join("client.here", options);
  const there = net.join("host.there", options);
  const server = await there.system.spawn(Server, { name: "server", unique: false });
  const ref = here.system.refAt<Server>("host.there", "server");
  return {
    net,
    here,
    there,
    server,
    ref,
    async [Symbol.asyncDispose]() {
      await here.system.close();
      await there.system.close();
    },
  };
}

Deno.test("casts and calls to another node arrive in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (plan) => {
      await using nodes = await pair();
      const replies = plan.map((isCall, i) => isCall ? nodes.ref.call.note(i) : nodes.ref.cast.note(i));
      deepEqual(await within(nodes.ref.call.seen(), "the list"), plan.map((_, i) => i));
      deepEqual(await Promise.all(replies), plan.map((isCall, i) => isCall ? i + 1 : undefined));
    }),
    { numRuns: 20 },
  );
});

Deno.test("the actor knows which node a message came from", async () => {
  await using nodes = await pair();
  equal(await nodes.ref.call.sender(), "client.here");
  equal(await nodes.server.call.sender(), "host.there");
  equal(String(nodes.ref), "server@host.there");
});

Deno.test("a reply of undefined stays undefined", async () => {
  await using nodes = await pair();
  equal(await nodes.ref.call.nothing(), undefined);
});

Deno.test("errors keep their class as the cause", async () => {
  await using nodes = await pair();
  await rejects(nodes.ref.call.refuse(), (error) => {
    ok(error instanceof RemoteError && error.cause instanceof VersionMismatch);
    match(error.message, /"refuse" of actor "server" on host.there threw VersionMismatch: Cannot join: you are 1/);
    equal(error.remoteName, "VersionMismatch");
    return true;
  });
});

Deno.test("with the value codec any value travels; what can't is an error for the caller", async () => {
  await using nodes = await pair({ codec: "value" });
  const values = [new Map([["a", new Date(0)]]), undefined, -0, 10n ** 30n, new Set([1])];
  await nodes.ref.call.note(...values);
  deepEqual(await nodes.ref.call.seen(), values);
  await nodes.ref.call.note(-0);
  ok(Object.is((await nodes.ref.call.seen()).at(-1), -0));
  throws(() => nodes.ref.cast.note(Symbol("x")), SerializationError);
  await rejects(nodes.ref.call.note(Symbol("x")), SerializationError);
  await rejects(nodes.ref.call.bad(), (error) => error instanceof Error);
});

Deno.test("an actor that is not there: calls reject, casts are logged there", async () => {
  const lines: string[] = [];
  await using nodes = await pair({ log: (level, message) => lines.push(`${level} ${message}`) });
  const nobody = nodes.here.system.refAt<Server>("host.there", "nobody");
  await rejects(nobody.call.note(1), NoRespondersError);
  nobody.cast.note(1);
  await rejects(nobody.call.note(1), /no actor of this name lives on host.there/);
  match(lines.join(), /warn Cannot send "note" to actor "nobody"/);
});

Deno.test("calls that wait when the peer goes down are told so", async () => {
  await using nodes = await pair();
  const waiting = rejects(nodes.ref.call.never(), (error) => {
    match(String(error), /"never" on actor "server": its node host.there is down \(silent\)/);
    return error instanceof ConnectionError;
  });
  ok(nodes.here.link.watched.has("host.there"), "its liveness is watched while a call waits");
  nodes.net.takeDown("host.there");
  await within(waiting, "the error");
  equal(nodes.here.link.watched.size, 0);
});

Deno.test("liveness is watched only as long as something waits", async () => {
  await using nodes = await pair();
  await nodes.ref.call.note(1);
  equal(nodes.here.link.watched.size, 0);
  using _watch = nodes.here.system.watch(nodes.ref);
  equal(nodes.here.link.watched.size, 1);
});

Deno.test("a peer that came back as another life never answers calls to the old one", async () => {
  await using nodes = await pair();
  const old = rejects(nodes.ref.call.never({ timeout: Infinity }), ConnectionError);
  nodes.net.takeDown("host.there", "incarnation-changed");
  await within(old, "the old call");
  const again = nodes.net.join("host.there");
  await again.system.spawn(Server, { name: "server", unique: false });
  equal(await within(nodes.ref.call.note("new"), "the new call"), 1);
  await again.system.close();
});

Deno.test("a call refused because the actor ended while it waited says so", async () => {
  await using nodes = await pair();
  const waiting = rejects(
    nodes.ref.call.never(),
    (error) => error instanceof ConnectionError && /killed/.test(String(error)),
  );
  await nodes.server.call.sender().catch(() => {});
  nodes.there.system.kill(nodes.server);
  await within(waiting, "the refusal");
});

Deno.test("past the credit a cast throws, and drained() waits until half of it is free", async () => {
  const gate = Promise.withResolvers<void>();
  class Slow extends Actor {
    handled = 0;
    async first(): Promise<void> {
      await gate.promise;
    }
    one(): number {
      return ++this.handled;
    }
  }
  await using nodes = await pair();
  await nodes.there.system.spawn(Slow, { name: "slow", unique: false, mailbox: 1 });
  const slow = nodes.here.system.refAt<Slow>("host.there", "slow");
  slow.cast.first();
  for (let i = 1; i < 1_024; i++) slow.cast.one();
  throws(() => slow.cast.one(), (error) => error instanceof MailboxFull && /its credit is 1024/.test(error.message));
  await rejects(slow.call.one(), MailboxFull);
  let isDrained = false;
  const drained = slow.drained().then(() => isDrained = true);
  await nodes.server.call.seen();
  equal(isDrained, false);
  gate.resolve();
  await within(drained, "drained");
  equal(await slow.call.one(), 1_024, "not one of them is lost, though the mailbox is far smaller");
});

Deno.test("messages to an actor that is ending, and to none, are counted off too", async () => {
  class Lingering extends Actor {
    one(): void {}
    protected override onStop(): Promise<void> {
      return new Promise(() => {});
    }
  }
  await using nodes = await pair();
  const lingering = await nodes.there.system.spawn(Lingering, { name: "lingering", unique: false });
  const stopped = nodes.there.system.stop(lingering);
  for (const actor of ["lingering", "nobody"]) {
    const ref = nodes.here.system.refAt<Lingering>("host.there", actor);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 700; i++) ref.cast.one();
      await within(ref.drained(), "credit");
    }
  }
  nodes.there.system.kill(lingering);
  equal(await stopped, "killed");
});

Deno.test("what a hook does is not done in the name of the last sender", async () => {
  class Watcher extends Actor {
    readonly senders: string[] = [];
    begin(ref: Ref<object> | null): void {
      this.senders.push(this.context.sender);
      if (ref !== null) this.context.watch(ref);
    }
    list(): string[] {
      return this.senders;
    }
    protected override onWatched(): void {
      this.senders.push(this.context.sender);
    }
  }
  await using nodes = await pair();
  const watcher = await nodes.there.system.spawn(Watcher, { name: "watcher", unique: false });
  await watcher.call.begin(nodes.server);
  await nodes.here.system.refAt<Watcher>("host.there", "watcher").call.begin(null);
  await nodes.there.system.stop(nodes.server);
  deepEqual(await watcher.call.list(), ["host.there", "client.here", "host.there"]);
});

Deno.test("a full link refuses casts, but no reply is ever refused", async () => {
  await using nodes = await pair();
  nodes.there.link.full = true;
  const replies = [nodes.ref.call.note("a"), nodes.ref.call.note("b")];
  await nodes.server.call.seen();
  await nodes.server.call.seen();
  nodes.there.link.open();
  deepEqual(await within(Promise.all(replies), "the replies"), [1, 2]);
  nodes.here.link.full = true;
  throws(() => nodes.ref.cast.note("c"), MailboxFull);
  nodes.here.link.open();
  equal(await nodes.ref.call.note("d"), 3);
});

Deno.test("nothing overtakes a reply that waits for the link", async () => {
  await using nodes = await pair();
  const listener = await nodes.here.system.spawn(Server, { name: "listener", unique: false });
  const back = nodes.there.system.refAt<Server>("client.here", "listener");
  nodes.there.link.full = true;
  const first = nodes.ref.call.note("a");
  await nodes.server.call.seen();
  await nodes.server.call.seen();
  nodes.there.link.full = false;
  throws(() => back.cast.note("overtakes"), MailboxFull);
  const second = nodes.ref.call.note("b");
  await nodes.server.call.seen();
  await nodes.server.call.seen();
  const before = nodes.there.link.sent.length;
  nodes.there.link.open();
  deepEqual(await within(Promise.all([first, second]), "the replies"), [1, 2]);
  const replies = nodes.there.link.sent.slice(before).filter((message) => message[0] === KIND.reply);
  deepEqual(replies.map((message) => message[2]), [[1], [2]]);
  back.cast.note("in turn");
  await nodes.ref.call.seen();
  deepEqual(await listener.call.seen(), ["in turn"]);
});

Deno.test("a peer can't make its credit larger than it is", async () => {
  await using nodes = await pair();
  nodes.here.link.events?.message("host.there", "life-2", [KIND.taken, -1e9]);
  nodes.ref.cast.nothing();
  nodes.here.link.events?.message("host.there", "life-2", [KIND.taken, 1e9]);
  throws(() => {
    for (let i = 0; i <= 1_024; i++) nodes.ref.cast.nothing();
  }, MailboxFull);
});

Deno.test("messages that can't be read are logged or answered, and counted off", async () => {
  const lines: string[] = [];
  await using nodes = await pair({ log: (level, message) => lines.push(`${level} ${message}`) });
  const unreadable = new Uint8Array([0xc1]);
  for (let i = 0; i < 256; i++) {
    nodes.there.link.events?.message("client.here", "life-1", [KIND.cast, "server", "note", unreadable]);
  }
  nodes.there.link.events?.message("client.here", "life-1", [KIND.call, "server", "note", unreadable, 77]);
  match(lines[0] ?? "", /error Dropping "note" for actor "server": cannot read it/);
  const kinds = nodes.there.link.sent.map((message) => message[0]);
  deepEqual(kinds, [KIND.taken, KIND.threw]);
  equal(await nodes.ref.call.note(1), 1);
});

Deno.test("a watch tells of unreachable, reachable and the end, in order", async () => {
  await using nodes = await pair();
  const events: WatchEvent[] = [];
  const ended = Promise.withResolvers<void>();
  nodes.here.system.watch(nodes.ref, (event) => {
    events.push(event);
    if (event.kind === "ended") ended.resolve();
  });
  nodes.here.link.events?.unreachable("host.there", null);
  nodes.here.link.events?.reachable("host.there", "life-2");
  nodes.ref.cast.quit();
  await within(ended.promise, "the end");
  deepEqual(events.map((event) => event.kind === "ended" ? event.reason : event.kind), [
    "unreachable",
    "reachable",
    "stopped",
  ]);
});

for (
  const [what, expected] of [["down", "node-down"], ["unknown", "unknown-actor"], [
    "failed",
    "failed: VersionMismatch: Cannot join: you are 1, we are 2",
  ], ["killed", "killed"]] as const
) {
  Deno.test(`a watch of another node's actor ends with "${expected}" when it is ${what}`, async () => {
    await using nodes = await pair();
    const actor = what === "unknown" ? "nobody" : "server";
    const ref = nodes.here.system.refAt<Server>("host.there", actor);
    const loop = (async () => {
      const reasons = [];
      for await (const event of nodes.here.system.watch(ref)) {
        reasons.push(event.kind === "ended" ? event.reason : event.kind);
      }
      return reasons;
    })();
    await nodes.ref.call.note(1);
    if (what === "down") nodes.net.takeDown("host.there");
    if (what === "failed") ref.cast.refuse();
    if (what === "killed") nodes.there.system.kill(nodes.server);
    deepEqual(await within(loop, "the loop"), [expected]);
  });
}

Deno.test("of link states that nobody looked at, a loop tells only the last", async () => {
  await using nodes = await pair();
  const watch = nodes.here.system.watch(nodes.ref);
  for (const event of ["unreachable", "reachable", "unreachable"] as const) {
    nodes.here.link.events?.[event]("host.there", "life-2");
  }
  nodes.net.takeDown("host.there");
  const kinds: string[] = [];
  for await (const event of watch) kinds.push(event.kind);
  deepEqual(kinds, ["unreachable", "ended"]);
});

Deno.test("an actor watches another node's actor once, and no longer than it lives", async () => {
  class Watcher extends Actor {
    #told = 0;
    begin(ref: Ref<object>): void {
      this.context.watch(ref);
      this.context.watch(ref);
    }
    again(ref: Ref<object>): void {
      this.context.unwatch(ref);
      this.context.watch(ref);
    }
    told(): number {
      return this.#told;
    }
    protected override onWatched(): void {
      this.#told += 1;
    }
  }
  await using nodes = await pair();
  const watcher = await nodes.here.system.spawn(Watcher, { name: "watcher" });
  await watcher.call.begin(nodes.ref);
  await watcher.call.again(nodes.ref);
  const kinds = () => nodes.here.link.sent.map((message) => message[0]);
  deepEqual(kinds(), [KIND.watch, KIND.unwatch, KIND.watch]);
  nodes.here.link.events?.unreachable("host.there", null);
  equal(await watcher.call.told(), 1);
  await nodes.here.system.stop(watcher);
  deepEqual(kinds(), [KIND.watch, KIND.unwatch, KIND.watch, KIND.unwatch]);
  equal(nodes.here.link.watched.size, 0);
});

Deno.test("a watch that was stopped tells nothing, here and there", async () => {
  await using nodes = await pair();
  const events: unknown[] = [];
  const watch = nodes.here.system.watch(nodes.ref, (event) => events.push(event));
  await nodes.ref.call.note(1);
  watch.stop();
  await nodes.ref.call.note(2);
  await nodes.there.system.stop(nodes.server);
  ok(!nodes.there.link.sent.some((message) => message[0] === KIND.ended));
  deepEqual(events, []);
});

Deno.test("garbage from a peer harms nobody", async () => {
  await using nodes = await pair();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.anything(), { maxLength: 6 }), async (message) => {
      if (message[0] === KIND.cast || message[0] === KIND.call) message[1] = `not-${message[1]}`;
      nodes.there.link.events?.message("client.stranger", "x", message);
      equal(typeof await nodes.ref.call.note(1), "number");
    }),
    { numRuns: 200 },
  );
  const kinds = fc.tuple(fc.nat(12), fc.anything(), fc.anything(), fc.anything(), fc.anything());
  await fc.assert(
    fc.asyncProperty(kinds, async (message) => {
      nodes.there.link.events?.message("client.stranger", "x", message);
      equal(typeof await nodes.ref.call.note(1), "number");
    }),
    { numRuns: 500 },
  );
});

Deno.test("closing a node ends its calls", async () => {
  await using nodes = await pair();
  const waiting = rejects(nodes.ref.call.never(), /this node was closed/);
  await nodes.here.system.close();
  await within(waiting, "the error");
  nodes.there.system.kill(nodes.server);
});

/** Keeps the order in which things are told. */
class Witness extends Actor {
  readonly told: string[] = [];
  readonly #gate: Promise<void>;

  constructor(gate: Promise<void>) {
    super();
    this.#gate = gate;
  }

  follow(ref: Ref<Server>): void {
    this.context.watch(ref);
  }
  async hold(): Promise<void> {
    await this.#gate;
  }
  hear(text: string): void {
    this.told.push(text);
  }
  all(): string[] {
    return this.told;
  }
  protected override onWatched(event: WatchEvent): void {
    if (event.kind === "ended") this.told.push(event.reason as string);
  }
}

Deno.test("that another node is down is told behind what it said before, and before what its next link brings", async () => {
  await using nodes = await pair();
  const { here, there, net } = nodes;
  const gate = Promise.withResolvers<void>();
  const witness = await here.system.spawn(Witness, { name: "witness", unique: false, args: [gate.promise] });
  await witness.call.follow(nodes.ref);
  const held = witness.call.hold();
  const far = there.system.refAt<Witness>("client.here", "witness");
  far.cast.hear("before");
  await there.system.refAt<Server>("client.here", "nobody").call.nothing().catch(() => {});
  here.link.events?.down("host.there", there.link.incarnation, "silent");
  far.cast.hear("after");
  gate.resolve();
  await held;
  await far.call.hear("at last");
  deepEqual(await witness.call.all(), ["before", "node-down", "after", "at last"]);
  net.links.clear();
});
