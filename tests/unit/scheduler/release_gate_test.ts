import assert from "node:assert/strict";
import type { DispatchNumber, Epoch, HostId } from "../../../protocol/ids.ts";
import { ReleaseGate } from "../../../scheduler/release_gate.ts";

const [host, other] = ["h", "o"] as [HostId, HostId];
const epoch = 1 as Epoch;

function stage() {
  const sent: [HostId, Epoch, readonly number[]][] = [];
  const timers: (() => void)[] = [];
  const gate = new ReleaseGate({
    release: (...release) => void sent.push(release),
    after: (_delayMs, task) => timers.push(task),
  });
  return { gate, sent, timers, fire: () => timers.splice(0).forEach((task) => task()) };
}

function numbers(...list: number[]): DispatchNumber[] {
  return list as DispatchNumber[];
}

Deno.test("a release waits for one whole interval at least, with all of its time, so that its client has the result", () => {
  const { gate, sent, timers, fire } = stage();
  gate.add(host, epoch, numbers(1));
  gate.add(other, epoch, numbers(2));
  gate.add(host, 2 as Epoch, numbers(3));
  assert.equal(timers.length, 1);
  fire();
  assert.deepEqual(sent, [], "the interval may have begun long before");
  gate.add(host, epoch, numbers(4));
  fire();
  assert.deepEqual(sent, [[host, epoch, [1]], [host, 2, [3]], [other, epoch, [2]]]);
  fire();
  assert.deepEqual(sent.at(-1), [host, epoch, [4]]);
  assert.equal(timers.length, 0);
});

Deno.test("many are one message, and nothing is kept for a host that is gone", () => {
  const { gate, sent, fire } = stage();
  for (let number = 0; number < 3_000; number++) gate.add(host, epoch, numbers(number));
  gate.add(other, epoch, numbers(1));
  fire();
  gate.add(other, epoch, numbers(2));
  gate.forget(other);
  for (let looks = 0; looks < 3; looks++) fire();
  assert.deepEqual(sent.map(([to, , list]) => [to, list.length]), [[host, 3_000]]);
});
