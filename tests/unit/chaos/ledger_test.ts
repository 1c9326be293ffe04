/** The clients' side of the account: what is open, and what is in the file. @module */
import assert from "node:assert/strict";
import { Ledger, type LedgerLine } from "../../chaos/ledger.ts";
import type { Noted } from "../../chaos/noted_task.ts";
import type { AsyncResult } from "../../../mod.ts";

const ENTRY = { id: "1.0", kind: "map", retries: 1, mayFail: [] };

function result(promise: Promise<Noted<number>>): AsyncResult<Noted<number>> {
  return Object.assign(promise, { metadata: { msgId: "s-1", attempts: 2 } }) as unknown as AsyncResult<Noted<number>>;
}

async function withFile(use: (path: string, lines: () => LedgerLine[]) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  const lines = () => Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));
  await use(path, lines).finally(() => Deno.remove(path));
}

Deno.test("a task is open until it settles, and both are in the file", async () => {
  await withFile(async (path, lines) => {
    using ledger = new Ledger(path);
    const { promise, resolve } = Promise.withResolvers<Noted<number>>();
    const end = ledger.follow(1, result(promise), ENTRY);
    assert.deepEqual(ledger.open.map(({ entry, client }) => [entry.id, client]), [["1.0", 1]]);
    resolve({ mark: "m", value: 3, began: 1, ended: 2 });
    assert.deepEqual(await end, { ok: true, noted: { mark: "m", value: 3, began: 1, ended: 2 } });
    assert.deepEqual([ledger.open.length, ledger.settled], [0, 1]);
    ledger.flush();
    const [submitted, settled] = lines();
    assert.deepEqual([submitted?.line, settled?.line], ["submitted", "settled"]);
    assert.ok(settled?.line === "settled");
    assert.deepEqual([settled.mark, settled.error, settled.attempts, settled.msgId], ["m", null, 2, "s-1"]);
  });
});

Deno.test("an error is noted by its name, and what comes after the seal is not", async () => {
  await withFile(async (path, lines) => {
    using ledger = new Ledger(path);
    const failed = await ledger.follow(0, result(Promise.reject(new RangeError("too far"))), ENTRY);
    assert.equal(failed.ok, false);
    ledger.seal();
    await ledger.follow(0, result(Promise.reject(new Error("closed"))), { ...ENTRY, id: "2.0" });
    ledger.flush();
    const found = lines();
    assert.deepEqual(found.map((line) => line.line === "settled" ? line.error : line.line), [
      "submitted",
      "RangeError",
    ]);
  });
});
