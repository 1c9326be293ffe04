/** Calls and their options, errors and types. @module */
import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { Actor } from "../../../actors/actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import { type Ref, takeCallOptions } from "../../../actors/ref.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { within } from "../../../testing/within.ts";
import { NoRespondersError, RemoteError, TimeoutError } from "../../../wire/errors.ts";

class Desk extends Actor {
  #done = 0;
  async wait(promise: Promise<void>): Promise<string> {
    await promise;
    this.#done += 1;
    return "done";
  }
  done(): number {
    return this.#done;
  }
  echo(...values: unknown[]): unknown[] {
    return values;
  }
  fail(what: unknown): void {
    throw what;
  }
}

const OPTION_TABLE: readonly (readonly [args: unknown[], left: number])[] = [
  [[1, { timeout: 5 }], 1],
  [[{ timeout: 5, signal: new AbortController().signal }], 0],
  [[{ signal: new AbortController().signal }], 0],
  [[Object.assign(Object.create(null), { timeout: 5 })], 0],
  [[{}], 1],
  [[{ timeout: 5, other: 1 }], 1],
  [[{ timeout: 5 }, 1], 2],
  [[
    new (class {
      timeout = 5;
    })(),
  ], 1],
  [[[]], 1],
  [[null], 1],
  [[], 0],
];
for (const [args, left] of OPTION_TABLE) {
  const text = Deno.inspect(args, { depth: 1 });
  Deno.test(`of the arguments ${text}, ${left} are the method's and the rest are options`, () => {
    const taken = [...args];
    const options = takeCallOptions(taken);
    equal(taken.length, left);
    deepEqual(options, left < args.length ? args.at(-1) : {});
  });
}

Deno.test("options that can't be meant are refused at once", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Desk);
  throws(() => ref.call.done({ timeout: -1 }), RangeError);
  throws(() => ref.call.done({ timeout: "1" as unknown as number }), RangeError);
  throws(() => ref.call.done({ timeout: NaN }), RangeError);
  throws(() => ref.call.done({ signal: {} as AbortSignal }), TypeError);
});

Deno.test("a call gives up after its timeout, and the method runs on", async () => {
  const clock = new FakeClock();
  const gate = Promise.withResolvers<void>();
  await using system = ActorSystem.local({ clock });
  const ref = await system.spawn(Desk, { name: "desk" });
  const late = rejects(ref.call.wait(gate.promise, { timeout: 500 }), (error) => {
    match(String(error), /TimeoutError: Stopped waiting for "wait" on "desk@node.local": no reply within 500 ms/);
    return error instanceof TimeoutError;
  });
  await clock.run(500);
  await within(late, "the time-out");
  gate.resolve();
  equal(await ref.call.done(), 1);
});

Deno.test("a call without options gives up after 5 s, one with Infinity never", async () => {
  const clock = new FakeClock();
  const gate = Promise.withResolvers<void>();
  await using system = ActorSystem.local({ clock });
  const ref = await system.spawn(Desk);
  const patient = ref.call.wait(gate.promise, { timeout: Infinity });
  let isLate = false;
  const late = ref.call.done().catch(() => isLate = true);
  await clock.run(4_999);
  equal(isLate, false);
  await clock.run(1);
  await within(late, "the time-out");
  equal(isLate, true);
  equal(clock.pending, 0);
  gate.resolve();
  equal(await within(patient, "the patient call"), "done");
});

Deno.test("a signal ends the waiting with its reason, before or during the call", async () => {
  const gate = Promise.withResolvers<void>();
  await using system = ActorSystem.local();
  const ref = await system.spawn(Desk);
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = rejects(ref.call.wait(gate.promise, { signal: controller.signal }), reason);
  controller.abort(reason);
  await within(waiting, "the abort");
  await rejects(ref.call.echo(1, { signal: controller.signal }), reason);
  gate.resolve();
});

Deno.test("what is thrown and is no error arrives as the cause", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Desk);
  await rejects(ref.call.fail("just text"), (error) => {
    match(String(error), /threw just text/);
    return error instanceof RemoteError && error.cause === "just text" && error.remoteName === "string";
  });
});

Deno.test("local arguments and replies are handed over as they are", async () => {
  await using system = ActorSystem.local();
  const ref = await system.spawn(Desk);
  const value = { socket: () => 1 };
  equal((await ref.call.echo(value))[0], value);
});

Deno.test("a name nobody has: calls reject, casts are logged", async () => {
  const lines: string[] = [];
  await using system = ActorSystem.local({ log: (level, message) => lines.push(`${level} ${message}`) });
  const ref = system.ref<Desk>("desk");
  await rejects(ref.call.done(), NoRespondersError);
  ref.cast.done();
  match(lines.join(), /warn Cannot send "done" to actor "desk": no actor of this name lives on node.local/);
});

/** An interface as the roles of a cluster are: no class in reach. */
interface DeskApi {
  done(): number;
  wait(promise: Promise<void>): string;
  maybe?(): void;
  readonly size: number;
}

Deno.test("types follow the methods of a class or interface", async () => {
  await using system = ActorSystem.local();
  const ref: Ref<Desk> = await system.spawn(Desk, { name: "desk" });
  const byName = system.ref<DeskApi>("desk");
  const count: number = await byName.call.done();
  equal(count, 0);
  const text: Promise<string> = byName.call.wait(Promise.resolve(), { timeout: 100 });
  equal(await text, "done");
  const anyRef: Ref<object> = ref;
  equal(String(anyRef), "desk@node.local");

  // Never run: only the compiler looks at it.
  const wrong = async () => {
    // @ts-expect-error: an argument of the wrong type
    ref.cast.wait("soon");
    // @ts-expect-error: an argument too many
    ref.cast.done(1);
    // @ts-expect-error: an argument is missing
    await ref.call.wait();
    // @ts-expect-error: no option is called that
    await ref.call.done({ timeuot: 1 });
    // @ts-expect-error: the reply is a number
    const reply: string = await ref.call.done();
    // @ts-expect-error: casts have no options
    ref.cast.done({ timeout: 1 });
    // @ts-expect-error: casts have no reply
    const none: number = ref.cast.done();
    // @ts-expect-error: hooks are protected
    ref.cast.onStart();
    // @ts-expect-error: no such method
    byName.cast.close();
    // @ts-expect-error: not a method
    byName.call.size();
    // @ts-expect-error: the constructor takes no arguments
    await system.spawn(Desk, { args: [1] });
    // @ts-expect-error: the constructor's argument is missing
    await system.spawn(Labelled, { name: "x" });
    // @ts-expect-error: so are the options as a whole
    await system.spawn(Labelled);
    return [reply, none];
  };
  equal(typeof wrong, "function");
  const labelled = await system.spawn(Labelled, { args: ["x"] });
  equal(await labelled.call.self(), "x");
});

class Labelled extends Actor {
  readonly label: string;
  constructor(label: string) {
    super();
    this.label = label;
  }
  self(): string {
    const self = this.context.self as Ref<Labelled>;
    return typeof self.call.self === "function" ? this.label : "";
  }
}
