import assert from "node:assert/strict";
import { decideRestart, MAX_FAILED_STARTS, NO_DEATHS, type RestartHistory } from "../../../host/restart_backoff.ts";
import { describeExit } from "../../../host/process_end.ts";
import { FeedWindow } from "../../../host/feed_window.ts";
import { KnownNames } from "../../../host/known_names.ts";
import { LineTail } from "../../../host/line_tail.ts";
import { MISSED_BEATS, PingWatch } from "../../../host/ping_watch.ts";

function delays(count: number, death: { wasReady: boolean; lifeMs: number; hopeless?: boolean }): (number | null)[] {
  let history: RestartHistory = NO_DEATHS;
  return Array.from({ length: count }, () => {
    const decision = decideRestart(history, { hopeless: false, ...death });
    history = decision.history;
    return decision.delayMs;
  });
}

Deno.test("an engine that dies at work comes back at once, then ever later, and is never given up", () => {
  assert.deepEqual(delays(10, { wasReady: true, lifeMs: 50 }), [
    0,
    100,
    200,
    400,
    800,
    1600,
    3200,
    6400,
    10_000,
    10_000,
  ]);
});

Deno.test("after a long life the past is forgotten", () => {
  assert.deepEqual(delays(3, { wasReady: true, lifeMs: 60_000 }), [0, 0, 0]);
});

Deno.test("an engine that never gets ready is given up after a few starts, a hopeless one at once", () => {
  const all = delays(MAX_FAILED_STARTS, { wasReady: false, lifeMs: 20 });
  assert.deepEqual(all, [100, 200, 400, 800, null]);
  assert.deepEqual(delays(1, { wasReady: false, lifeMs: 20, hopeless: true }), [null]);
});

Deno.test("having been ready once starts the count of failed starts anew", () => {
  const failed = decideRestart(NO_DEATHS, { wasReady: false, hopeless: false, lifeMs: 1 }).history;
  const lived = decideRestart(failed, { wasReady: true, hopeless: false, lifeMs: 1 }).history;
  assert.equal(lived.failedStarts, 0);
});

Deno.test("an end is described by who caused it, with the last words", () => {
  const exit = { code: 1, signal: null, killedFor: null, lastLines: [] as string[] };
  assert.equal(describeExit({ ...exit, killedFor: "we did" }), "we did");
  assert.equal(describeExit(exit), "its process ended with exit code 1");
  assert.match(
    describeExit({ ...exit, lastLines: ["error: bad flag", "", "    at x (y:1:1)"] }),
    /exit code 1; it last said: error: bad flag$/,
  );
  assert.match(
    describeExit({ ...exit, code: 137, signal: "SIGKILL" }),
    /killed by SIGKILL, by someone or by the system/,
  );
  assert.match(describeExit({ ...exit, signal: "SIGSEGV" }), /killed by SIGSEGV/);
  assert.match(
    describeExit({ ...exit, signal: "SIGTRAP", lastLines: ["FATAL ERROR: Reached heap limit"] }),
    /out of memory; cut the task/,
  );
});

Deno.test("the window opens for quick tasks and closes for slow ones", () => {
  const window = new FeedWindow(1);
  assert.equal(window.runs, 2);
  for (let index = 0; index < 30; index++) window.observe(0.001);
  assert.equal(window.runs, 256);
  window.observe(1_000);
  assert.equal(window.runs, 1);
  for (let index = 0; index < 30; index++) window.observe(0.1);
  assert.ok(window.runs >= 15 && window.runs <= 25, String(window.runs));
});

Deno.test("the window of an engine with slots holds one run for each of them, however slow, and quick ones besides", () => {
  const window = new FeedWindow(10);
  window.observe(100_000);
  assert.equal(window.runs, 10);
  for (let index = 0; index < 80; index++) window.observe(1);
  assert.ok(window.runs >= 11 && window.runs <= 12, String(window.runs));
});

Deno.test("names that were not used for long are forgotten past the bound", () => {
  const names = new KnownNames<string, number>(3);
  for (const [key, name] of [["a", 1], ["b", 2], ["c", 3]] as const) assert.equal(names.add(key, name), undefined);
  assert.equal(names.use("a"), 1);
  assert.equal(names.add("d", 4), 2);
  assert.equal(names.use("b"), undefined);
  assert.equal(names.use("a"), 1);
});

Deno.test("lines are cut wherever the text is, and the last ones are kept", () => {
  const lines: string[] = [];
  const tail = new LineTail((line) => lines.push(line));
  tail.add("on");
  tail.add("e\ntwo\nth");
  assert.deepEqual(lines, ["one", "two"]);
  assert.deepEqual(tail.last, ["one", "two", "th"]);
  tail.end();
  assert.deepEqual(lines, ["one", "two", "th"]);
  for (let index = 0; index < 100; index++) tail.add(`${index}\n`);
  assert.deepEqual([tail.last.length, tail.last.at(-1)], [20, "99"]);
});

Deno.test("a process is asked only while it is idle, and has three beats to answer", () => {
  const asked: number[] = [];
  const failed: string[] = [];
  const watch = new PingWatch((token) => asked.push(token), (why) => failed.push(why));
  watch.tick(false);
  assert.deepEqual(asked, []);
  watch.tick(true);
  watch.answered(1);
  for (let beat = 0; beat < MISSED_BEATS; beat++) watch.tick(true);
  watch.answered(1);
  assert.deepEqual([asked, failed.length], [[1, 2], 0]);
  // A task that was sent after the ping does not excuse it.
  watch.tick(false);
  watch.tick(false);
  assert.equal(failed.length, 1);
});

Deno.test("an engine that we ended since the time of its task was up starts at once, each time, and it counts for nothing", () => {
  const crashed = { deaths: 3, failedStarts: 0 };
  const death = { wasReady: true, hopeless: false, lifeMs: 100, timeWasUp: true };
  assert.deepEqual(decideRestart(NO_DEATHS, death), { history: NO_DEATHS, delayMs: 0 });
  assert.deepEqual(decideRestart(crashed, death), { history: crashed, delayMs: 0 });
});
