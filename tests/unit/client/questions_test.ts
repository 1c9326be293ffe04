import assert from "node:assert/strict";
import type { RecordQuery } from "../../../client/record_query.ts";
import { DIRECT_COUNTERS_FROM, type EngineId, type EngineUuid, type TaskId } from "../../../protocol/ids.ts";
import { NoEnginesRegistered, TaskPending, UnknownTask } from "../../../wire/errors.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { FakeCluster, SESSION } from "./fake_cluster.ts";

const id = (counter: number) => `${SESSION}-${counter}` as TaskId;

Deno.test("status of results: a word each, of results and ids, in their order", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  const lview = client.loadBalancedView();
  const done = await lview.map((x: number) => x, [1, 2]).get().then(() => [id(0), id(1)]);
  cluster.manual();
  const open = lview.apply(() => 1);
  assert.deepEqual(await client.resultStatus([...done, open]), {
    pending: [id(2)],
    completed: [id(0), id(1)],
    status: { [id(0)]: "done", [id(1)]: "done", [id(2)]: "ready" },
  });
  assert.deepEqual(await client.resultStatus([]), { pending: [], completed: [], status: {} });
});

Deno.test("a result in hand has its status from there, forgotten or not", async () => {
  const cluster = await FakeCluster.start();
  const failed = cluster.client.loadBalancedView().apply(() => {
    throw new Error("no");
  });
  await failed.wait();
  cluster.questions.forgotten.add(failed.msgId);
  assert.deepEqual((await cluster.client.resultStatus(failed)).status, { [failed.msgId]: "failed" });
  await assert.rejects(cluster.client.resultStatus(failed.msgId), /forgotten .*-0"/);
});

Deno.test("ids that nothing is known of are all named, by the reason", async () => {
  const cluster = await FakeCluster.start();
  await cluster.client.loadBalancedView().apply(() => 1);
  cluster.questions.forgotten.add("other-7");
  const direct = `${SESSION}-${DIRECT_COUNTERS_FROM + 5}`;
  await assert.rejects(cluster.client.resultStatus([id(0), "x-1", "other-7", direct, "x-2"]), (error: Error) => {
    assert.ok(error instanceof UnknownTask);
    assert.match(error.message, /forgotten \(purged.*: "other-7"/);
    assert.match(error.message, new RegExp(`direct views.*: "${direct}"`));
    assert.match(error.message, /not known here: "x-1", "x-2"\.$/);
    assert.doesNotMatch(error.message, /-0"/);
    return true;
  });
  await assert.rejects(cluster.client.resultStatus(5 as never), /Cannot take 5 for a task/);
});

Deno.test("tasks that have not left the client are known there", async () => {
  const cluster = await FakeCluster.start();
  cluster.credit = 0;
  const stuck = cluster.client.loadBalancedView().apply(() => 1);
  assert.deepEqual((await cluster.client.resultStatus(stuck)).pending, [stuck.msgId]);
  const { cause, status, text } = await cluster.client.explain(stuck);
  assert.deepEqual([cause, status], ["unsent", "waiting"]);
  assert.match(text, /still in its client/);
  assert.match((await cluster.client.story(stuck))[0]?.text ?? "", /waits in its client/);
  await assert.rejects(cluster.client.purgeResults(stuck), TaskPending);
  assert.deepEqual(cluster.questions.asked, []);
});

Deno.test("a direct task is known while it is under way", async () => {
  const cluster = await FakeCluster.start();
  cluster.manual();
  const direct = cluster.client.at(0).apply(() => 1);
  assert.deepEqual((await cluster.client.resultStatus(direct.msgId)).pending, [direct.msgId]);
  await cluster.run();
  assert.deepEqual((await cluster.client.resultStatus(direct)).completed, [direct.msgId]);
  await assert.rejects(cluster.client.resultStatus(direct.msgId), UnknownTask);
});

Deno.test("explain takes a result or an id, and one task", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  assert.equal((await client.explain("garbage")).text, "garbage waits.");
  await assert.rejects(client.explain(client.loadBalancedView().map((x: number) => x, [1, 2])), RangeError);
  await assert.rejects(client.explain(null as never), TypeError);
});

Deno.test("a story has the times of this machine's clock", async () => {
  const clock = new FakeClock(1_000_000);
  const cluster = await FakeCluster.start(clock);
  cluster.questions.stories.set("other-0", [[4_000.2, "was submitted"]]);
  assert.deepEqual(await cluster.client.story("other-0"), [{ at: 999_000, text: "was submitted" }]);
  await assert.rejects(cluster.client.story("other-1"), UnknownTask);
});

Deno.test("history is fetched page by page", async () => {
  const cluster = await FakeCluster.start();
  cluster.questions.history = ["a-0", "b-0", "a-1", "b-1", "a-2"] as TaskId[];
  assert.deepEqual(await cluster.client.hubHistory(), ["a-0", "b-0", "a-1", "b-1", "a-2"]);
  assert.deepEqual(cluster.questions.asked.map(([name]) => name), ["caughtUp", "history", "history", "history"]);
});

Deno.test("a query travels as conditions, its times as ms since the hub began, and records come back", async () => {
  const clock = new FakeClock(1_000_000);
  const cluster = await FakeCluster.start(clock);
  const { questions } = cluster;
  questions.found = [3, 4, 5];
  questions.rows.set(3, ["a-0", 5_500, ["TypeError", "bad"]]).set(5, ["a-2", 4_000, null]);
  const query: RecordQuery = {
    status: "failed",
    submitted: { $gt: 1_000_500, $lt: new Date(1_000_900) },
    engineId: { $in: [1, 2, null] },
  };
  const found = await cluster.client.dbQuery(query, {
    keys: ["msgId", "submitted", "error"],
    sort: ["-submitted", "label"],
    limit: 7,
  });
  assert.deepEqual(found, [
    { msgId: "a-0", submitted: 1_000_500, error: { name: "TypeError", message: "bad" } },
    { msgId: "a-2", submitted: 999_000, error: null },
  ]);
  assert.deepEqual(questions.asked.find(([name]) => name === "find"), [
    "find",
    [["status", "$eq", "failed"], ["submitted", "$gt", 5_500], ["submitted", "$lt", 5_900], [
      "engineId",
      "$in",
      [1, 2, null],
    ]],
    [["submitted", true], ["label", false]],
    7,
  ]);
});

Deno.test("times stay what they are from one query to the next, though messages take their time", async () => {
  const clock = new FakeClock(1_000_000);
  const cluster = await FakeCluster.start(clock);
  cluster.questions.found = [0];
  cluster.questions.rows.set(0, [4_000]);
  const ask = () => cluster.client.dbQuery({}, { keys: ["submitted"] });
  assert.deepEqual(await ask(), [{ submitted: 999_000 }]);
  cluster.questions.ageMs += 40;
  assert.deepEqual(await ask(), [{ submitted: 999_000 }]);
  cluster.questions.ageMs = 0;
  assert.deepEqual(await ask(), [{ submitted: 1_004_000 }], "a hub that began anew counts from there");
});

Deno.test("what is wrong with a query is said at once, and nobody is asked", async () => {
  const cluster = await FakeCluster.start();
  const wrong: [unknown, unknown, RegExp, typeof TypeError | typeof RangeError][] = [
    [5, {}, /records with 5: a query is an object/, TypeError],
    [{ nothing: 1 }, {}, /"nothing": there is no such field; there are msgId,/, TypeError],
    [{ label: { $like: "a" } }, {}, /"label" with "\$like": there is no such operator; there are \$eq,/, TypeError],
    [{ label: {} }, {}, /its condition is empty/, TypeError],
    [{ label: undefined }, {}, /\$eq undefined: it is compared with a string/, TypeError],
    [{ label: 5 }, {}, /\$eq 5: it is compared with a string/, TypeError],
    [{ attempts: { $gt: "5" } }, {}, /\$gt "5": it is compared with a number/, TypeError],
    [{ attempts: { $gt: null } }, {}, /null is neither less nor more/, TypeError],
    [{ attempts: NaN }, {}, /nothing is like NaN/, RangeError],
    [{ attempts: { $glob: "1*" } }, {}, /it is no text/, TypeError],
    [{ label: { $glob: 5 } }, {}, /\$glob 5/, TypeError],
    [{ engineId: { $in: 1 } }, {}, /takes a list/, TypeError],
    [{ engineId: { $in: ["1"] } }, {}, /\$in "1"/, TypeError],
    [{ submitted: { $lt: new Date(NaN) } }, {}, /nothing is like NaN/, RangeError],
    [{ submitted: "yesterday" }, {}, /epoch ms or a Date/, TypeError],
    [{ status: "faild" }, {}, /it is one of waiting,/, RangeError],
    [{}, { limit: 0 }, /limit is a whole number from 1/, RangeError],
    [{}, { limit: 1.5 }, /limit is a whole number/, RangeError],
    [{}, { limit: 100_001 }, /to 100000/, RangeError],
    [{}, { limit: "5" }, /limit is a whole number/, TypeError],
    [{}, { sort: "nothing" }, /Cannot sort by "nothing"/, TypeError],
    [{}, { sort: 5 }, /Cannot sort by 5/, TypeError],
    [{}, { sort: "-after" }, /"after": it holds lists/, TypeError],
    [{}, { keys: ["nothing"] }, /Cannot give the field "nothing"/, TypeError],
    [{}, { keys: [] }, /no fields at all/, RangeError],
    [{}, { keys: "msgId" }, /keys is a list/, TypeError],
    [{}, { order: 1 }, /option "order": it is unknown; there are keys, sort, limit/, TypeError],
    [{}, null, /options are an object/, TypeError],
  ];
  for (const [query, options, message, Kind] of wrong) {
    await assert.rejects(cluster.client.dbQuery(query as never, options as never), (error: Error) => {
      assert.ok(error instanceof Kind, `${error} should be a ${Kind.name}`);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.deepEqual(cluster.questions.asked, []);
});

Deno.test("queues: what the scheduler says and what the hub counted, engine by engine", async () => {
  const cluster = await FakeCluster.start();
  const { client, questions } = cluster;
  const queue = (engine: number) => ({
    engine: engine as EngineId,
    uuid: `u${engine}` as EngineUuid,
    queued: engine,
    running: 1,
    queuedIds: [`q-${engine}` as TaskId],
    runningIds: [`r-${engine}` as TaskId],
  });
  const waiting = [{ cause: "free-engine" as const, text: "waits", count: 3, engines: [0], ids: null }];
  questions.queues = { engines: [queue(0), queue(1)], unassigned: 3, waiting, others: 0 };
  questions.engines = [{ id: 1, completed: 7, failed: 2 }] as never;
  questions.found = [0, 1, 2];
  questions.rows.set(0, ["a-0", 1, "done"]).set(1, ["a-1", 1, "aborted"]).set(2, ["a-2", 0, "failed"]);

  const status = await client.queueStatus({ targets: 1 });
  const counted = { engineId: 1, engineUuid: "u1", queued: 1, running: 1, completed: 7, failed: 2 };
  assert.deepEqual(status, { engines: [{ ...counted, ids: null }], unassigned: 3, waiting, others: 0 });
  const { engines } = await client.queueStatus({ verbose: true });
  assert.deepEqual(engines.map(({ ids }) => ids), [
    { queued: ["q-0"], running: ["r-0"], completed: [], failed: ["a-2"] },
    { queued: ["q-1"], running: ["r-1"], completed: ["a-0"], failed: ["a-1"] },
  ]);

  await assert.rejects(client.queueStatus({ targets: [0, 7] }), NoEnginesRegistered);
  await assert.rejects(client.queueStatus({ targets: "x" as never }), TypeError);
  await assert.rejects(client.queueStatus({ verbose: 1 as never }), TypeError);
  await assert.rejects(client.queueStatus({ target: 1 } as never), /there are targets, verbose/);
});

Deno.test("purging takes results and ids; what is pending or unknown is named", async () => {
  const cluster = await FakeCluster.start();
  const { client, questions } = cluster;
  await client.loadBalancedView().apply(() => 1);
  cluster.manual();
  const open = client.loadBalancedView().apply(() => 1);
  await client.purgeResults(id(0));
  await client.purgeResults("all");
  assert.deepEqual(questions.asked, [["purge", [id(0)]], ["purge", null]]);
  await assert.rejects(client.purgeResults([id(0), open]), (error: Error) => {
    assert.ok(error instanceof TaskPending);
    assert.match(error.message, new RegExp(`not finished: "${open.msgId}"`));
    return true;
  });
  await assert.rejects(client.purgeResults("x-9"), UnknownTask);
});

Deno.test("a question waits for the controller that is looked for, and fails where the client is closed", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  cluster.attachError = new Error("none there");
  cluster.session.controllerLost();
  const question = cluster.client.hubHistory();
  await cluster.until(() => cluster.hellos.length === 2);
  assert.deepEqual(cluster.questions.asked, []);
  cluster.attachError = null;
  await clock.advance(60);
  assert.deepEqual(await question, []);
  await cluster.client.close();
  await assert.rejects(cluster.client.hubHistory(), { name: "ConnectionError", message: /Cannot ask the cluster/ });
});
