import assert from "node:assert/strict";
import { echoBlocks, echoLines } from "../../../client/output_echo.ts";
import { FunctionShipping } from "../../../client/function_shipping.ts";
import { readNews } from "../../../client/read_news.ts";
import { registerType } from "../../../client/registered_type.ts";
import { parseScript } from "../../../client/script_parser.ts";
import type { EngineId, EngineUuid } from "../../../protocol/ids.ts";
import { NEWS, type NewsMessage, SETTLED, type SettledMessage } from "../../../protocol/messages.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { encodeValue } from "../../../wire/value_codec.ts";
import { FakeCluster } from "./fake_cluster.ts";

type Rest<Row> = Row extends readonly [unknown, unknown, unknown, unknown, ...infer R] ? R : never;

/** News of an attempt on engine 1. */
function news(counter: number, attempt: number, ...rest: Rest<NewsMessage>): NewsMessage {
  return [counter, 1 as EngineId, "uuid-1" as EngineUuid, attempt, ...rest] as unknown as NewsMessage;
}

const printed = (counter: number, text: string, at: number, channel: 0 | 1 = 0, attempt = 1) =>
  news(counter, attempt, NEWS.printed, channel, text, at);

function done(counter: number, stdout: string, stderr = "", attempts = 1, data: unknown = null): SettledMessage {
  const uuid = "uuid-1" as EngineUuid;
  const end: SettledMessage = [
    counter,
    SETTLED.done,
    encodeValue(7),
    1 as EngineId,
    uuid,
    attempts,
    5,
    1,
    stdout,
    stderr,
  ];
  return data === null ? end : [...end, encodeValue(data)] as unknown as SettledMessage;
}

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

async function running() {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().with({ label: "mine" }).apply(() => 7);
  await cluster.until(() => cluster.tasks.size === 1);
  return { cluster, result, session: cluster.session };
}

Deno.test("what a task prints, publishes and reports is seen while it runs", async () => {
  const { session, result, cluster } = await running();
  assert.deepEqual([result.stdout, result.metadata.data, result.metadata.progress], ["", null, null]);
  session.news([
    printed(0, "one\n", 0),
    printed(0, "oops\n", 0, 1),
    news(0, 1, NEWS.published, encodeValue({ at: 1 })),
  ]);
  session.news([printed(0, "two\n", 4), news(0, 1, NEWS.progress, 0.5, "half")]);
  assert.deepEqual([result.stdout, result.stderr, result.engineId], ["one\ntwo\n", "oops\n", 1]);
  const { status, data, progress } = result.metadata;
  assert.deepEqual([status, data, progress], ["running", { at: 1 }, { fraction: 0.5, text: "half" }]);
  cluster.settle(done(0, "one\ntwo\nthree\n", "oops\n", 1, { at: 2 }));
  assert.equal(await result, 7);
  assert.deepEqual([result.stdout, result.metadata.data], ["one\ntwo\nthree\n", { at: 2 }]);
  session.news([printed(0, "late\n", 14)]);
  assert.equal(result.stdout, "one\ntwo\nthree\n");
});

Deno.test("an instance of a registered class is published as one", async () => {
  const { session, result } = await running();
  using shipping = new FunctionShipping();
  shipping.open(parseScript);
  registerType(Point);
  const data = encodeValue(new Point(1, 2), { special: shipping.encode });
  session.news([news(0, 1, NEWS.published, data)]);
  assert.deepEqual(result.metadata.data, new Point(1, 2));
});

Deno.test("a new attempt begins anew, and an older one says nothing any more", async () => {
  const { session, result, cluster } = await running();
  session.news([printed(0, "first\n", 0), news(0, 1, NEWS.published, encodeValue(1)), printed(0, "again\n", 0, 0, 2)]);
  session.news([printed(0, "late\n", 6, 0, 1)]);
  assert.deepEqual([result.stdout, result.metadata.data], ["again\n", null]);
  cluster.settle(done(0, "", "", 3));
  await result;
  assert.deepEqual([result.stdout, result.metadata.data, result.metadata.progress], ["", null, null]);
});

Deno.test("after a hole nothing is shown before the end, and nothing twice", async () => {
  const { session, result, cluster } = await running();
  const lines: string[] = [];
  using _ = cluster.client.onOutput(({ text }) => lines.push(text));
  session.news([printed(0, "a\n", 0), printed(0, "c\n", 4), printed(0, "d\n", 6)]);
  assert.deepEqual([result.stdout, lines], ["a\n", ["a"]]);
  session.news([printed(0, "a\n", 0)]);
  assert.deepEqual(lines, ["a"]);
  cluster.settle(done(0, "a\nb\nc\nd\n"));
  assert.deepEqual(lines, ["a", "b", "c", "d"]);
});

Deno.test("news of unknown tasks and of unknown kinds change nothing; garbage is refused", async () => {
  const { session, result } = await running();
  session.news([printed(99, "x", 0)]);
  assert.deepEqual(readNews([[0, 1, "u", 1, 77, "?"], printed(0, "x", 0)]), [printed(0, "x", 0)]);
  for (const bad of ["x", [1], [[0, 1, "u"]], [["0", 1, "u", 1, 0, 0, "x", 0]]]) {
    assert.throws(() => readNews(bad), SerializationError);
  }
  for (const bad of [[0, 2, "x", 0], [0, 0, 5, 0], [0, 0, "x", -1], [1, "x"], [2, 2, null], [2, 0.5, 5]]) {
    assert.deepEqual(readNews([[0, 1, "u", 1, ...bad]]), []);
  }
  session.news([news(0, 1, NEWS.published, new Uint8Array([0xc1]))]);
  assert.equal(result.metadata.data, null);
});

Deno.test("lines are told with where they come from, whole, and the last one at the end", async () => {
  const { session, result, cluster } = await running();
  const lines: unknown[] = [];
  const listening = cluster.client.onOutput((line) => lines.push(line));
  session.news([printed(0, "one\ntw", 0)]);
  const head = { msgId: result.msgId, engineId: 1, attempt: 1, label: "mine", channel: "stdout" };
  assert.deepEqual(lines, [{ ...head, text: "one" }]);
  session.news([printed(0, "o\nthree", 6), printed(0, "bad\n", 0, 1)]);
  cluster.settle(done(0, "one\ntwo\nthree", "bad\n"));
  assert.deepEqual(lines.slice(1), [
    { ...head, text: "two" },
    { ...head, channel: "stderr", text: "bad" },
    { ...head, text: "three" },
  ]);
  listening[Symbol.dispose]();
  await cluster.client.close();
});

Deno.test("what short tasks print comes with their ends, a retry prints its own from the start", async () => {
  const { session, cluster } = await running();
  const lines: string[] = [];
  using _ = cluster.client.onOutput(({ attempt, text }) => lines.push(`${attempt} ${text}`));
  session.news([printed(0, "first\n", 0)]);
  cluster.settle(done(0, "first\nsecond\n", "", 2));
  assert.deepEqual(lines, ["1 first", "2 first", "2 second"]);
});

Deno.test("echo() prints lines with their engine, grouped it prints a block for each task", async () => {
  const { session, result, cluster } = await running();
  const written: string[] = [];
  const target = {
    log: (_format: string, text: string) => void written.push(text),
    error: (_format: string, text: string) => void written.push(`! ${text}`),
  };
  const watch = session.tasks.output;
  {
    using _lines = watch.add(echoLines(target));
    session.news([printed(0, "100 %d\n", 0), printed(0, "no\n", 0, 1)]);
    assert.deepEqual(written.splice(0), ["[stdout:1] 100 %d", "! [stderr:1] no"]);
  }
  using _blocks = watch.add(echoBlocks(target));
  session.news([printed(0, "b\n", 7)]);
  assert.deepEqual(written, []);
  cluster.settle(done(0, "100 %d\nb\n", "no\n"));
  const head = `1] task "${result.msgId}" (mine)`;
  assert.deepEqual(written, [`[stdout:${head}\n100 %d\nb`, `! [stderr:${head}\nno`]);
});

Deno.test("a result that fails here keeps what its task had printed", async () => {
  const { session, result, cluster } = await running();
  session.news([printed(0, "so far\n", 0)]);
  await cluster.client.close();
  await result.wait();
  assert.deepEqual([result.metadata.status, result.stdout], ["failed", "so far\n"]);
});
