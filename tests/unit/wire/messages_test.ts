/** Arrays that travel and the objects they stand for: exact both ways, through the codec, and nothing else accepted. @module */
import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import type { ContentHash, DispatchNumber, EngineId, EngineUuid, HostId, TaskId } from "../../../protocol/ids.ts";
import { ENDED, SETTLED } from "../../../protocol/messages.ts";
import type { AttemptOutcome, AttemptReport, SystemErrorName, TaskOutcome } from "../../../protocol/outcome.ts";
import { DEFAULT_FLAGS, type Payload, type TaskFlags } from "../../../protocol/task_spec.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { decodeFrame, encodeFrame } from "../../../wire/frame_codec.ts";
import * as messages from "../../../wire/messages.ts";
import { SYSTEM_ERROR_CLASSES } from "../../../wire/system_error.ts";
import { plainValue, RUNS } from "./arbitrary_values.ts";

const count = fc.nat(1_000_000);
const duration = fc.double({ min: 0, max: 1e9, noNaN: true }).map((ms) => ms === 0 ? 0 : ms);
const hash = fc.stringMatching(/^[0-9a-f]{64}$/) as fc.Arbitrary<string> as fc.Arbitrary<ContentHash>;
const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }) as fc.Arbitrary<Uint8Array>,
  fc.record({ hash, size: count, home: fc.string() as fc.Arbitrary<string> as fc.Arbitrary<HostId> }),
);
const dependency = fc.record({
  ids: fc.array(fc.stringMatching(/^[a-z]{10}-\d$/), { maxLength: 3 }) as fc.Arbitrary<string[]> as fc.Arbitrary<
    TaskId[]
  >,
  all: fc.boolean(),
  success: fc.boolean(),
  failure: fc.boolean(),
});
const jitter = fc.constantFrom(0, 0.25, 1);
const flags: fc.Arbitrary<TaskFlags> = fc.record<TaskFlags>({
  retries: fc.oneof(fc.constant(0), count),
  priority: fc.oneof(fc.constant(0), fc.integer()),
  targets: fc.option(fc.array(count as fc.Arbitrary<number> as fc.Arbitrary<EngineId>, { maxLength: 3 })),
  label: fc.option(fc.string()),
  timeoutMs: fc.oneof(fc.constant(0), duration),
  maxRuntimeMs: fc.oneof(fc.constant(0), duration),
  backoff: fc.option(fc.record({ initialMs: duration, factor: duration, maxMs: duration, jitter })),
  after: fc.option(dependency),
  follow: fc.option(dependency),
  resources: fc.option(fc.dictionary(fc.constantFrom("gpu", "ram"), count, { noNullPrototype: true })),
  key: fc.option(fc.string()),
  delayMs: fc.oneof(fc.constant(0), duration),
  concurrencyGroup: fc.option(fc.record({ name: fc.string(), limit: count })),
}, { noNullPrototype: true });
const report: fc.Arbitrary<AttemptReport> = fc.record({
  runMs: duration,
  ageMs: duration,
  stdout: fc.constantFrom("", "printed\n"),
  stderr: fc.constantFrom("", "warned\n"),
  data: fc.constant(new Uint8Array([1, 2])),
}, { requiredKeys: ["runMs", "ageMs", "stdout", "stderr"], noNullPrototype: true });
const attemptOutcome: fc.Arbitrary<AttemptOutcome> = fc.oneof(
  payload.map((value) => ({ kind: "done", value }) as const),
  payload.map((error) => ({ kind: "threw", error }) as const),
  payload.map((error) => ({ kind: "declined", error }) as const),
  fc.string().map((message) => ({ kind: "engine-died", message }) as const),
  fc.string().map((message) => ({ kind: "timed-out", message }) as const),
  fc.string().map((message) => ({ kind: "host-failed", message }) as const),
  fc.constantFrom({ kind: "aborted" } as const, { kind: "returned" } as const),
);
const systemErrorName = fc.constantFrom(...Object.keys(SYSTEM_ERROR_CLASSES) as SystemErrorName[]);
const taskOutcome: fc.Arbitrary<TaskOutcome> = fc.oneof(
  payload.map((value) => ({ kind: "done", value }) as const),
  payload.map((error) => ({ kind: "threw", error }) as const),
  fc.tuple(systemErrorName, fc.string()).map(([name, message]) =>
    ({ kind: "failed", error: { name, message } }) as const
  ),
  fc.tuple(systemErrorName, fc.string(), payload).map(([name, message, cause]) =>
    ({ kind: "failed", error: { name, message, cause } }) as const
  ),
);

/** As it arrives: through the codec, from a sender that knows some more elements. */
function sent(message: unknown, more: readonly unknown[] = []): unknown {
  return decodeFrame(encodeFrame([...message as unknown[], ...more]));
}

/** Compares by value, with bytes as lists and whatever prototype. */
function assertSame(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(listed(actual), listed(expected));
}

function listed(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(listed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, listed(item)]));
}

Deno.test("flags come out as they went in", () => {
  fc.assert(
    fc.property(flags, (given) => assertSame(messages.flagsFromMessage(sent(messages.flagsToMessage(given))), given)),
    RUNS,
  );
});

Deno.test("default flags cost nothing, and trailing defaults are cut off", () => {
  assert.deepStrictEqual(messages.flagsToMessage(DEFAULT_FLAGS), []);
  assert.deepStrictEqual(messages.flagsToMessage({ ...DEFAULT_FLAGS }), []);
  assert.deepStrictEqual(messages.flagsToMessage({ ...DEFAULT_FLAGS, priority: 5 }), [0, 5]);
  assert.equal(messages.flagsFromMessage([]), DEFAULT_FLAGS);
});

Deno.test("flags that a newer sender added are ignored", () => {
  const message = messages.flagsToMessage({ ...DEFAULT_FLAGS, concurrencyGroup: { name: "g", limit: 2 } });
  assertSame(messages.flagsFromMessage(sent(message, ["new", { flag: 1 }])), {
    ...DEFAULT_FLAGS,
    concurrencyGroup: { name: "g", limit: 2 },
  });
});

Deno.test("payloads come out as they went in, bytes untouched", () => {
  fc.assert(
    fc.property(payload, (given) => {
      assertSame(messages.payloadFromMessage(decodeFrame(encodeFrame(messages.payloadToMessage(given)))), given);
    }),
    RUNS,
  );
  const bytes = new Uint8Array(3);
  assert.equal(messages.payloadToMessage(bytes), bytes);
  assert.equal(messages.payloadFromMessage(bytes), bytes);
});

Deno.test("templates come out as they went in", () => {
  const parts = { code: hash, name: fc.string(), flags, captures: fc.option(payload) };
  const modules = fc.array(hash, { minLength: 1, maxLength: 3 });
  const template = fc.oneof(fc.record(parts), fc.record({ ...parts, modules }));
  fc.assert(
    fc.property(template, (given) => {
      assertSame(messages.templateFromMessage(sent(messages.templateToMessage(given), [1])), given);
    }),
    RUNS,
  );
});

Deno.test("ends of attempts come out as they went in", () => {
  fc.assert(
    fc.property(count, attemptOutcome, report, (number, outcome, given) => {
      const message = messages.endedToMessage(number as DispatchNumber, outcome, given);
      assertSame(messages.endedFromMessage(sent(message)), { number, outcome, report: given });
    }),
    RUNS,
  );
});

Deno.test("ends of tasks come out as they went in", () => {
  const engine = fc.option(count as fc.Arbitrary<number> as fc.Arbitrary<EngineId>);
  const uuid = fc.option(fc.uuid() as fc.Arbitrary<string> as fc.Arbitrary<EngineUuid>);
  fc.assert(
    fc.property(
      count,
      taskOutcome,
      engine,
      uuid,
      count,
      report,
      (counter, outcome, engine, engineUuid, attempts, given) => {
        const message = messages.settledToMessage(counter, outcome, engine, engineUuid, attempts, given);
        const expected = { counter, outcome, engine, engineUuid, attempts, report: given };
        assertSame(messages.settledFromMessage(sent(message)), expected);
      },
    ),
    RUNS,
  );
});

Deno.test("a task that never ran has an empty report", () => {
  const outcome = { kind: "failed", error: { name: "TaskAborted", message: "aborted" } } as const;
  const message = messages.settledToMessage(4, outcome, null, null, 0, null);
  assertSame(messages.settledFromMessage(sent(message)).report, { runMs: 0, ageMs: 0, stdout: "", stderr: "" });
});

Deno.test("what was not printed is not sent", () => {
  const quiet = { runMs: 1, ageMs: 0, stdout: "", stderr: "" };
  assert.equal(messages.endedToMessage(1 as DispatchNumber, { kind: "aborted" }, quiet).length, 5);
  assert.equal(
    messages.settledToMessage(1, { kind: "done", value: new Uint8Array(1) }, null, null, 1, quiet).length,
    8,
  );
});

const READERS = {
  flags: messages.flagsFromMessage,
  payload: messages.payloadFromMessage,
  template: messages.templateFromMessage,
  ended: messages.endedFromMessage,
  settled: messages.settledFromMessage,
} as const;

function readsOrRefuses(read: (message: unknown) => unknown, message: unknown): void {
  try {
    read(message);
  } catch (error) {
    assert.ok(error instanceof SerializationError, String(error));
  }
}

for (const [name, read] of Object.entries(READERS)) {
  Deno.test(`any message is read as ${name} or refused`, () => {
    const likely = fc.array(
      fc.oneof(
        fc.nat(7),
        fc.string(),
        fc.constant(null),
        payload.map((given) => messages.payloadToMessage(given)),
        plainValue,
      ),
      { maxLength: 14 },
    );
    fc.assert(fc.property(fc.oneof(plainValue, likely), (message) => readsOrRefuses(read, message)), {
      numRuns: 1_000,
    });
  });
}

Deno.test("wrong elements are refused one by one, with what came", () => {
  const bytes = new Uint8Array(2);
  const blob = ["0".repeat(64), 1, "host"];
  const refused: readonly (readonly [keyof typeof READERS, unknown])[] = [
    ["payload", ["../../etc/passwd", 1, "host"]],
    ["payload", ["0".repeat(64), -1, "host"]],
    ["payload", ["0".repeat(64), 1.5, "host"]],
    ["payload", ["0".repeat(64), 1]],
    ["payload", "text"],
    ["flags", [-1]],
    ["flags", [1.5]],
    ["flags", [0, NaN]],
    ["flags", [0, 0, ["1"]]],
    ["flags", [0, 0, null, 5]],
    ["flags", [0, 0, null, null, -1]],
    ["flags", [0, 0, null, null, 0, Infinity]],
    ["flags", [0, 0, null, null, 0, 0, [1, 2, 3]]],
    ["flags", [0, 0, null, null, 0, 0, [1, 2, 3, 2]]],
    ["flags", [0, 0, null, null, 0, 0, null, [[1], true, true, true]]],
    ["flags", [0, 0, null, null, 0, 0, null, [["a-1"], true, true]]],
    ["flags", [0, 0, null, null, 0, 0, null, null, null, { gpu: "1" }]],
    ["flags", { retries: 1 }],
    ["template", ["0".repeat(63), "f", []]],
    ["template", ["0".repeat(64), 1, []]],
    ["ended", [1, ENDED.done, "text", 0, 0]],
    ["ended", [1, ENDED.hostFailed, bytes, 0, 0]],
    ["ended", [1, ENDED.engineDied, bytes, 0, 0]],
    ["ended", [1, 99, bytes, 0, 0]],
    ["ended", [-1, ENDED.done, bytes, 0, 0]],
    ["ended", [1, ENDED.done, bytes, NaN, 0]],
    ["ended", [1, ENDED.done, bytes, 0, 0, 5]],
    ["settled", [0, SETTLED.failed, ["Error", "not the system's"]]],
    ["settled", [0, SETTLED.failed, bytes]],
    ["settled", [0, SETTLED.failed, ["EngineError", "m", 5]]],
    ["settled", [0, SETTLED.done, null]],
    ["settled", ["0", SETTLED.done, bytes]],
    ["settled", [0, SETTLED.done, blob, "engine"]],
    ["settled", [0, SETTLED.done, blob, 1, 2]],
  ];
  for (const [name, message] of refused) {
    assert.throws(() => READERS[name](message), (error: Error) => {
      assert.ok(error instanceof SerializationError, `${name} ${JSON.stringify(message)}: ${error}`);
      assert.match(error.message, /^Cannot read the .* message: /);
      return true;
    }, `${name} ${JSON.stringify(message)}`);
  }
});
