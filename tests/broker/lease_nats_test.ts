/** The lease in a key-value bucket of a real `nats-server`. @module */
import { equal, match, ok, rejects } from "node:assert/strict";
import { Lease } from "../../store/jetstream/lease.ts";
import { openLeaseCell } from "../../store/jetstream/lease_cell.ts";
import { within } from "../../testing/within.ts";
import { systemClock } from "../../wire/clock.ts";
import { JetStreamPlace, jetStreamTest } from "./jetstream_place.ts";

const LEASE_MS = 900;

/** A contender with its own connection. */
async function contender(place: JetStreamPlace) {
  const connection = await place.connect();
  const cell = await openLeaseCell(connection, { cluster: "test", timeoutMs: LEASE_MS / 3 });
  const wait = (name: string, more: Partial<Parameters<typeof Lease.wait>[1]> = {}) =>
    Lease.wait(cell, { name, leaseMs: LEASE_MS, ...more });
  return { connection, cell, wait };
}

jetStreamTest("lease: the second waits, and leads at once when the first gives it back", async () => {
  await using place = await JetStreamPlace.make();
  const [one, two] = [await contender(place), await contender(place)];
  const first = await one.wait("one", { epoch: 1_000 });
  equal(first.epoch, 1_000);
  equal(first.valid, true);
  const told = Promise.withResolvers<string>();
  const standby = two.wait("two", { standingBy: told.resolve });
  equal(await within(told.promise, "the standby to see who leads"), "one");
  const givenAt = performance.now();
  await first[Symbol.asyncDispose]();
  await using second = await within(standby, "the standby to lead");
  ok(performance.now() - givenAt < LEASE_MS, "sooner than the lease would have ended");
  equal(second.epoch, 1_001);
  equal(first.valid, false);
});

jetStreamTest(
  "lease: of three one follows a leader whose process is gone, after the lease and not before",
  async () => {
    await using place = await JetStreamPlace.make();
    const [one, two, three] = [await contender(place), await contender(place), await contender(place)];
    await using first = await one.wait("one");
    const abort = new AbortController();
    const standbys = [two.wait("two", { signal: abort.signal }), three.wait("three", { signal: abort.signal })];
    const goneAt = performance.now();
    await one.connection.close();
    const second = await within(Promise.race(standbys), "a standby to lead");
    ok(performance.now() - goneAt < 2 * LEASE_MS + 1_000);
    equal(second.epoch, 2);
    equal(first.valid, false);
    abort.abort(new Error("enough"));
    const outcomes = await Promise.allSettled(standbys);
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    await second[Symbol.asyncDispose]();
  },
);

jetStreamTest(
  "lease: a leader whose process stood still is not valid when it goes on, and learns who leads",
  async () => {
    await using place = await JetStreamPlace.make();
    const [one, two] = [await contender(place), await contender(place)];
    // As a stopped process: no timer fires, while time goes by.
    let isStopped = false;
    const held: (() => void)[] = [];
    const setTimer: typeof systemClock.setTimer = (fire, delayMs) =>
      systemClock.setTimer(() => isStopped ? held.push(fire) : fire(), delayMs);
    await using first = await one.wait("one", { clock: { ...systemClock, setTimer } });
    isStopped = true;
    await using second = await within(two.wait("two"), "the standby to lead");
    equal(first.valid, false);
    equal(second.valid, true);
    isStopped = false;
    for (const fire of held) fire();
    match((await within(first.lost, "the old leader to learn it")).message, /"two" leads since epoch 2/);
    equal(second.valid, true);
  },
);

jetStreamTest(
  "lease: a server that goes away and comes back changes no leader, but nobody is valid meanwhile",
  async () => {
    await using place = await JetStreamPlace.make();
    const [one, two] = [await contender(place), await contender(place)];
    await using first = await one.wait("one");
    const abort = new AbortController();
    const standby = two.wait("two", { signal: abort.signal });
    // With a standby that can take over just as well, either may lead afterwards.
    abort.abort(new Error("only one"));
    await rejects(standby, { message: "only one" });
    await place.server.kill();
    const isInvalid = Promise.withResolvers<void>();
    const poll = setInterval(() => !first.valid && isInvalid.resolve(), 20);
    await within(isInvalid.promise, "the lease to end");
    clearInterval(poll);
    const valid = first.untilValid();
    await place.server.restart();
    await within(valid, "the lease to be renewed", 10_000);
    equal(first.epoch, 1);
  },
);
