/** Leadership by lease, in simulated time: never two at once, and soon one again. @module */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { SimulatedContender, SimulatedServer } from "./simulated_contender.ts";
import { Lease } from "../../../store/jetstream/lease.ts";

const STEP_MS = 10;

/** A server, contenders, and the epochs in the order in which they were won. */
function lab(rates: readonly number[], seed = 1) {
  const clock = new FakeClock();
  const server = new SimulatedServer(clock, randomFrom(seed));
  const epochs: number[] = [];
  const contenders = rates.map((rate, index) =>
    new SimulatedContender(server, `c${index}`, rate, (epoch) => epochs.push(epoch))
  );
  const leaders = () => contenders.filter(({ lease }) => lease?.valid === true);
  const run = async (ms: number, look = () => {}) => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await clock.run(STEP_MS);
      ok(leaders().length <= 1, `${leaders().length} are valid at ${clock.now()} ms`);
      look();
    }
  };
  return { clock, server, contenders, epochs, leaders, run };
}

Deno.test("of three contenders one leads, and goes on leading", async () => {
  const { run, leaders, epochs } = lab([1, 1, 1]);
  await run(500);
  const [first] = leaders();
  await run(20_000, () => equal(leaders()[0], first));
  equal(epochs.length, 1);
});

Deno.test("a killed leader is followed within the lease and a little more, by a higher epoch", async () => {
  const { run, leaders, epochs } = lab([1, 1, 1]);
  await run(1_000);
  for (let round = 0; round < 5; round++) {
    const killed = leaders()[0];
    killed?.kill();
    await run(2_700);
    equal(leaders().length, 1);
    killed?.start();
    await run(1_000 + round * 130);
  }
  deepEqual(epochs, epochs.toSorted((a, b) => a - b));
  equal(new Set(epochs).size, epochs.length);
});

Deno.test("a leader that was stopped is not valid when it wakes up, and learns who leads", async () => {
  const { run, leaders, contenders } = lab([1, 1]);
  await run(1_000);
  const [stopped] = leaders();
  ok(stopped);
  const { lease } = stopped;
  ok(lease);
  stopped.isStopped = true;
  await run(4_000);
  const [successor] = leaders();
  ok(successor !== undefined && successor !== stopped);
  stopped.resume();
  equal(lease.valid, false);
  await run(1_000);
  ok((await lease.lost).message.includes(`"c${contenders.indexOf(successor)}" leads since epoch 2`));
  await rejects(lease.untilValid());
});

Deno.test("a leader that was cut off while nobody else could lead is valid again afterwards", async () => {
  const { run, leaders, contenders, epochs } = lab([1, 1]);
  await run(1_000);
  const { lease } = leaders()[0] ?? {};
  ok(lease);
  for (const each of contenders) each.isCut = true;
  await run(3_000);
  equal(lease.valid, false);
  const valid = lease.untilValid();
  for (const each of contenders) each.isCut = false;
  await run(2_500);
  await valid;
  equal(lease.valid, true);
  equal(epochs.length, 1);
});

Deno.test("a lease that is given back passes on at once, and is not valid from the call on", async () => {
  const { run, leaders } = lab([1, 1]);
  await run(1_000);
  const [first] = leaders();
  ok(first?.lease);
  const { lease } = first;
  const given = first.release();
  equal(lease.valid, false);
  await run(600);
  await given;
  equal(leaders().length, 1);
  ok(leaders()[0]?.lease !== lease);
});

Deno.test("a machine that slept does not lead when it wakes up, though its monotonic clock stood still", async () => {
  const { run, leaders, clock } = lab([1]);
  await run(1_000);
  const { lease } = leaders()[0] ?? {};
  ok(lease);
  const { wallTime } = clock;
  clock.wallTime = () => wallTime.call(clock) + 3_600_000;
  equal(lease.valid, false);
  await run(1_000);
  equal(lease.valid, true, "its next renewal shows that nobody else leads");
});

Deno.test("who comes after itself leads at once, by a higher epoch", async () => {
  const clock = new FakeClock();
  let newest = { revision: 0, text: "" };
  const cell = {
    read: () => Promise.resolve(newest.revision === 0 ? null : newest),
    write: (text: string, expected: number) => {
      if (expected !== newest.revision) return Promise.resolve(null);
      newest = { revision: expected + 1, text };
      return Promise.resolve(newest.revision);
    },
    watch: () => ({ [Symbol.dispose]() {} }),
  };
  // It ends without a word.
  await Lease.wait(cell, { name: "first life", holder: "h", clock });
  const waits = new AbortController();
  const other = rejects(Lease.wait(cell, { name: "another", clock, signal: waits.signal }), /enough/);
  const next = await Lease.wait(cell, { name: "next life", holder: "h", clock });
  deepEqual([next.epoch, next.valid], [2, true]);
  waits.abort(new Error("enough"));
  await other;
  await next[Symbol.asyncDispose]();
});

Deno.test("waiting ends with the reason of its signal", async () => {
  const { run, contenders, clock } = lab([1]);
  await run(500);
  const controller = new AbortController();
  const [leader] = contenders;
  ok(leader);
  const waiting = Lease.wait(leader.process, { name: "late", clock, signal: controller.signal });
  await run(100);
  controller.abort(new RangeError("enough"));
  await rejects(waiting, { name: "RangeError", message: "enough" });
});

const action = fc.record({
  afterMs: fc.integer({ min: 0, max: 3_000 }),
  who: fc.nat({ max: 2 }),
  what: fc.constantFrom("stop", "resume", "cut", "heal", "kill", "start", "release"),
});

Deno.test("whoever is stopped, cut off, killed or slow: never two are valid, and in the end one is", async () => {
  const rates = fc.array(fc.double({ min: 0.96, max: 1.04, noNaN: true }), { minLength: 3, maxLength: 3 });
  const story = fc.array(action, { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(rates, story, fc.integer(), async (rates, story, seed) => {
      const { run, leaders, contenders, epochs, server } = lab(rates, seed);
      server.slowPart = 0.05;
      for (const { afterMs, who, what } of story) {
        await run(afterMs);
        const contender = contenders[who];
        ok(contender);
        if (what === "stop") contender.isStopped = true;
        else if (what === "resume") contender.resume();
        else if (what === "cut") contender.isCut = true;
        else if (what === "heal") contender.isCut = false;
        else if (what === "kill") contender.kill();
        else if (what === "start") contender.start();
        else void contender.release();
      }
      for (const each of contenders) {
        each.isCut = false;
        each.resume();
        if (each.lease?.valid !== true) each.start();
      }
      server.slowPart = 0;
      await run(6_000);
      equal(leaders().length, 1);
      deepEqual(epochs, [...new Set(epochs)].toSorted((a, b) => a - b), "each epoch is higher than all before");
    }),
    { numRuns: 60 },
  );
});

/** mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
