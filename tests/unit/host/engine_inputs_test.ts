import assert from "node:assert/strict";
import { EngineInputs } from "../../../host/engine_inputs.ts";
import { PIECE_BYTES, TO_ENGINE } from "../../../protocol/pipe_messages.ts";
import { DEFAULT_FLAGS, type Payload, type TaskTemplate } from "../../../protocol/task_spec.ts";
import { BlobFolder } from "../../../host/blob_folder.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import type { EngineRun } from "../../../host/engine_run.ts";

const CODE = "c".repeat(64) as never;

function template(captures: Payload | null, name = "f"): TaskTemplate {
  return { code: CODE, name, flags: DEFAULT_FLAGS, captures };
}

/** Feeds runs of these templates; returns the number of the template that each was sent with, and what was sent. */
async function feed(templates: readonly TaskTemplate[]) {
  const sent: (readonly unknown[])[] = [];
  const process = { send: (message: readonly unknown[]) => void sent.push(message), sendPiece() {}, outgoingBytes: 0 };
  const bytes = new Uint8Array([1, 2]);
  const lease = { size: 2, read: () => bytes, readInto() {}, release() {} };
  const sources = { code: () => new Uint8Array([1]), lease: () => Promise.resolve(lease) };
  const inputs = new EngineInputs(process as never, sources);
  const numbers: number[] = [];
  for (const template of templates) {
    const run = { template, args: bytes, inputs: [] } as unknown as EngineRun;
    numbers.push(inputs.templateOf(run) ?? (await inputs.prepare(run, () => true)).template);
  }
  return { numbers, templates: sent.filter(([kind]) => kind === TO_ENGINE.template).length };
}

Deno.test("equal templates are sent once, whatever message they came in; others by themselves", async () => {
  const long = (last: number) => new Uint8Array(5_000).fill(last, 4_999);
  const blob = (digit: string) => ({ hash: digit.repeat(64) as never, size: 9, home: "h" as never });
  const [a, b] = [new Uint8Array([0x80, 0x20]), new Uint8Array([0x81, 0x20])];
  const { numbers, templates } = await feed([
    template(null),
    template(a),
    template(a.slice()),
    template(b),
    template(a.slice(), "g"),
    template(long(1)),
    template(long(1)),
    template(long(2)),
    template(blob("1")),
    template(blob("1")),
    template(blob("2")),
    template(null),
  ]);
  assert.deepEqual(numbers, [1, 2, 2, 3, 4, 5, 5, 6, 7, 7, 8, 1]);
  assert.equal(templates, 8);
});

Deno.test("every byte of short captures tells them apart", async () => {
  const all = Array.from({ length: 256 }, (_, byte) => template(new Uint8Array([byte])));
  assert.equal(new Set((await feed(all)).numbers).size, 256);
});

/** Prepares a run with these results in its arguments: what goes into its message, and the pieces ahead of it. */
async function prepareWith(results: readonly Payload[], lease: () => Promise<unknown>) {
  const sent: (readonly unknown[])[] = [];
  const process = {
    send: (message: readonly unknown[]) => void sent.push(message),
    sendPiece: (value: number) => void sent.push([TO_ENGINE.piece, value]),
    outgoingBytes: 0,
  };
  const sources = { code: () => new Uint8Array([1]), lease };
  const inputs = new EngineInputs(process as never, sources as never);
  const run = { template: template(null), args: new Uint8Array(1), inputs: results } as unknown as EngineRun;
  const isShort = inputs.templateOf(run) !== null;
  const prepared = await inputs.prepare(run, () => true);
  const pieces = sent.filter(([kind]) => kind === TO_ENGINE.piece).map(([, value]) => value);
  return { inputs: prepared.inputs, pieces, isShort, knows: inputs.templateOf(run) !== null };
}

const noLease = () => Promise.reject(new Error("nobody has it"));

Deno.test("short results go into the message of the run, longer and further ones ahead of it in pieces", async () => {
  const [short, long] = [new Uint8Array(10), new Uint8Array(PIECE_BYTES - 100)];
  const few = await prepareWith([short, long], noLease);
  assert.deepEqual([few.inputs, few.pieces, few.knows], [[short, long], [], true]);
  const many = await prepareWith([long, long, short], noLease);
  assert.deepEqual([many.inputs, many.pieces, many.knows], [[long, 1, 2], [1, 2], false]);
});

Deno.test("a result that is a blob is fetched and goes in pieces; where it can't be had the error says what to do", async () => {
  const blob = { hash: "1".repeat(64) as never, size: 9, home: "h" as never };
  const bytes = new Uint8Array(9);
  const lease = () => Promise.resolve({ size: 9, read: () => bytes, release() {} });
  const { inputs, pieces } = await prepareWith([blob], lease);
  assert.deepEqual([inputs, pieces], [[1], [1]]);
  await assert.rejects(
    prepareWith([new Uint8Array(1), blob], noLease),
    /result 2 of those that stand in its arguments can't be had \(nobody has it\).*submit the task that makes it again/,
  );
});

/** A piece and the beginning of a second one. */
const TOTAL = PIECE_BYTES + 40_000;

/** A value is sent ahead while it is uploaded with this end; then a run asks for it. */
async function aheadOfRun(end: Uint8Array, name?: string) {
  using folder = new BlobFolder({ home: "h" as never });
  const bytes = new Uint8Array(TOTAL).fill(7);
  const hash = contentHash(bytes);
  const pieces: number[] = [];
  const dropped: unknown[] = [];
  let leases = 0;
  const process = {
    send: ([kind, value]: readonly unknown[]) => void (kind === TO_ENGINE.drop && dropped.push(value)),
    sendPiece(value: number, _total: number, _offset: number, length: number, fill: (room: Uint8Array) => void) {
      const room = new Uint8Array(length);
      fill(room);
      assert.ok(room.every((byte) => byte === 7));
      pieces.push(value);
    },
    outgoingBytes: 0,
  };
  const lease = { size: 1, read: () => bytes, readInto: (room: Uint8Array) => void room.fill(7), release() {} };
  const inputs = new EngineInputs(process as never, {
    code: () => new Uint8Array([1]),
    lease: () => Promise.resolve((leases++, lease)),
  });
  const upload = name ?? hash;
  folder.put(upload, TOTAL, 0, bytes.subarray(0, TOTAL - 30_000));
  const blob = folder.follow(upload);
  assert.ok(blob !== null);
  inputs.sendAhead(upload, TOTAL, blob);
  const args = { hash, size: TOTAL, home: "h" as never };
  const run = { template: template(null), args, inputs: [] } as unknown as EngineRun;
  // Whoever has only a name for it learns the hash when all is there, and can't submit a run before that.
  const early = name === undefined ? inputs.prepare(run, () => true) : null;
  try {
    folder.put(upload, TOTAL, TOTAL - 30_000, end);
  } catch {
    // The wrong end.
  }
  const prepared = await (early ?? inputs.prepare(run, () => true));
  return { args: prepared.args, pieces, dropped, leases };
}

Deno.test("a run uses the value that was sent ahead of it, named by its hash or by its sender", async () => {
  for (const name of [undefined, "sender#1"]) {
    const { args, pieces, dropped, leases } = await aheadOfRun(new Uint8Array(30_000).fill(7), name);
    assert.deepEqual({ args, pieces, dropped, leases }, { args: 1, pieces: [1, 1], dropped: [], leases: 0 });
  }
});

Deno.test("a value sent ahead that turns out wrong is dropped, and no run gets it", async () => {
  const { args, dropped, leases } = await aheadOfRun(new Uint8Array(30_000).fill(8));
  assert.deepEqual({ args, dropped, leases }, { args: 2, dropped: [1], leases: 1 });
});
