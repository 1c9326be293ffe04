/** The order of deliveries, and who else gets a turn. @module */
import { deepEqual, equal, ok } from "node:assert/strict";
import { DeliveryQueue } from "../../../bus/delivery_queue.ts";
import { within } from "../../../testing/within.ts";

Deno.test("entries are handled in order, in one microtask, never inside push()", async () => {
  const handled: number[] = [];
  const queue = new DeliveryQueue<number>((entry) => handled.push(entry));
  for (const entry of [1, 2, 3]) queue.push(entry);
  deepEqual(handled, []);
  equal(queue.length, 3);
  await Promise.resolve();
  deepEqual(handled, [1, 2, 3]);
  equal(queue.length, 0);
});

Deno.test("what is pushed while entries are handled follows them", async () => {
  const handled: string[] = [];
  const queue = new DeliveryQueue<string>((entry) => {
    handled.push(entry);
    if (entry.length < 3) queue.push(`${entry}+`);
  });
  queue.push("a");
  queue.push("b");
  await Promise.resolve();
  deepEqual(handled, ["a", "b", "a+", "b+", "a++", "b++"]);
});

Deno.test("clear() gives what was not handled, also from inside a handler", async () => {
  const handled: number[] = [];
  let dropped: number[] = [];
  const queue = new DeliveryQueue<number>((entry) => {
    handled.push(entry);
    if (entry === 2) dropped = queue.clear();
  });
  for (const entry of [1, 2, 3, 4]) queue.push(entry);
  await Promise.resolve();
  deepEqual([handled, dropped], [[1, 2], [3, 4]]);
  queue.push(5);
  await Promise.resolve();
  deepEqual(handled, [1, 2, 5]);
});

Deno.test("a backlog of 50,000 is handled in order, and completely", async () => {
  const done = Promise.withResolvers<void>();
  let next = 0;
  const queue = new DeliveryQueue<number>((entry) => {
    equal(entry, next++);
    if (next === 50_000) done.resolve();
  });
  for (let entry = 0; entry < 50_000; entry++) queue.push(entry);
  await within(done.promise, "the end of the backlog");
  equal(queue.length, 0);
});

Deno.test("timers get their turn while two queues answer each other for ever", async () => {
  let running = true;
  let rounds = 0;
  const one: DeliveryQueue<number> = new DeliveryQueue((entry) => running && other.push(entry));
  const other: DeliveryQueue<number> = new DeliveryQueue((entry) => {
    // Bounded, so that a failure is a failure and no hang.
    if (running && ++rounds < 1_000_000) one.push(entry);
  });
  one.push(1);
  await new Promise<void>((resolve) => setTimeout(resolve, 1));
  running = false;
  ok(rounds < 1_000_000, "the timer came only after the queues had ended");
});
