import assert from "node:assert/strict";
import { EXIT, exitCodeOf, UsageError } from "../../../cli/exit_code.ts";
import { table } from "../../../cli/table.ts";
import { AlreadyRunning, ConnectionError, NotRunning } from "../../../wire/errors.ts";

Deno.test("columns are as wide as their widest cell, and lines end without blanks", () => {
  assert.equal(table(["A", "LONG", "C"], [[1, "x", ""], [100, "y", "z"]]), "A    LONG  C\n1    x\n100  y     z");
  assert.equal(table(["A"], []), "A");
});

Deno.test("each kind of error has its exit code", () => {
  const codes = [new UsageError("x"), new AlreadyRunning("x"), new NotRunning("x"), new ConnectionError("x"), "x"];
  assert.deepEqual(codes.map(exitCodeOf), [EXIT.usage, 10, 11, 1, 1]);
});
