import assert from "node:assert/strict";
import type { EngineId } from "../../../protocol/ids.ts";
import { explainError } from "../../../engine/explain_error.ts";
import { remoteStack } from "../../../engine/remote_stack.ts";

const PLACE = { name: "f", engineId: 2 as EngineId };

function explained<E extends Error>(error: E): E {
  explainError(error, PLACE);
  return error;
}

Deno.test("a free variable is named, with the way out", () => {
  const error = explained(new ReferenceError("x is not defined"));
  assert.match(error.message, /Cannot run "f": "x" is not defined on engine 2/);
  assert.match(error.stack ?? "", /^ReferenceError: Cannot run "f"/);
});

Deno.test("a missing permission names the flag that gives it", () => {
  const denied = (message: string) => explained(new Deno.errors.NotCapable(message)).message;
  assert.match(
    denied('Requires net access to "example.com:443", run again with the --allow-net flag'),
    /--allow-net=example\.com:443/,
  );
  assert.match(
    denied('Requires env access to "HOME", run again with the --allow-env flag'),
    /give --allow-env=HOME to/,
  );
  assert.match(denied("Requires sys access, run again with the --allow-sys flag"), /give --allow-sys to/);
});

Deno.test("other errors keep their message", () => {
  for (const message of ["Requires a value", "x is not a function", ""]) {
    assert.equal(explained(new TypeError(message)).message, message);
  }
  assert.equal(
    explained(new ReferenceError("Cannot access 'x' before initialization")).message,
    "Cannot access 'x' before initialization",
  );
});

Deno.test("errors that resist are left alone", () => {
  explainError(Object.freeze(new ReferenceError("x is not defined")), PLACE);
  explainError(
    new Proxy(new Error("x"), {
      getOwnPropertyDescriptor: () => {
        throw new Error("trap");
      },
    }),
    PLACE,
  );
  explainError(null, PLACE);
  const circular = new Error("a");
  circular.cause = circular;
  explainError(circular, PLACE);
});

Deno.test("a stack ends where the engine begins, and its places are those of the source", () => {
  const engine = new URL("../../../engine/task_runner.ts", import.meta.url).href;
  const stack = [
    "Error: at file:///x says hello",
    "    at inner (troupe:f@01234567, <anonymous>:1:25)",
    "    at f (troupe:f@01234567, <anonymous>:3:9)",
    `    at TaskRunner.#call (${engine}:10:5)`,
    "    at process (ext:core:1:1)",
  ];
  assert.deepEqual(remoteStack(stack.join("\n")).split("\n"), [
    "Error: at file:///x says hello",
    "    at inner (troupe:f@01234567:1:11)",
    "    at f (troupe:f@01234567:3:9)",
  ]);
});

Deno.test("the errors of the items of a chunk are explained and trimmed each", () => {
  const items = ["x", "y"].map((name) => new ReferenceError(`${name} is not defined`));
  const frame = "    at f (eval at <anonymous> (a:1:1), troupe:f@12345678, <anonymous>:2:3)";
  for (const item of items) item.stack = `${item}\n${frame}`;
  const [first, second] = items;
  explained(Object.assign(new Error("2 of 3"), { troupeChunkOutcomes: [[1, first], [0, 1], [1, second]] }));
  assert.match(first?.message ?? "", /"x" is not defined on engine 2/);
  assert.match(second?.stack ?? "", /troupe:f@12345678:2:3\)$/);
  for (const outcomes of [null, 7, [null, [1]]]) {
    explained(Object.assign(new Error("odd"), { troupeChunkOutcomes: outcomes }));
  }
});
