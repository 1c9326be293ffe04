import assert from "node:assert/strict";
import { FakeClock } from "../../../../testing/fake_clock.ts";
import { Network } from "../../../../testing/simulation/network.ts";

const BAD = { minMs: 1, maxMs: 50, doubled: 0.4, lost: 0.4 };
const GOOD = { minMs: 1, maxMs: 1, doubled: 0, lost: 0 };

function open(plan = BAD, seed = 1) {
  const clock = new FakeClock();
  const network = new Network(clock, seed, plan);
  const link = network.connect("h0");
  const heard: number[] = [];
  const send = (from: number, count: number) => {
    for (let i = from; i < from + count; i++) link.send("near", () => heard.push(i));
  };
  return { clock, network, link, heard, send };
}

Deno.test("what is sent arrives once and in order, though frames are lost, late and doubled", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { clock, heard, send } = open(BAD, seed);
    send(0, 50);
    clock.advance(20);
    send(50, 50);
    clock.advance(2_000);
    assert.deepEqual(heard, Array.from({ length: 100 }, (_, i) => i), `seed ${seed}`);
  }
});

Deno.test("a link that breaks delivers a beginning, and then each side learns of it, at its own time", () => {
  const times = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const { clock, link, heard, send } = open(BAD, seed);
    const downs: string[] = [];
    for (const side of ["near", "far"] as const) {
      link.onDown(side, () => {
        downs.push(side);
        times.add(Math.round(clock.now()));
      });
    }
    send(0, 100);
    clock.advance(25);
    link.break();
    send(100, 10);
    clock.advance(3_000);
    assert.deepEqual(downs.sort(), ["far", "near"]);
    assert.deepEqual(heard, Array.from({ length: heard.length }, (_, i) => i));
    assert.ok(heard.length < 100, "not all that was on its way");
    assert.deepEqual([link.isOpen("near"), link.isOpen("far")], [false, false]);
  }
  assert.ok(times.size > 30, "at different times");
});

Deno.test("a node that died hears nothing any more, and only the other side is told", () => {
  const { clock, link } = open(GOOD);
  const downs: string[] = [];
  for (const side of ["near", "far"] as const) link.onDown(side, () => downs.push(side));
  link.send("far", () => assert.fail("it is dead"));
  link.die("near");
  clock.advance(5_000);
  assert.deepEqual(downs, ["far"]);
});

Deno.test("nothing arrives while the network is away or a link stalls, and all of it afterwards", () => {
  const { clock, network, link, heard, send } = open(GOOD);
  network.goAway(1_000);
  send(0, 3);
  clock.advance(1_000);
  assert.deepEqual(heard, []);
  clock.advance(5);
  assert.deepEqual(heard, [0, 1, 2]);
  link.stall(500);
  send(3, 1);
  clock.advance(499);
  assert.deepEqual(heard, [0, 1, 2]);
  clock.advance(1);
  assert.deepEqual(heard, [0, 1, 2, 3]);
});
