/** Times to recover, from notes and ledger; and how they are shown. @module */
import assert from "node:assert/strict";
import type { LedgerLine } from "../../chaos/ledger.ts";
import { readNotes } from "../../chaos/notes.ts";
import { measureRecovery, recoveryRows } from "../../chaos/recovery.ts";
import type { StruckFault } from "../../chaos/strike.ts";

const HOSTS = new Map([["host-1", [10]], ["host-2", [20, 21]]]);

function fault(changes: Partial<StruckFault>): StruckFault {
  return { number: 1, kind: "engine killed", thing: "it", host: null, pid: null, at: 1_000, until: 1_000, ...changes };
}

function settled(id: string, mark: string, at: number): LedgerLine {
  return { line: "settled", at, id, msgId: id, error: null, text: "", mark, attempts: 1 };
}

function measure(one: StruckFault, notes: readonly string[], ledger: readonly LedgerLine[]) {
  const attempts = readNotes(notes.join("\n"));
  const [found] = measureRecovery({ faults: [one], ledger, attempts, hostPids: HOSTS });
  return found && { backMs: found.backMs, elsewhereMs: found.elsewhereMs };
}

Deno.test("an engine is back when its next process gives a result, its task elsewhere when its next attempt begins", () => {
  const notes = [
    "begin 900 1.0 1 a 3 11 10",
    "begin 1250 1.0 2 b 4 12 10",
    "end 1300 1.0 2 b 4 12 10",
    "begin 1400 2.0 1 c 3 13 10",
    "end 1500 2.0 1 c 3 13 10",
  ];
  const ledger = [settled("1.0", "b", 1_310), settled("2.0", "c", 1_520)];
  const killed = fault({ host: "host-1", pid: 11 });
  assert.deepEqual(measure(killed, notes, ledger), { backMs: 520, elsewhereMs: 250 });
});

Deno.test("a host is back with the first result of any process it has had, from the end of the fault", () => {
  const notes = [
    "begin 900 1.0 1 a 0 11 20",
    "begin 4100 1.0 2 b 1 12 10",
    "end 4200 1.0 2 b 1 12 10",
    "begin 6000 2.0 1 c 5 33 21",
    "end 6100 2.0 1 c 5 33 21",
  ];
  const ledger = [settled("1.0", "b", 4_210), settled("2.0", "c", 6_130)];
  const asleep = fault({ kind: "host stopped, long", host: "host-2", until: 5_000 });
  assert.deepEqual(measure(asleep, notes, ledger), { backMs: 1_130, elsewhereMs: 3_100 });
});

Deno.test("after a fault that hits all, any result counts that ended after it; none is no figure", () => {
  const notes = ["begin 900 1.0 1 a 0 11 10", "end 990 1.0 1 a 0 11 10"];
  const ledger = [settled("1.0", "a", 1_200)];
  const controller = fault({ kind: "controller killed" });
  assert.deepEqual(measure(controller, notes, ledger), { backMs: null, elsewhereMs: null });
  const later = [...notes, "begin 950 2.0 1 b 1 12 10", "end 1100 2.0 1 b 1 12 10"];
  assert.equal(measure(controller, later, [...ledger, settled("2.0", "b", 1_400)])?.backMs, 400);
});

Deno.test("rows are by kind, with median and 99th percentile, and faults that hit nothing are not counted", () => {
  const faults = [1, 2, 3].map((number) => fault({ number, kind: "link cut", thing: number === 3 ? null : "link" }));
  const found = measureRecovery({ faults, ledger: [], attempts: new Map(), hostPids: HOSTS });
  const given = found.map((one, index) => ({ ...one, backMs: 100 * (index + 1) }));
  assert.deepEqual(recoveryRows(given), [
    { kind: "link cut", faults: 2, back: { count: 2, p50: 200, p99: 200 }, elsewhere: null },
  ]);
});
