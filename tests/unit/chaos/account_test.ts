/** The account of a chaos run: what it must find, and what it must let pass. @module */
import assert from "node:assert/strict";
import { type Account, makeAccount, type Trouble } from "../../chaos/account.ts";
import type { LedgerLine } from "../../chaos/ledger.ts";
import { readNotes } from "../../chaos/notes.ts";

const TROUBLE: Trouble = { at: 1_000, until: 2_000, lost: [] };

function submitted(changes: Partial<Extract<LedgerLine, { line: "submitted" }>> = {}): LedgerLine {
  return { line: "submitted", at: 100, id: "1.0", kind: "map", retries: 0, mayFail: [], ...changes };
}

function settled(changes: Partial<Extract<LedgerLine, { line: "settled" }>> = {}): LedgerLine {
  const basics = { line: "settled", at: 1_500, id: "1.0", msgId: "s-1", error: null, text: "", attempts: 1 } as const;
  return { ...basics, mark: "m1", ...changes };
}

function account(
  ledger: readonly LedgerLine[],
  notes: readonly string[],
  troubles: readonly Trouble[] = [],
  forgotAt: readonly number[] = [],
  deaf: readonly { readonly at: number; readonly until: number }[] = [],
): Account {
  return makeAccount({ ledger, attempts: readNotes(notes.join("\n")), troubles, deaf, forgotAt });
}

function rules({ findings }: Account): string[] {
  return findings.map(({ rule }) => rule);
}

const RAN = ["begin 200 1.0 1 m1 0 11 10", "end 300 1.0 1 m1 0 11 10"];

Deno.test("a task that ran once and has the value of that attempt is in order", () => {
  const { findings, ...sums } = account([submitted(), settled()], RAN);
  assert.deepEqual(findings, []);
  assert.deepEqual(sums, {
    submitted: 1,
    settled: 1,
    done: 1,
    failed: {},
    attempts: 1,
    madeAgain: 0,
    kinds: { map: 1 },
  });
});

Deno.test("a task that never settled is lost", () => {
  assert.deepEqual(rules(account([submitted()], RAN)), ["lost"]);
});

Deno.test("a second outcome is found", () => {
  assert.deepEqual(rules(account([submitted(), settled(), settled({ error: "EngineError" })], RAN)), ["settled twice"]);
});

Deno.test("a value of an attempt that did not come to its end, or never was, is found", () => {
  assert.deepEqual(rules(account([submitted(), settled({ mark: "m2" })], RAN)), ["no such attempt"]);
  assert.deepEqual(rules(account([submitted(), settled()], RAN.slice(0, 1))), ["no such attempt"]);
});

Deno.test("more attempts than retries allow are found, and an attempt that was run twice", () => {
  const second = ["begin 400 1.0 2 m2 1 12 10", "end 500 1.0 2 m2 1 12 10"];
  assert.deepEqual(rules(account([submitted(), settled()], [...RAN, ...second])), ["ran too often"]);
  assert.deepEqual(rules(account([submitted({ retries: 1 }), settled()], [...RAN, ...second])), []);
  const again = second.map((line) => line.replace(" 2 m2", " 1 m2"));
  assert.deepEqual(rules(account([submitted({ retries: 1 }), settled()], [...RAN, ...again])), ["ran twice"]);
});

Deno.test("what a controller has forgotten may be made again, and is counted; within one life it may not", () => {
  const again = ["begin 400 1.0 1 m2 1 12 10", "end 500 1.0 1 m2 1 12 10"];
  const found = account([submitted(), settled()], [...RAN, ...again], [], [350]);
  assert.deepEqual(rules(found), []);
  assert.equal(found.madeAgain, 1);
  assert.deepEqual(rules(account([submitted(), settled()], [...RAN, ...again], [], [50])), [
    "ran twice",
    "ran too often",
  ]);
});

Deno.test("what a host ran that had been given up may have been run elsewhere too, under the same number", () => {
  const zombie = ["begin 2500 1.0 1 m2 1 12 20", "end 2600 1.0 1 m2 1 12 20"];
  const found = (lost: Trouble["lost"]) =>
    rules(account([submitted(), settled()], [...RAN, ...zombie], [{ at: 1_500, until: 2_000, lost }]));
  assert.deepEqual(found([20]), []);
  assert.deepEqual(found(null), []);
  for (const lost of [[], [10]]) assert.deepEqual(found(lost), ["ran twice", "ran too often"]);
});

Deno.test("an attempt that declined its engine counts for nothing", () => {
  const declined = ["begin 150 1.0 1 m0 1 12 10", "decline 160 1.0 1 m0 1 12 10"];
  assert.deepEqual(rules(account([submitted(), settled()], [...declined, ...RAN])), []);
});

Deno.test("an EngineError is in order near a fault alone, other errors where their job may end so", () => {
  const died = [submitted({ at: 900 }), settled({ error: "EngineError", mark: null })];
  assert.deepEqual(rules(account(died, RAN, [TROUBLE])), []);
  assert.deepEqual(rules(account(died, RAN, [{ at: 1_600, until: 1_700, lost: [] }])), ["bad end"]);
  const late = settled({ error: "DependencyTimeout", mark: null });
  assert.deepEqual(rules(account([submitted({ mayFail: ["DependencyTimeout"] }), late], [])), []);
  assert.deepEqual(rules(account([submitted(), late], [], [TROUBLE])), ["bad end"]);
});

Deno.test("a wrong value is told as its job told it", () => {
  const line: LedgerLine = { line: "wrong", id: "1.0", text: "its value is 4" };
  const { findings } = account([submitted(), settled(), line], RAN);
  assert.deepEqual(findings, [{ rule: "wrong", id: "1.0", text: "its value is 4" }]);
});

Deno.test("a note that is cut off in the middle is left out", () => {
  assert.deepEqual([...readNotes("begin 200 1.0 1 m1 0 11 10\nend 300 1.0 1").values()].flat().map(({ end }) => end), [
    null,
  ]);
});

Deno.test("what a host ran while nobody took in its reports, and that was given up right after, may run again", () => {
  const again = [...RAN, "begin 9000 1.0 1 m2 0 13 12", "end 9100 1.0 1 m2 0 13 12"];
  const ledger = [submitted(), settled({ mark: "m2" })];
  const lost = [{ at: 6_000, until: 10_000, lost: [10] }];
  assert.deepEqual(rules(account(ledger, again, lost)), ["ran twice", "ran too often"]);
  assert.deepEqual(rules(account(ledger, again, lost, [], [{ at: 100, until: 2_000 }])), []);
  assert.deepEqual(rules(account(ledger, again, [], [], [{ at: 100, until: 2_000 }])), ["ran twice", "ran too often"]);
});
