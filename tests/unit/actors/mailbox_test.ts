/** How an actor handles what is sent to it: order, one at a time, priorities, bounds. @module */
import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { Actor, type WatchEvent } from "../../../actors/actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import { Mailbox } from "../../../actors/mailbox.ts";
import type { Ref } from "../../../actors/ref.ts";
import { fc } from "../../../deps/fast_check.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { within } from "../../../testing/within.ts";
import { ConnectionError, MailboxFull } from "../../../wire/errors.ts";

/** Writes down what it is told; `hold` stays in its method until the gate opens. */
class Recorder extends Actor {
  readonly #seen: unknown[];
  readonly #gate: Promise<void>;

  constructor(seen: unknown[], gate: Promise<void> = Promise.resolve()) {
    super();
    this.#seen = seen;
    this.#gate = gate;
  }

  note(value: unknown): void {
    this.#seen.push(value);
  }

  async hold(value: unknown): Promise<void> {
    this.#seen.push(`${value} begins`);
    await this.#gate;
    this.#seen.push(`${value} ends`);
  }

  seen(): readonly unknown[] {
    return [...this.#seen];
  }

  watchOver(ref: Ref<object>): void {
    this.context.watch(ref);
  }

  protected override onWatched(event: WatchEvent): void {
    this.#seen.push(event.kind === "ended" ? `ended: ${event.reason}` : event.kind);
  }
}

Deno.test("casts and calls are handled in the order in which they were sent, async methods included", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 60 }), async (plan) => {
      await using system = ActorSystem.local();
      const ref = await system.spawn(Recorder, { args: [[]] });
      const wanted: unknown[] = [];
      plan.forEach((isAsync, i) => {
        if (isAsync) {
          ref.cast.hold(i);
          wanted.push(`${i} begins`, `${i} ends`);
        } else {
          ref.cast.note(i);
          wanted.push(i);
        }
      });
      deepEqual(await within(ref.call.seen(), "the list"), wanted);
    }),
    { numRuns: 30 },
  );
});

Deno.test("no message starts before the async method before it is done", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  await using system = ActorSystem.local();
  const ref = await system.spawn(Recorder, { args: [seen, gate.promise] });
  ref.cast.hold("first");
  const second = ref.call.note("second");
  await Promise.resolve();
  await Promise.resolve();
  deepEqual(seen, ["first begins"]);
  gate.resolve();
  await within(second, "the second");
  deepEqual(seen, ["first begins", "first ends", "second"]);
});

Deno.test("synchronous messages of one turn are handled without giving up the thread in between", async () => {
  const seen: unknown[] = [];
  await using system = ActorSystem.local();
  const ref = await system.spawn(Recorder, { args: [seen] });
  for (let i = 0; i < 50; i++) ref.cast.note(i);
  await Promise.resolve();
  await Promise.resolve();
  equal(seen.length, 50);
});

Deno.test("what an actor is told of others comes before waiting messages", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  await using system = ActorSystem.local();
  const other = await system.spawn(Recorder, { args: [[]] });
  const ref = await system.spawn(Recorder, { args: [seen, gate.promise] });
  await ref.call.watchOver(other);
  ref.cast.hold("first");
  ref.cast.note("waiting");
  await within(system.stop(other), "the end of the other");
  gate.resolve();
  await within(ref.call.seen(), "the list");
  deepEqual(seen, ["first begins", "first ends", "ended: stopped", "waiting"]);
});

Deno.test("a stop lets the running method finish and refuses what waits", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  await using system = ActorSystem.local();
  const ref = await system.spawn(Recorder, { args: [seen, gate.promise] });
  const running = ref.call.hold("first");
  const waiting = ref.call.note("waiting");
  const refused = rejects(waiting, ConnectionError);
  await Promise.resolve();
  const stopped = system.stop(ref);
  await within(refused, "the refusal");
  gate.resolve();
  equal(await within(running, "the running call"), undefined);
  equal(await within(stopped, "the end"), "stopped");
  deepEqual(seen, ["first begins", "first ends"]);
});

Deno.test("a kill does not wait for the running method, and its caller is told", async () => {
  const gate = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  await using system = ActorSystem.local();
  const ref = await system.spawn(Recorder, { args: [seen, gate.promise] });
  const running = rejects(ref.call.hold("first"), /killed/);
  await Promise.resolve();
  const stopped = system.stop(ref);
  system.kill(ref);
  await within(running, "the caller's error");
  equal(await within(stopped, "the end"), "killed");
  gate.resolve();
  await gate.promise;
  await Promise.resolve();
  deepEqual(seen, ["first begins", "first ends"], "an abandoned method runs on");
});

/** Answers when told to, and goes on meanwhile. */
class Clerk extends Actor {
  #decided = Promise.withResolvers<string>();
  ask(): Promise<string> {
    return this.context.replyLater(this.#decided.promise);
  }
  decide(answer: string): void {
    this.#decided.resolve(answer);
  }
  despair(): void {
    this.#decided.reject(new Error("no idea"));
  }
  quit(): void {
    this.context.stop();
  }
}

Deno.test("a method may reply later, and the actor goes on meanwhile", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Clerk);
  const answers = [ref.call.ask(), ref.call.ask()];
  await within(ref.call.decide("yes"), "the next message");
  deepEqual(await within(Promise.all(answers), "the answers"), ["yes", "yes"]);
});

Deno.test("a later reply that fails is an error for its caller; after a cast it ends the actor", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Clerk);
  const failed = rejects(ref.call.ask(), /threw Error: no idea/);
  await ref.call.despair();
  await within(failed, "the error");
  const end = new Promise<WatchEvent>((resolve) => system.watch(ref, resolve));
  ref.cast.ask();
  deepEqual(await within(end, "the end"), { kind: "ended", reason: "failed: Error: no idea", ref });
});

Deno.test("who waits for a later reply is told when the actor ends first", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Clerk);
  const waiting = rejects(ref.call.ask(), ConnectionError);
  await ref.call.quit();
  await within(waiting, "the end");
});

Deno.test("a full mailbox refuses casts and calls until drained", async () => {
  const gate = Promise.withResolvers<void>();
  await using system = ActorSystem.local();
  const ref = await system.spawn(Recorder, { args: [[], gate.promise], mailbox: 10, name: "small" });
  const running = ref.call.hold("first");
  await Promise.resolve();
  for (let i = 0; i < 10; i++) ref.cast.note(i);
  throws(() => ref.cast.note("too much"), (error) => {
    match(String(error), /MailboxFull: Cannot send "note" to actor "small": its mailbox holds 10 messages/);
    return error instanceof MailboxFull;
  });
  await rejects(ref.call.note("too much"), MailboxFull);
  let isDrained = false;
  const drained = ref.drained().then(() => isDrained = true);
  await Promise.resolve();
  equal(isDrained, false);
  gate.resolve();
  await within(drained, "drained");
  await within(running, "the first");
  ref.cast.note("fits again");
  equal((await ref.call.seen()).at(-1), "fits again");
});

Deno.test("drained means less than half full", async () => {
  const mailbox = new Mailbox(10);
  const message = { method: "m", args: [], from: "node.local", reply: null, task: null, onTaken: null } as const;
  for (let i = 0; i < 10; i++) mailbox.push(message);
  let isDrained = false;
  const drained = mailbox.drained().then(() => isDrained = true);
  for (let left = 9; left >= 5; left--) mailbox.take();
  await null;
  equal(isDrained, false);
  mailbox.take();
  await within(drained, "drained");
  await within(mailbox.drained(), "drained already");
});

Deno.test("drained() also resolves when the actor ends", async () => {
  const gate = Promise.withResolvers<void>();
  await using system = ActorSystem.local();
  const ref = await system.spawn(Recorder, { args: [[], gate.promise], mailbox: 2 });
  ref.cast.hold("first");
  await Promise.resolve();
  ref.cast.note(1);
  ref.cast.note(2);
  const drained = ref.drained();
  system.kill(ref);
  await within(drained, "drained");
  gate.resolve();
});

/** Keeps another one busy, which keeps it busy. */
class Player extends Actor {
  hit(back: Ref<Player>): void {
    back.cast.hit(this.context.self as Ref<Player>);
  }
}

Deno.test("two actors that keep each other busy for ever do not starve timers", async () => {
  await using system = ActorSystem.local();
  const one = await system.spawn(Player);
  const other = await system.spawn(Player);
  one.cast.hit(other);
  await within(new Promise<void>((resolve) => setTimeout(resolve, 1)), "a timer");
  system.kill(one);
  system.kill(other);
});

Deno.test("a watch's listener that throws is logged, and harms neither the actor nor other listeners", async () => {
  const lines: string[] = [];
  await using system = ActorSystem.local({ log: (level, message) => lines.push(`${level} ${message}`) });
  const ref = await system.spawn(Player, { name: "player" });
  system.watch(ref, () => {
    throw new Error("listener");
  });
  const end = new Promise<WatchEvent>((resolve) => system.watch(ref, resolve));
  equal(await system.stop(ref), "stopped");
  equal((await within(end, "the other listener")).kind, "ended");
  deepEqual(lines, ['error A listener on actor "player@node.local" threw']);
});

class Sleeper extends Actor {
  readonly log: string[];
  constructor(log: string[]) {
    super();
    this.log = log;
  }
  plan(ms: number, what: string): void {
    this.context.after(ms, () => this.log.push(what));
  }
  planAndTakeBack(ms: number): void {
    this.context.after(ms, () => this.log.push("never"))();
  }
  planFailure(ms: number): void {
    this.context.after(ms, () => {
      throw new Error("late");
    });
  }
}

Deno.test("timers run in the actor's turn, can be taken back, and end with the actor", async () => {
  const clock = new FakeClock();
  const log: string[] = [];
  const system = ActorSystem.local({ clock });
  const ref = await system.spawn(Sleeper, { args: [log] });
  await ref.call.plan(100, "soon");
  await ref.call.planAndTakeBack(50);
  await ref.call.plan(10_000, "after the end");
  await clock.run(100);
  deepEqual(log, ["soon"]);
  await system.stop(ref);
  equal(clock.pending, 0);
  await clock.run(20_000);
  deepEqual(log, ["soon"]);
  await system.close();
});

Deno.test("a timer's task that throws ends the actor", async () => {
  const clock = new FakeClock();
  await using system = ActorSystem.local({ clock });
  const ref = await system.spawn(Sleeper, { args: [[]] });
  const end = Promise.withResolvers<WatchEvent>();
  system.watch(ref, end.resolve);
  await ref.call.planFailure(10);
  await clock.run(10);
  deepEqual(await within(end.promise, "the end"), { kind: "ended", reason: "failed: Error: late", ref });
});
