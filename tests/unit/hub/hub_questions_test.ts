import assert from "node:assert/strict";
import { MAX_DETOURS } from "../../../hub/task_story.ts";
import type { Fact } from "../../../protocol/facts.ts";
import type { EngineId, TaskId } from "../../../protocol/ids.ts";
import { HISTORY_PAGE, RECORD_FIELDS, type RecordField, REPLY_BYTES } from "../../../protocol/records.ts";
import { systemClock } from "../../../wire/clock.ts";
import { encodeError } from "../../../wire/error_codec.ts";
import { accepted, assigned, DONE, hubOf, settled, specOf, threw } from "./given.ts";

const engine = (id: number) => id as EngineId;
const id = (task: string) => task as TaskId;
const dependency = (...ids: string[]) => ({ ids: ids as TaskId[], all: true, success: true, failure: false });

async function storyOf(at: Awaited<ReturnType<typeof hubOf>>, task: string): Promise<[number, string][] | null> {
  const story = await at.hub.story(id(task));
  return story?.map(([when, text]) => [Math.round(when), text]) ?? null;
}

Deno.test("a story tells all that happened to a task, in order, with its detours", async () => {
  await using at = await hubOf();
  at.tell(
    accepted(specOf("s-1", { after: dependency("s-0") }), 10),
    { kind: "task-held", at: 10, task: id("s-1") },
    { kind: "task-unblocked", at: 20, task: id("s-1") },
    assigned("s-1", 20, 1),
    { kind: "task-declined", at: 30, task: id("s-1"), engine: engine(1) },
    assigned("s-1", 30, 2),
    { kind: "task-returned", at: 35, task: id("s-1"), engine: engine(2) },
    assigned("s-1", 40, 3),
    {
      kind: "attempt-failed",
      at: 50,
      task: id("s-1"),
      engine: engine(3),
      reason: "it threw",
      error: encodeError(new TypeError("bad luck")),
    },
    { kind: "task-held", at: 50, task: id("s-1") },
    { kind: "task-unblocked", at: 60, task: id("s-1") },
    assigned("s-1", 60, 4, 2),
    { ...settled("s-1", 70, DONE, 4), attempts: 2 },
  );
  assert.deepEqual(
    await storyOf(at, "s-1"),
    [
      [10, "was submitted"],
      [10, 'waits for task "s-0"'],
      [20, "is ready: it waits for an engine only"],
      [20, "was given to engine 1 as attempt 1"],
      [30, "declined engine 1"],
      [30, "was given to engine 2 as attempt 1"],
      [35, "came back from engine 2 before it began"],
      [40, "was given to engine 3 as attempt 1"],
      [50, "failed on engine 3: TypeError: bad luck"],
      [50, "pauses before its next attempt"],
      [60, "is ready: it waits for an engine only"],
      [60, "was given to engine 4 as attempt 2"],
      [70, "is done: it ran 5 ms on engine 4"],
    ],
  );
});

Deno.test("stories of the straight way, of an abort, and of errors that the system raised", async () => {
  await using at = await hubOf();
  const abort = { kind: "failed", error: { name: "TaskAborted", message: "" } } as const;
  const late = { kind: "failed", error: { name: "DependencyTimeout", message: "too late" } } as const;
  at.tell(...["s-0", "s-1", "s-2"].map((task) => accepted(specOf(task), 1)));
  at.tell(assigned("s-0", 2, 0), settled("s-0", 9, threw(new Error("no")), 0), settled("s-1", 5, abort, null, null));
  at.tell(settled("s-2", 6, late, null, null));
  assert.deepEqual(await storyOf(at, "s-0"), [
    [1, "was submitted"],
    [2, "was given to engine 0 as attempt 1"],
    [9, "failed for good on engine 0: Error: no"],
  ]);
  assert.deepEqual(await storyOf(at, "s-1"), [[1, "was submitted"], [5, "was aborted"]]);
  assert.deepEqual((await storyOf(at, "s-2"))?.at(-1), [6, "failed for good with DependencyTimeout: too late"]);
  assert.equal(await storyOf(at, "s-9"), null);
});

Deno.test("the story of a task that is sent around for ever is bounded: its beginning and its end are kept", async () => {
  await using at = await hubOf();
  at.tell(accepted(specOf("s-0"), 0));
  const facts: Fact[] = [];
  for (let n = 1; n <= MAX_DETOURS; n++) {
    facts.push(assigned("s-0", n, n), { kind: "task-returned", at: n, task: id("s-0"), engine: engine(n) });
  }
  at.tell(...facts);
  const story = await storyOf(at, "s-0") ?? [];
  assert.equal(story.length, MAX_DETOURS + 1);
  assert.match(story[1]?.[1] ?? "", /engine 1 /);
  assert.match(story.at(-1)?.[1] ?? "", new RegExp(`engine ${MAX_DETOURS} `));
});

Deno.test("every field of a record can be asked for, and says what the facts said", async () => {
  await using at = await hubOf();
  const flags = { label: "a", retries: 2, priority: 3, timeoutMs: 4, maxRuntimeMs: 5, targets: [engine(1)] };
  at.tell(accepted(specOf("s-0", { ...flags, after: dependency("s-7"), follow: dependency("s-8") }), 10));
  at.tell(assigned("s-0", 20, 1));
  at.tell(settled("s-0", 40, threw(new RangeError("far")), 1, { runMs: 12, ageMs: 3, stdout: "out", stderr: "err" }));
  at.tell(accepted(specOf("t-5"), 50));
  const keys = Object.keys(RECORD_FIELDS) as RecordField[];
  const [whole, fresh] = await at.hub.records([0, 1], keys);
  assert.deepEqual(Object.fromEntries(keys.map((key, index) => [key, whole?.[index]])), {
    msgId: "s-0",
    session: "s",
    name: "f",
    label: "a",
    status: "failed",
    submitted: 10,
    started: 25,
    completed: 37,
    engineId: 1,
    engineUuid: "u1",
    attempts: 1,
    retries: 2,
    priority: 3,
    timeout: 4,
    maxRuntime: 5,
    targets: [1],
    after: ["s-7"],
    follow: ["s-8"],
    stdout: "out",
    stderr: "err",
    error: ["RangeError", "far"],
  });
  const nothing = keys.filter((_, index) => fresh?.[index] === null);
  const open = ["label", "started", "completed", "engineId", "engineUuid", "targets", "after", "follow", "error"];
  assert.deepEqual(nothing, open);
});

Deno.test("a search finds by any field, errors too, and takes a limit and an order", async () => {
  await using at = await hubOf();
  for (let n = 0; n < 6; n++) at.tell(accepted(specOf(`s-${n}`, { label: n % 2 === 0 ? "even" : "odd" }), n));
  at.tell(settled("s-1", 9, threw(new RangeError("far")), 1), settled("s-3", 9, DONE, 2), settled("s-4", 9, DONE, 1));
  assert.deepEqual(await at.hub.find([], [], 100), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(await at.hub.find([["label", "$glob", "e*"]], [["submitted", true]], 2), [4, 2]);
  assert.deepEqual(await at.hub.find([["error", "$eq", "RangeError: far"]], [], 9), [1]);
  assert.deepEqual(await at.hub.find([["engineId", "$in", [1, 3]], ["status", "$eq", "done"]], [], 9), [4]);
  assert.deepEqual(await at.hub.find([["submitted", "$gte", 4]], [], 9), [4, 5]);
  await assert.rejects(at.hub.find([["label", "$like" as never, "x"]], [], 9), /query message/);
});

Deno.test("a long search lets other messages through, and finds all the same", async () => {
  await using at = await hubOf(systemClock);
  const facts: Fact[] = [];
  for (let n = 0; n < 60_000; n++) facts.push(accepted(specOf(`s-${n}`), n));
  at.tell(...facts);
  let answered = 0;
  const search = at.hub.find([["label", "$eq", "nobody"]], [["submitted", true]], 10).then((found) => {
    assert.ok(answered > 0, "the hub answered nothing until the search was over");
    return found;
  });
  await at.hub.age().then(() => answered++);
  assert.deepEqual(await search, []);
});

Deno.test("history comes in the order of submission, whatever the ids, and in pages", async () => {
  await using at = await hubOf();
  at.tell(accepted(specOf("b-7"), 1), accepted(specOf("a-0"), 2), accepted(specOf("b-2"), 3));
  at.tell(settled("a-0", 4, DONE, 0), { kind: "task-forgotten", at: 5, task: id("a-0") });
  assert.deepEqual(await at.hub.history(0), [["b-7", "b-2"], null]);
  const facts: Fact[] = [];
  for (let n = 0; n < HISTORY_PAGE; n++) facts.push(accepted(specOf(`c-${n}`), 9));
  at.tell(...facts);
  const [ids, next] = await at.hub.history(0);
  assert.equal(ids.length, HISTORY_PAGE);
  assert.deepEqual(await at.hub.history(next ?? 0), [[`c-${HISTORY_PAGE - 2}`, `c-${HISTORY_PAGE - 1}`], null]);
});

Deno.test("replies stay below a bound: what is left out is asked for again", async () => {
  await using at = await hubOf();
  const big = new Uint8Array(60_000);
  for (let n = 0; n < 20; n++) {
    at.tell(accepted(specOf(`s-${n}`, {}, big), n), settled(`s-${n}`, 30, DONE, 0, { stdout: "x".repeat(60_000) }));
  }
  const all = Array.from({ length: 20 }, (_, order) => order);
  const rows = await at.hub.records(all, ["stdout"]);
  assert.equal(rows.length, Math.ceil(REPLY_BYTES / 60_010));
  const [, tasks] = await at.hub.specs(all.map((n) => id(`s-${n}`)));
  assert.equal(tasks.length, Math.ceil(REPLY_BYTES / 60_010));
});

Deno.test("records are given by their ids too, those that there are, as many as fit in a reply", async () => {
  await using at = await hubOf();
  const label = "x".repeat(REPLY_BYTES);
  at.tell(accepted(specOf("s-0", { label, after: dependency("s-9") }), 10), accepted(specOf("s-1"), 20));
  const ask = (...ids: string[]) => at.hub.recordsOf(ids as TaskId[], ["msgId", "after"]);
  assert.deepEqual(await ask("s-1", "s-7", "s-0"), [["s-1", null], null, ["s-0", ["s-9"]]]);
  assert.equal((await at.hub.recordsOf([id("s-0"), id("s-1")], ["label"])).length, 1);
  await assert.rejects(at.hub.recordsOf("s-0" as never, ["label"]), /records message/);
});

Deno.test("specs say what tasks were submitted as; those of one template share it; unknown ones are told", async () => {
  await using at = await hubOf();
  const one = specOf("s-0", { retries: 2 }, new Uint8Array([1]));
  const same = { ...one, id: id("s-1"), args: new Uint8Array([2]) };
  at.tell(accepted(one, 0), accepted(same, 0));
  const [templates, tasks] = await at.hub.specs([id("s-0"), id("s-9"), id("s-1")]);
  assert.deepEqual(templates, [["0".repeat(64), "f", [2], null]]);
  assert.deepEqual(tasks, [[0, new Uint8Array([1])], null, [0, new Uint8Array([2])]]);
});

Deno.test("engines that were declined are not counted as busy with it", async () => {
  await using at = await hubOf();
  at.tell({
    kind: "engine-joined",
    at: 0,
    engine: engine(1),
    uuid: "u" as never,
    host: "h" as never,
    pid: 1,
    slots: 1,
  });
  at.tell(accepted(specOf("s-0"), 1), assigned("s-0", 2, 1));
  at.tell({ kind: "task-declined", at: 3, task: id("s-0"), engine: engine(1) });
  const { engines, tasks } = await at.hub.status();
  assert.deepEqual([engines[0]?.load, engines[0]?.failed, tasks.running, tasks.ready], [0, 0, 0, 1]);
});

Deno.test("waiting tasks are counted as waiting", async () => {
  await using at = await hubOf();
  at.tell(accepted(specOf("s-0"), 1), { kind: "task-held", at: 1, task: id("s-0") });
  assert.equal((await at.hub.status()).tasks.waiting, 1);
  at.tell({ kind: "task-unblocked", at: 2, task: id("s-0") });
  assert.deepEqual((await at.hub.status()).tasks, { waiting: 0, ready: 1, running: 0, done: 0, failed: 0, aborted: 0 });
});

Deno.test("garbage in a question is refused, and the hub goes on", async () => {
  await using at = await hubOf();
  await assert.rejects(at.hub.records([-1], ["msgId"]), /records message/);
  await assert.rejects(at.hub.records([0], ["nothing" as never]), /records message/);
  await assert.rejects(at.hub.specs("x" as never), /specs message/);
  await assert.rejects(at.hub.history(-5), /history message/);
  assert.deepEqual(await at.hub.history(0), [[], null]);
});
