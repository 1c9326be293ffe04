import assert from "node:assert/strict";
import { barLine, type BarState, plainLine, ProgressBar, shownDuration } from "../../../client/progress_bar.ts";

const STATE: BarState = { done: 0, total: 100, fraction: 0, failed: 0, elapsedMs: 0, what: "tasks", note: "" };

function state(done: number, elapsedMs: number, more: Partial<BarState> = {}): BarState {
  return { ...STATE, done, fraction: done / 100, elapsedMs, ...more };
}

Deno.test("the line fits the terminal, whatever its width", () => {
  assert.equal(
    barLine(state(40, 20_000, { failed: 3 }), 70),
    "  40 % ██████░░░░░░░░░ 40/100 tasks · 3 failed · 20.0 s · 30.0 s left",
  );
  for (let columns = 1; columns < 200; columns++) {
    assert.ok([...barLine(state(40, 20_000, { note: "a long note" }), columns)].length <= Math.max(1, columns - 1));
  }
  assert.equal(barLine(state(100, 1_000), 24), " 100 % 100/100 tasks · ");
});

Deno.test("a bar is as full as the fraction says, and says what is left", () => {
  const full = barLine(state(100, 59_000), 200);
  assert.equal(full.match(/█/g)?.length, 40);
  assert.doesNotMatch(full, /left|░/);
  assert.match(barLine(state(25, 10_000), 200), / 25 % █{10}░{30} 25\/100 tasks · 10\.0 s · 30\.0 s left$/);
});

Deno.test("nothing that a task says moves the cursor", () => {
  assert.match(barLine(state(1, 0, { note: "a\nb\x1b[2Jc\r" }), 200), / · a b \[2Jc$/);
});

Deno.test("durations are read at a glance", () => {
  assert.deepEqual([0, 999.6, 1_000, 59_949, 59_950, 61_000, 3_599_600, 8_000_000].map(shownDuration), [
    "0 ms",
    "1000 ms",
    "1.0 s",
    "59.9 s",
    "1 min 0 s",
    "1 min 1 s",
    "1 h 0 min",
    "2 h 13 min",
  ]);
});

Deno.test("on a terminal the line is drawn in place, only where it differs, and stays at the end", () => {
  const written: string[] = [];
  const bar = new ProgressBar({ isTerminal: true, columns: () => 50, write: (text) => void written.push(text) });
  bar.update(state(1, 100));
  bar.update(state(1, 100));
  bar.finish(state(100, 200));
  assert.equal(written.length, 3);
  assert.match(written[0] ?? "", new RegExp("^\\r.*1/100 tasks.*\u001b\\[K$"));
  assert.equal(written[2], "\n");
});

Deno.test("elsewhere there is a line each tenth, one every few seconds, and one at the end", () => {
  const written: string[] = [];
  const bar = new ProgressBar({ isTerminal: false, columns: () => 50, write: (text) => void written.push(text) });
  for (let ms = 0; ms <= 3_000; ms += 10) bar.update(state(Math.min(30, ms / 100), ms));
  assert.equal(written.length, 4);
  bar.update(state(31, 5_000));
  assert.equal(written.length, 4);
  bar.update(state(31, 8_500));
  bar.update(state(31, 60_000));
  assert.equal(written.length, 5);
  bar.finish(state(100, 61_000));
  assert.equal(written.at(-1), `${plainLine(state(100, 61_000))}\n`);
  assert.equal(written.at(-1), "100 %: 100/100 tasks · 1 min 1 s\n");
});
