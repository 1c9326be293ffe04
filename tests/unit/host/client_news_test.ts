import assert from "node:assert/strict";
import { ClientNews } from "../../../host/client_news.ts";
import { EngineRun } from "../../../host/engine_run.ts";
import { printedBy, publishedBy } from "../../../host/shown_so_far.ts";
import type { EngineId, EngineUuid, Session } from "../../../protocol/ids.ts";
import { NEWS } from "../../../protocol/messages.ts";
import { taskId } from "../../../wire/task_ids.ts";
import { scheduledRun, TEMPLATE } from "./run_fixture.ts";

Deno.test("the news of a turn leave as one message for each client, at its own node", async () => {
  const sent: [string, readonly unknown[]][] = [];
  const news = new ClientNews((node, rows) => sent.push([node, rows]), () => "u" as EngineUuid);
  const scheduled = new EngineRun(
    scheduledRun(1).origin,
    0 as EngineId,
    taskId("abcdefghij" as Session, 7),
    2,
    TEMPLATE,
    new Uint8Array(0),
  );
  const session = "klmnopqrst" as Session;
  const origin = { kind: "direct", session, counter: 3, client: "client.other" } as const;
  const direct = new EngineRun(origin, 1 as EngineId, taskId(session, 3), 1, TEMPLATE, new Uint8Array(0));
  news.printed(scheduled, 0, "x\n", 4);
  news.progress(direct, 0.5, null);
  news.published(scheduled, new Uint8Array([1]));
  assert.deepEqual(sent, []);
  await Promise.resolve();
  assert.deepEqual(sent, [
    ["client.abcdefghij", [[7, 0, "u", 2, NEWS.printed, 0, "x\n", 4], [
      7,
      0,
      "u",
      2,
      NEWS.published,
      new Uint8Array([1]),
    ]]],
    ["client.other", [[3, 1, "u", 1, NEWS.progress, 0.5, null]]],
  ]);
});

Deno.test("of a run on no process there is no news", async () => {
  const sent: unknown[] = [];
  const news = new ClientNews((node) => sent.push(node), () => null);
  news.printed(scheduledRun(1), 0, "x", 0);
  await Promise.resolve();
  assert.deepEqual(sent, []);
});

Deno.test("what was shown so far adds up within bounds; what no engine says is refused", () => {
  const shown = publishedBy(printedBy(printedBy(null, 0, "a"), 1, "b"), new Uint8Array([1]));
  assert.deepEqual(printedBy(shown, 0, "c"), { stdout: "ac", stderr: "b", data: new Uint8Array([1]) });
  let long = printedBy(null, 0, "x".repeat(1024 * 1024));
  for (let time = 0; time < 5; time++) long = printedBy(long, 0, "y".repeat(1024 * 1024));
  assert.equal(long.stdout.length, 2 * 1024 * 1024);
  assert.throws(() => printedBy(null, 2, "a"), RangeError);
  assert.throws(() => printedBy(null, 0, 5), RangeError);
  assert.throws(() => publishedBy(null, "data"), RangeError);
});
