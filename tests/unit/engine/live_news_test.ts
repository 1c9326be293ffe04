import assert from "node:assert/strict";
import { LiveNews, NEWS_BURST, NEWS_CHARACTERS, NEWS_PAUSE_MS } from "../../../engine/live_news.ts";
import { TaskPrint } from "../../../engine/task_print.ts";
import type { TaskRun } from "../../../engine/task_run.ts";
import type { EngineId, TaskId } from "../../../protocol/ids.ts";
import type { NestedLine } from "../../../protocol/messages.ts";
import { decodeValue, encodeValue } from "../../../wire/value_codec.ts";
import { runningRun } from "./run_fixture.ts";

/** News that are written down, and a clock that tests turn. */
function stage() {
  const said: unknown[][] = [];
  const timers: { at: number; callback: () => void }[] = [];
  let time = 0;
  const news = new LiveNews({
    printed: (number, channel, text, at) => said.push([number, channel, text, at]),
    published: (number, data) => said.push([number, "data", decodeValue(data)]),
    nested: (number, lines) => said.push([number, "nested", lines]),
    progress: (number, fraction, text) => said.push([number, "progress", fraction, text]),
  }, { now: () => time, later: (callback, ms) => timers.push({ at: time + ms, callback }) });
  const print = (run: TaskRun, text: string) => {
    run.print ??= new TaskPrint();
    run.print.add("stdout", text);
    news.printed(run);
  };
  const advance = (ms: number) => {
    for (const end = time + ms;;) {
      const next = timers.findIndex(({ at }) => at <= end);
      if (next < 0) return void (time = end);
      const [timer] = timers.splice(next, 1);
      time = timer?.at ?? end;
      timer?.callback();
    }
  };
  /** Leaves no credit. */
  const exhaust = () => {
    const run = runningRun(99);
    for (let count = 0; count < NEWS_BURST; count++) news.progress(run, 0, null);
    news.end(run);
    said.length = 0;
  };
  return { news, said, print, advance, exhaust, skip: (ms: number) => void (time += ms) };
}

Deno.test("what a task prints leaves at once, with its place in the whole", () => {
  const { print, said } = stage();
  const run = runningRun();
  print(run, "one\n");
  print(run, "two\n");
  assert.deepEqual(said, [[1, "stdout", "one\n", 0], [1, "stdout", "two\n", 4]]);
});

Deno.test("a task that prints in a loop leaves the pipe alone, and nothing it printed is lost", () => {
  const { print, said, advance, skip } = stage();
  const run = runningRun();
  for (let line = 0; line < 10_000; line++) print(run, `${line}\n`);
  assert.equal(said.length, NEWS_BURST);
  advance(NEWS_PAUSE_MS);
  assert.equal(said.length, NEWS_BURST + 1);
  for (let line = 0; line < 10; line++) {
    skip(NEWS_PAUSE_MS);
    print(run, "in a loop that never gives the timer a turn\n");
  }
  assert.equal(said.length, NEWS_BURST + 11);
  advance(10 * NEWS_PAUSE_MS);
  assert.equal(said.map(([, , text]) => text).join(""), run.print?.stdout);
  assert.ok(said.every(([, , text]) => (text as string).length <= NEWS_CHARACTERS));
});

Deno.test("no message holds half a character", () => {
  const { print, said, advance } = stage();
  const run = runningRun();
  print(run, "x".repeat(NEWS_CHARACTERS - 1) + "😀".repeat(3));
  advance(NEWS_PAUSE_MS);
  assert.deepEqual(said.map(([, , text, at]) => [(text as string).length, at]), [
    [NEWS_CHARACTERS - 1, 0],
    [6, NEWS_CHARACTERS - 1],
  ]);
});

Deno.test("of data and progress the latest leaves, and the last of all ahead of the end", () => {
  const { news, said, exhaust, advance } = stage();
  exhaust();
  const run = runningRun();
  for (let step = 1; step <= 5; step++) {
    news.published(run, encodeValue(step));
    news.progress(run, step / 10, `step ${step}`);
  }
  assert.deepEqual(said, []);
  advance(NEWS_PAUSE_MS);
  assert.deepEqual(said, [[1, "data", 5], [1, "progress", 0.5, "step 5"]]);
  news.published(run, encodeValue("last"));
  news.end(run);
  assert.deepEqual(said.at(-1), [1, "data", "last"]);
  advance(10 * NEWS_PAUSE_MS);
  assert.equal(said.length, 3);
});

Deno.test("tasks that run side by side take turns", () => {
  const { print, said, exhaust, advance } = stage();
  exhaust();
  const [one, two] = [runningRun(1), runningRun(2)];
  print(one, "a".repeat(3 * NEWS_CHARACTERS));
  print(two, "b".repeat(2 * NEWS_CHARACTERS));
  advance(5 * NEWS_PAUSE_MS);
  assert.deepEqual(said.map(([number]) => number), [1, 2, 1, 2, 1]);
});

Deno.test("lines of nested tasks leave at once, those that come meanwhile together, what does not fit is left out", () => {
  const { news, said, exhaust, advance } = stage();
  const run = runningRun(1);
  const line = (text: string | null): NestedLine => ["s-1" as TaskId, 2 as EngineId, 1, null, 0, text];
  news.nested(run, line("first"));
  assert.deepEqual(said, [[1, "nested", [line("first")]]]);
  exhaust();
  news.nested(run, line("second"));
  news.nested(run, line("x".repeat(NEWS_CHARACTERS)));
  news.nested(run, line("third"));
  news.nested(run, line(null));
  assert.deepEqual(said, []);
  advance(NEWS_PAUSE_MS);
  assert.deepEqual(said, [[1, "nested", [line("second"), line("third"), line(null)]]]);
  exhaust();
  news.nested(run, line("last"));
  news.end(run);
  assert.deepEqual(said, [[1, "nested", [line("last")]]]);
});
