import assert from "node:assert/strict";
import { type BacklogWatch, Outbox } from "../../../actors/outbox.ts";
import { Ref, type Route } from "../../../actors/ref.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { ConnectionError, MailboxFull } from "../../../wire/errors.ts";

interface Receiver {
  take(n: number): void;
}

/** A receiver with so much credit, which can be closed. */
function stage(credit: number, backlog: BacklogWatch | null = null) {
  const taken: number[] = [];
  const state = { credit, isClosed: false, drained: Promise.withResolvers<void>() };
  const route: Route = {
    address: { node: "host.h", actor: "receiver" },
    clock: new FakeClock(),
    post: (_method, [n]) => {
      if (state.isClosed) throw new ConnectionError("this node is closed");
      if (state.credit === 0) throw new MailboxFull("full");
      state.credit--;
      taken.push(n as number);
    },
    drained: () => state.drained.promise,
    watch: () => () => {},
  };
  const outbox = new Outbox(new Ref<Receiver>(route), backlog);
  const push = (...numbers: number[]) => {
    for (const n of numbers) outbox.push((cast) => cast.take(n));
  };
  const drain = async (more: number) => {
    state.credit += more;
    const { resolve } = state.drained;
    state.drained = Promise.withResolvers();
    resolve();
    await new Promise<void>((done) => setTimeout(done, 0));
  };
  return { taken, state, outbox, push, drain };
}

Deno.test("what the receiver does not take waits in order, also behind what is pushed later", async () => {
  const { taken, outbox, push, drain } = stage(1);
  push(1, 2, 3);
  assert.deepEqual([taken, outbox.length], [[1], 2]);
  await drain(1);
  push(4);
  assert.deepEqual([taken, outbox.length], [[1, 2], 2]);
  await drain(5);
  assert.deepEqual([taken, outbox.length], [[1, 2, 3, 4], 0]);
});

Deno.test("a closed outbox drops what waits and takes no more, and its wait ends", async () => {
  const { taken, outbox, push, drain } = stage(1);
  push(1, 2);
  outbox.close();
  push(3);
  await drain(5);
  assert.deepEqual([taken, outbox.length], [[1], 0]);
});

Deno.test("a node that is closed while casts wait drops them, and nothing is thrown where nobody could catch it", async () => {
  const { taken, state, outbox, push, drain } = stage(1);
  push(1, 2, 3);
  state.isClosed = true;
  await drain(0);
  assert.deepEqual([taken, outbox.length], [[1], 0]);
});

Deno.test("its owner is told when more bytes wait than the bound, and when less than half of it does", async () => {
  const told: boolean[] = [];
  const { taken, state, outbox, drain } = stage(1, { bytes: 100, changed: (behind) => void told.push(behind) });
  let asked = 0;
  const push = (n: number, bytes: number) =>
    outbox.push((cast) => cast.take(n), () => {
      asked++;
      return bytes;
    });
  push(1, 1_000);
  assert.deepEqual([told, asked], [[], 0], "what is taken at once is not weighed");
  push(2, 60);
  push(3, 30);
  assert.deepEqual([told, outbox.behind], [[], false]);
  push(4, 30);
  assert.deepEqual([told, outbox.behind], [[true], true]);
  await drain(1);
  assert.deepEqual([taken, told], [[1, 2], [true]], "60 of 100 wait");
  await drain(1);
  assert.deepEqual([taken, told, outbox.behind], [[1, 2, 3], [true, false], false]);
  push(5, 200);
  outbox.close();
  assert.deepEqual(told, [true, false, true], "a closed one tells no more");
  assert.equal(state.credit, 0);
});
