import assert from "node:assert/strict";
import { parseFrame } from "../../../actors/frame.ts";
import { LinkClock } from "../../../actors/link_clock.ts";
import { LinkInbox } from "../../../actors/link_inbox.ts";
import { LinkOutbox } from "../../../actors/link_outbox.ts";
import { fc } from "../../../deps/fast_check.ts";
import { endsOf } from "./link_harness.ts";

const ENDS = endsOf({ toIncarnation: "y1", toGeneration: 1 });
const RECEIPT = { ack: 0, credit: 0 };
const MAX_PAYLOAD = 2_048;

/** All frames that may leave now. */
function leaving(outbox: LinkOutbox): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (;;) {
    const bytes = outbox.next(ENDS, RECEIPT, MAX_PAYLOAD);
    if (bytes === null) return frames;
    frames.push(bytes);
  }
}

Deno.test("nothing leaves an outbox without credit", () => {
  const outbox = new LinkOutbox();
  outbox.push(["one"], 10);
  assert.deepEqual(leaving(outbox), []);
  outbox.acknowledge(0, 1);
  assert.equal(leaving(outbox).length, 1);
});

Deno.test("an acknowledgement of frames that were never sent is ignored", () => {
  const outbox = new LinkOutbox();
  outbox.push(["one"], 10);
  assert.equal(outbox.acknowledge(1, 1_000), false);
  assert.deepEqual(leaving(outbox), [], "neither its credit");
});

Deno.test("old receipts change nothing, whatever their order", () => {
  const outbox = new LinkOutbox();
  outbox.acknowledge(0, 100_000);
  for (let i = 0; i < 3; i++) {
    outbox.push([i], 10);
    leaving(outbox);
  }
  assert.equal(outbox.acknowledge(2, 100_000), true);
  assert.equal(outbox.acknowledge(1, 50_000), false);
  assert.deepEqual([outbox.acked, outbox.unacknowledged().length], [2, 1]);
});

Deno.test("whatever goes into an outbox comes out of an inbox, and credit is never overdrawn by more than a frame", () => {
  const sizes = fc.array(fc.nat({ max: 6_000 }), { maxLength: 40 });
  fc.assert(fc.property(sizes, fc.integer({ min: 1, max: 8_000 }), (lengths, windowBytes) => {
    const [outbox, inbox] = [new LinkOutbox(), new LinkInbox(windowBytes)];
    lengths.forEach((length, index) => outbox.push([index, new Uint8Array(length).fill(index)], length + 10));
    const arrived: (readonly unknown[])[] = [];
    outbox.acknowledge(0, inbox.credit);
    for (let frames = leaving(outbox); frames.length > 0; frames = leaving(outbox)) {
      const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
      assert.ok(bytes < windowBytes + MAX_PAYLOAD);
      for (const frame of frames) arrived.push(...handle(inbox, frame));
      outbox.acknowledge(inbox.ack, inbox.credit);
    }
    assert.deepEqual(arrived, lengths.map((length, index) => [index, new Uint8Array(length).fill(index)]));
    assert.deepEqual([outbox.busy, outbox.queuedBytes, outbox.queuedMessages], [false, 0, 0]);
  }));
});

function handle(inbox: LinkInbox, bytes: Uint8Array): readonly (readonly unknown[])[] {
  assert.ok(bytes.length <= MAX_PAYLOAD);
  const frame = parseFrame(bytes);
  if (frame?.kind !== "data" && frame?.kind !== "part") return assert.fail("data or part");
  assert.equal(inbox.arrival(frame.seq), "next");
  inbox.take(bytes.length);
  if (frame.kind === "data") return frame.messages;
  assert.ok(inbox.fits(frame.offset, frame.total));
  const whole = inbox.assemble(frame.total, frame.chunk);
  if (whole === null) return [];
  const inner = parseFrame(whole);
  return inner?.kind === "data" ? inner.messages : assert.fail("data");
}

Deno.test("an inbox tells the next frame from one that was here and one that comes too early", () => {
  const inbox = new LinkInbox(1_000);
  inbox.take(10);
  assert.deepEqual([inbox.arrival(1), inbox.arrival(2), inbox.arrival(3)], ["repeated", "next", "early"]);
});

Deno.test("an inbox asks once for each gap, until it is told to ask again", () => {
  const inbox = new LinkInbox(1_000);
  assert.deepEqual([inbox.shouldAsk(), inbox.shouldAsk()], [true, false]);
  inbox.askAgain();
  assert.equal(inbox.shouldAsk(), true);
  inbox.take(10);
  assert.equal(inbox.shouldAsk(), true);
});

Deno.test("an inbox owes a receipt for what it took and what was repeated, and much at half a window", () => {
  const inbox = new LinkInbox(1_000);
  assert.equal(inbox.owes, false);
  inbox.take(499);
  assert.deepEqual([inbox.owes, inbox.owesMuch], [true, false]);
  inbox.take(1);
  assert.equal(inbox.owesMuch, true);
  inbox.receiptLeft();
  assert.deepEqual([inbox.owes, inbox.owesMuch, inbox.ack, inbox.credit], [false, false, 2, 1_500]);
  inbox.arrival(1);
  assert.equal(inbox.owes, true);
});

Deno.test("parts that do not continue what is there do not fit", () => {
  const inbox = new LinkInbox(1_000);
  assert.deepEqual([inbox.fits(0, 4), inbox.fits(2, 4)], [true, false]);
  assert.equal(inbox.assemble(4, new Uint8Array([1, 2])), null);
  assert.deepEqual([inbox.fits(2, 4), inbox.fits(0, 4), inbox.fits(2, 5)], [true, false, false]);
  assert.deepEqual(inbox.assemble(4, new Uint8Array([3, 4])), new Uint8Array([1, 2, 3, 4]));
  assert.equal(inbox.fits(0, 9), true);
});

Deno.test("the judge's clock stands still while the node is behind with what came in", () => {
  const clock = new LinkClock(0, 500, true);
  clock.tick(500, false);
  clock.tick(1_000, false);
  assert.equal(clock.countedMs, 0);
  clock.tick(1_500, true);
  assert.equal(clock.countedMs, 500);
});

Deno.test("the judge's clock counts one interval for a late tick, and nothing while away or in the time of grace", () => {
  const clock = new LinkClock(0, 500, true);
  clock.tick(500, true);
  assert.equal(clock.countedMs, 500);
  clock.tick(60_500, true);
  assert.equal(clock.countedMs, 1_000, "a late tick counts as one");
  clock.stop();
  clock.tick(61_000, true);
  assert.equal(clock.countedMs, 1_000, "nothing while away");
  clock.resume(61_200, 2_000);
  clock.tick(61_500, true);
  clock.tick(63_100, true);
  assert.equal(clock.countedMs, 1_000, "nothing in the time of grace");
  clock.tick(63_400, true);
  assert.equal(clock.countedMs, 1_200, "only what came after it");
});
