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

Deno.test("releases go along with the next message to their host, and no other's", () => {
  const { gate, sent } = stage();
  gate.add(host, epoch, numbers(1));
  gate.add(other, epoch, numbers(2));
  gate.add(host, epoch, numbers(3));
  assert.deepEqual(sent, []);
  gate.flush(host);
  assert.deepEqual(sent, [[host, epoch, [1, 3]]]);
});

Deno.test("without a message they leave by themselves, once", () => {
  const { gate, sent, timers, fire } = stage();
  gate.add(host, epoch, numbers(1));
  gate.add(host, 2 as Epoch, numbers(2));
  assert.equal(timers.length, 1);
  fire();
  assert.deepEqual(sent, [[host, epoch, [1]], [host, 2, [2]]]);
  fire();
  assert.equal(sent.length, 2);
});

Deno.test("a full batch is not held, and nothing is kept for a host that is gone", () => {
  const { gate, sent, fire } = stage();
  gate.add(host, epoch, numbers(...Array.from({ length: 1_024 }, (_, index) => index)));
  assert.equal(sent.length, 1);
  gate.add(other, epoch, numbers(1));
  gate.forget(other);
  fire();
  assert.equal(sent.length, 1);
});
