import assert from "node:assert/strict";
import { Dependency } from "../../../client/dependency.ts";
import { DirectView } from "../../../client/direct_view.ts";
import { DIRECT_COUNTERS_FROM, REFUSED_COUNTERS_FROM } from "../../../protocol/ids.ts";
import type { DependencyMessage } from "../../../protocol/messages.ts";
import { ImpossibleDependency, SerializationError } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

/** The flags `after` and `follow` as the last task took them along. */
async function sent(cluster: FakeCluster, result: { readonly msgId: string }): Promise<(DependencyMessage | null)[]> {
  const counter = Number(result.msgId.split("-")[1]);
  await cluster.until(() => cluster.tasks.has(counter));
  const [, , , , , , , after = null, follow = null] = cluster.tasks.get(counter)?.template[2] ?? assert.fail();
  return [after, follow];
}

async function start(): Promise<FakeCluster> {
  return (await FakeCluster.start()).manual();
}

/** A task that never leaves its client. */
function refused(cluster: FakeCluster) {
  return cluster.client.loadBalancedView().apply(Math.sqrt, 4);
}

const only = (ids: readonly string[]) => [ids, true, true, false];

Deno.test("a result, an id, a list or a dependency become what travels, and are found in the metadata", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const one = lview.apply(() => 1);
  const map = lview.map((x: number) => x, [1, 2]);
  const mine = (name: string) => lview.with({ label: name });
  const first = mine("a").with({ after: one, follow: [map, map.msgIds[0] ?? ""] }).apply(() => 2);
  assert.deepEqual(await sent(cluster, first), [only([one.msgId]), only(map.msgIds)]);
  assert.deepEqual(first.metadata.after, [one.msgId]);
  assert.deepEqual(first.metadata.follow, map.msgIds);
  assert.deepEqual([first.metadata.status, one.metadata.status], ["waiting", "ready"]);
  const other = mine("b").with({ after: new Set([one.msgId, "other-5"]) }).map((x: number) => x, [1]);
  assert.deepEqual(await sent(cluster, other), [only([one.msgId, "other-5"]), null]);
  assert.deepEqual(other.metadata.map(({ after }) => after), [[one.msgId, "other-5"]]);
  const any = new Dependency([one], { all: false, success: false, failure: true });
  const cleanUp = lview.with({ follow: any }).apply(() => 3);
  any.add("other-6");
  assert.deepEqual(await sent(cluster, cleanUp), [null, [[one.msgId], false, false, true]]);
});

Deno.test("nothing to wait for is no dependency, and null takes one away", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView().with({ after: "other-1", follow: ["other-2"] });
  for (const nothing of [null, [], new Dependency(), cluster.client.loadBalancedView().map(() => 1, [])]) {
    const result = lview.with({ after: nothing, follow: nothing }).apply(() => 1);
    assert.deepEqual(await sent(cluster, result), [null, null]);
    assert.deepEqual([result.metadata.after, result.metadata.follow, result.metadata.status], [[], [], "ready"]);
  }
});

Deno.test("tasks of one view share what they wait for", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView().with({ after: "other-1" });
  const [f, g] = [() => 1, () => 2];
  const results = [lview.apply(f), lview.apply(g), lview.apply(f), lview.apply(g)];
  await sent(cluster, results[3] ?? assert.fail());
  const [, , templates, rows] = cluster.batches[0] ?? assert.fail();
  assert.deepEqual([templates.length, rows.map((row) => row[1])], [2, [0, 1, 0, 1]]);
});

Deno.test("what waits for a task that was refused here is impossible, with that error as the cause, at any depth", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const bad = refused(cluster);
  assert.equal(Number(bad.msgId.split("-")[1]), REFUSED_COUNTERS_FROM);
  const next = lview.with({ after: [bad, "other-1"] }).apply(() => 1);
  const map = lview.with({ follow: next.msgId }).map((x: number) => x, [1, 2]);
  const error = await next.catch((error) => error);
  assert.ok(error instanceof ImpossibleDependency);
  assert.match(error.message, new RegExp(`come after task "${bad.msgId}".*SerializationError: Cannot ship "sqrt"`));
  assert.ok(error.cause instanceof SerializationError);
  const further = await map.catch((error) => error);
  assert.ok(further instanceof ImpossibleDependency);
  assert.match(further.message, new RegExp(`follow task "${next.msgId}"`));
  assert.equal(further.cause, error);
  assert.deepEqual(next.metadata.after, [bad.msgId, "other-1"]);
  assert.equal(cluster.batches.length, 0);
});

for (
  const [kind, options, others, left] of [
    ["after", { failure: true }, [], "nothing"],
    ["after", { failure: true }, ["other-1"], "the rest"],
    ["after", { success: false, failure: true }, ["other-1"], "the rest"],
    ["after", { all: false }, ["other-1"], "the rest"],
    ["after", { all: false }, [], "impossible"],
    ["after", { all: false, failure: true }, ["other-1"], "nothing"],
    ["after", { all: false, success: false, failure: true }, [], "nothing"],
    ["follow", { failure: true }, ["other-1"], "impossible"],
    ["follow", { all: false, failure: true }, ["other-1"], "the rest"],
    ["follow", { all: false, failure: true }, [], "impossible"],
    ["follow", { all: false }, ["other-1"], "the rest"],
  ] as const
) {
  const name = `${kind} ${JSON.stringify(options)} of a refused task and [${others}] leaves ${left}`;
  Deno.test(name, async () => {
    const cluster = await start();
    const dependency = new Dependency([refused(cluster), ...others], options);
    const result = cluster.client.loadBalancedView().with({ [kind]: dependency }).apply(() => 1);
    if (left === "impossible") return await assert.rejects(Promise.resolve(result), ImpossibleDependency);
    const [after, follow] = await sent(cluster, result);
    const { all, success, failure } = dependency;
    const rest = left === "nothing" ? null : [others, all, success, failure];
    assert.deepEqual(kind === "after" ? after : follow, rest);
  });
}

Deno.test("only the errors of the last refused tasks are kept; that an older one failed is known all the same", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const first = refused(cluster);
  for (let count = 0; count < 1_000; count++) refused(cluster);
  const error = await lview.with({ after: first }).apply(() => 1).catch((error) => error);
  assert.ok(error instanceof ImpossibleDependency);
  assert.equal(error.cause, undefined);
});

Deno.test("a direct task that was refused here has the id of a direct task", async () => {
  const cluster = await FakeCluster.start(undefined, (cluster) => cluster.engines = []);
  const view: DirectView = cluster.client.directView();
  const result = view.apply(() => 1);
  const counter = Number(result.msgId.split("-")[1]);
  assert.ok(counter >= DIRECT_COUNTERS_FROM && counter < REFUSED_COUNTERS_FROM);
  await result.wait();
});
