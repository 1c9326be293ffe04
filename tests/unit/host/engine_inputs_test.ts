import assert from "node:assert/strict";
import { EngineInputs } from "../../../host/engine_inputs.ts";
import { TO_ENGINE } from "../../../protocol/pipe_messages.ts";
import { DEFAULT_FLAGS, type Payload, type TaskTemplate } from "../../../protocol/task_spec.ts";
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
    const run = { template, args: bytes } as unknown as EngineRun;
    numbers.push(inputs.templateOf(run) ?? (await inputs.prepare(run, () => true))[0]);
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
