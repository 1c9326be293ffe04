import assert from "node:assert/strict";
import { SerializationError } from "../../../wire/errors.ts";
import { encodeValue } from "../../../wire/value_codec.ts";

function refusal(value: unknown): string {
  try {
    encodeValue(value);
  } catch (error) {
    assert.ok(error instanceof SerializationError);
    return error.message;
  }
  assert.fail("it was taken");
}

Deno.test("what the runtime makes for itself is refused by its name, rather than to arrive empty", () => {
  for (const name of ["JSON", "Math", "Reflect", "Atomics", "Intl"] as const) {
    assert.match(refusal({ deep: [globalThis[name]] }), new RegExp(`own ${name}.*use it by that name`), name);
  }
  assert.doesNotThrow(() => encodeValue({ [Symbol.toStringTag]: "Math" }), "what only calls itself so may travel");
});

Deno.test("nobody is told to register a class of the runtime", async () => {
  await using file = {
    handle: await Deno.open(new URL(import.meta.url)),
    [Symbol.asyncDispose]: () => Promise.resolve(file.handle.close()),
  };
  for (const value of [new Headers(), new Request("http://a.b"), file.handle]) {
    const message = refusal(value);
    assert.match(message, /make or open it inside the function/);
    assert.doesNotMatch(message, /registerType/);
  }
  assert.match(refusal(new AbortController().signal), /flag of that name.*currentTask\(\)\.signal/);
  assert.match(refusal([1].values()), /\[\.\.\.iterator\]/);
  assert.match(refusal(new (class Mine {})()), /registerType\(Mine\)/);
});
