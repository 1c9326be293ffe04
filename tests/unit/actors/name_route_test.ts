/** Messages to a name while it is looked up and while its owner takes no more. @module */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { NameRoute } from "../../../actors/name_route.ts";
import { PendingCall } from "../../../actors/pending_call.ts";
import type { Route } from "../../../actors/ref.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { within } from "../../../testing/within.ts";
import { ConnectionError, MailboxFull, TimeoutError } from "../../../wire/errors.ts";
import { silentLog } from "../../../wire/log.ts";

/** A receiver that is full until told otherwise. */
class Door implements Route {
  readonly address = { node: "node.far", actor: "store" } as const;
  readonly posted: string[] = [];
  isFull = false;
  #waiting = Promise.withResolvers<void>();

  constructor(readonly clock: FakeClock) {}

  post(method: string): void {
    if (this.isFull) throw new MailboxFull("full");
    if (method === "unfit") throw new TypeError("unfit");
    this.posted.push(method);
  }
  drained(): Promise<void> {
    return this.isFull ? this.#waiting.promise : Promise.resolve();
  }
  open(): void {
    this.isFull = false;
    this.#waiting.resolve();
  }
  watch(): () => void {
    return () => {};
  }
}

function setUp() {
  const clock = new FakeClock();
  const door = new Door(clock);
  const found = Promise.withResolvers<Route | null>();
  const route = new NameRoute({
    name: "store",
    clock,
    log: silentLog,
    localRoute: () => null,
    lookUp: () => found.promise,
  });
  return { clock, door, found, route };
}

Deno.test("messages wait for a receiver that is full, and later ones do not overtake them", async () => {
  const { door, found, route } = setUp();
  door.isFull = true;
  route.post("first", [], null);
  found.resolve(door);
  for (let i = 0; i < 10; i++) await null;
  door.isFull = false;
  route.post("second", [], null);
  deepEqual(door.posted, []);
  door.open();
  await within(route.drained(), "the queue");
  deepEqual(door.posted, ["first", "second"]);
});

Deno.test("a call that gave up while it waited for the lookup is not sent", async () => {
  const { clock, door, found, route } = setUp();
  const pending = new PendingCall(() => "a call", { timeout: 100 }, clock);
  const late = rejects(pending.promise, TimeoutError);
  route.post("late", [], pending);
  route.post("patient", [], null);
  await clock.run(100);
  await within(late, "the time-out");
  found.resolve(door);
  await within(route.drained(), "the queue");
  deepEqual(door.posted, ["patient"]);
});

Deno.test("a message that can't be sent at all is answered, and holds up no other", async () => {
  const { clock, door, found, route } = setUp();
  const pending = new PendingCall(() => "a call", {}, clock);
  const unfit = rejects(pending.promise, TypeError);
  route.post("unfit", [], pending);
  route.post("next", [], null);
  found.resolve(door);
  await within(unfit, "the error");
  await within(route.drained(), "the queue");
  deepEqual(door.posted, ["next"]);
  equal(clock.pending, 0);
});

Deno.test("where nobody can be asked, calls reject with the reason", async () => {
  const { clock, found, route } = setUp();
  const pending = new PendingCall(() => "a call", {}, clock);
  route.post("call", [], pending);
  found.reject(new ConnectionError("no bus"));
  await within(rejects(pending.promise, /no bus/), "the error");
});
