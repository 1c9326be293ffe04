/** Errors of the system, as data and as instances. @module */
import assert from "node:assert/strict";
import type { SystemErrorName } from "../../../protocol/outcome.ts";
import { encodeError } from "../../../wire/error_codec.ts";
import { ImpossibleDependency, InvalidDependency, TroupeError } from "../../../wire/errors.ts";
import { isSystemErrorName, SYSTEM_ERROR_CLASSES, systemErrorInstance } from "../../../wire/system_error.ts";

for (const name of Object.keys(SYSTEM_ERROR_CLASSES) as SystemErrorName[]) {
  Deno.test(`a ${name} of the system becomes an instance with its message and its cause`, () => {
    const cause = encodeError(new RangeError("before"));
    const error = systemErrorInstance({ name, message: "because", cause });
    assert.ok(error instanceof TroupeError);
    assert.equal(Object.getPrototypeOf(error), SYSTEM_ERROR_CLASSES[name].prototype);
    assert.deepStrictEqual([error.name, error.message], [name, "because"]);
    assert.ok(error.cause instanceof RangeError);
    assert.ok(!("cause" in systemErrorInstance({ name, message: "because" })));
  });
}

Deno.test("a cause that was fetched from a blob is handed in", () => {
  const blob = { hash: "0".repeat(64), size: 9, home: "host" } as never;
  const error = { name: "DependencyTimeout", message: "late", cause: blob } as const;
  assert.ok(!("cause" in systemErrorInstance(error)));
  assert.ok(systemErrorInstance(error, encodeError(new TypeError("t"))).cause instanceof TypeError);
});

Deno.test("an invalid dependency is an impossible one", () => {
  const error = systemErrorInstance({ name: "InvalidDependency", message: "unknown id" });
  assert.ok(error instanceof InvalidDependency && error instanceof ImpossibleDependency);
});

Deno.test("only the names of the system's errors count as such", () => {
  assert.ok(isSystemErrorName("EngineError"));
  for (const name of ["Error", "toString", "__proto__", "constructor", "", 1, null]) {
    assert.ok(!isSystemErrorName(name));
  }
});
