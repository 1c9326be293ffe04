import assert from "node:assert/strict";
import { ReceivedCodes } from "../../../host/received_codes.ts";
import { DirectRuns } from "../../../host/direct_runs.ts";
import { directOutcome } from "../../../host/direct_outcome.ts";
import { HeldRuns } from "../../../host/held_runs.ts";
import { ResultBatches } from "../../../host/result_batches.ts";
import { endWith } from "../../../host/run_end.ts";
import type { DispatchNumber, EngineUuid, Epoch, HostId, Session } from "../../../protocol/ids.ts";
import { ENDED } from "../../../protocol/messages.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { scheduledRun } from "./run_fixture.ts";

const epoch = 1 as Epoch;
const n = (number: number) => number as DispatchNumber;
const session = "abcdefghij" as Session;
const uuid = "u-1" as EngineUuid;

Deno.test("held runs are told with their state, and results with their age", () => {
  const held = new HeldRuns();
  const [queued, running, ended, sent] = [scheduledRun(1), scheduledRun(2), scheduledRun(3), scheduledRun(4)];
  running.state = "running";
  sent.state = "sent";
  [queued, running, ended, sent].forEach((run, index) => assert.ok(held.add(epoch, n(index + 1), run)));
  assert.equal(held.add(epoch, n(1), scheduledRun(1)), false);
  held.ended(epoch, n(3), endWith({ kind: "returned" }, 100, 7), uuid);
  assert.deepEqual(held.messages(150), [
    ["abc-1", 1, 1, 1, 0, "queued"],
    ["abc-2", 1, 2, 1, 0, "running"],
    ["abc-3", 1, 3, 1, 0, "ended", [3, ENDED.returned, null, 7, 50], "u-1"],
    ["abc-4", 1, 4, 1, 0, "queued"],
  ]);
});

Deno.test("a release forgets what has ended, and nothing that runs", () => {
  const held = new HeldRuns();
  held.add(epoch, n(1), scheduledRun(1));
  held.add(epoch, n(2), scheduledRun(2));
  held.ended(epoch, n(1), endWith({ kind: "aborted" }, 0), null);
  held.release(epoch, [n(1), n(2), n(99)]);
  held.release(2 as Epoch, [n(2)]);
  assert.deepEqual([held.get(epoch, n(1)), held.get(epoch, n(2))?.task], [null, "abc-2"]);
  held.ended(epoch, n(2), endWith({ kind: "aborted" }, 0), null);
  held.release(epoch, [n(2)]);
  assert.deepEqual(held.messages(0), []);
});

Deno.test("the results of one turn leave as one batch for each epoch and client", async () => {
  const sent: unknown[] = [];
  const batches = new ResultBatches({
    ended: (epoch, results) => sent.push(["ended", epoch, results.map(([number]) => number)]),
    directSettled: (session, results) => sent.push(["direct", session, results.map(([counter]) => counter)]),
  }, () => 0);
  const end = endWith({ kind: "aborted" }, 0);
  batches.addEnded(epoch, n(1), end);
  batches.addEnded(epoch, n(2), end);
  batches.addEnded(2 as Epoch, n(1), end);
  batches.addDirect(session, 4, scheduledRun(4), null, end);
  assert.deepEqual(sent, []);
  await Promise.resolve();
  const expected = [["ended", 1, [1, 2]], ["ended", 2, [1]], ["direct", session, [4]]];
  assert.deepEqual(sent, expected);
  batches.addEnded(epoch, n(5), end);
  batches.flush();
  await Promise.resolve();
  assert.deepEqual(sent, [...expected, ["ended", 1, [5]]]);
});

Deno.test("a direct task's one attempt settles it, however it ended", () => {
  const run = scheduledRun(1);
  const bytes = new Uint8Array([1]);
  assert.deepEqual(directOutcome(run, { kind: "done", value: bytes }), { kind: "done", value: bytes });
  assert.deepEqual(directOutcome(run, { kind: "threw", error: bytes }), { kind: "threw", error: bytes });
  assert.deepEqual(directOutcome(run, { kind: "declined", error: bytes }), { kind: "threw", error: bytes });
  const names = (["engine-died", "timed-out", "aborted", "returned"] as const).map((kind) => {
    const outcome = directOutcome(run, { kind, message: "m" } as Parameters<typeof directOutcome>[1]);
    return outcome.kind === "failed" ? outcome.error.name : outcome.kind;
  });
  assert.deepEqual(names, ["EngineError", "TaskTimeout", "TaskAborted", "EngineError"]);
});

Deno.test("direct runs are found by client and number, and leave with their client", () => {
  const runs = new DirectRuns();
  const run = scheduledRun(1);
  assert.ok(runs.add(session, 1, run) && !runs.add(session, 1, run));
  assert.equal(runs.get(session, 1), run);
  runs.add(session, 2, run);
  runs.remove(session, 1);
  assert.equal(runs.get(session, 1), null);
  assert.deepEqual(runs.removeAll(session), [run]);
  assert.deepEqual(runs.removeAll(session), []);
});

Deno.test("code is checked when it comes and when it is fetched", async () => {
  const bytes = new TextEncoder().encode("() => 1");
  const hash = contentHash(bytes);
  const other = contentHash(new TextEncoder().encode("other"));
  const run = scheduledRun(1);
  const store = new ReceivedCodes({
    fetch: () => Promise.resolve(bytes),
    again: () => Promise.reject(new Error("nobody has it")),
  });
  await assert.rejects(Promise.resolve(store.get(hash, run)), /nobody has it/);
  assert.throws(() => store.add(other, bytes), /have the hash/);
  store.add(hash, bytes);
  assert.deepEqual(store.get(hash, run), bytes);
  const ref = { size: bytes.length, home: "far" as HostId };
  store.add(other, { ...ref, hash: other });
  await assert.rejects(Promise.resolve(store.get(other, run)), /have the hash/);
});

Deno.test("code is kept within a bound: what was used longest ago goes, and is asked for again where it is needed", async () => {
  const texts = Array.from({ length: 4 }, (_, index) => new TextEncoder().encode(`() => ${index}`.padEnd(744)));
  const hashes = texts.map((text) => contentHash(text));
  const asked: string[] = [];
  const store = new ReceivedCodes({
    fetch: () => Promise.reject(new Error("no blob")),
    again: (hash) => {
      asked.push(hash);
      return Promise.resolve(texts[hashes.indexOf(hash)] ?? new Uint8Array());
    },
  }, 2_500);
  const run = scheduledRun(1);
  hashes.forEach((hash, index) => store.add(hash, texts[index] ?? new Uint8Array()));
  assert.ok(store.bytes <= 2_500, String(store.bytes));
  assert.equal(store.get(hashes[3] ?? "" as never, run), store.get(hashes[3] ?? "" as never, run));
  assert.deepEqual(asked, []);
  assert.deepEqual(await store.get(hashes[0] ?? "" as never, run), texts[0]);
  assert.deepEqual(asked, [hashes[0]]);
  // It took the place of the one that was used longest ago.
  assert.deepEqual(await store.get(hashes[2] ?? "" as never, run), texts[2]);
  assert.deepEqual(asked, [hashes[0], hashes[2]]);
  assert.ok(store.bytes <= 2_500, String(store.bytes));
});
