/** A walk through all that a client can ask, and submitting again, on a cluster of real processes. @module */
import assert from "node:assert/strict";
import { Client, Cluster, CompositeError, TaskPending, UnknownTask } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture } from "./cli_fixture.ts";

Deno.test("what runs and waits is explained and counted; what ran is told, found, submitted again and forgotten", async () => {
  const gate = await Deno.makeTempFile({ prefix: "troupe-gate-" });
  await using cluster = await Cluster.start({ n: 2, permissions: { read: [gate] } });
  await using client = await cluster.connect();
  await using other = await cluster.connect();
  const lview = client.loadBalancedView();

  const quick = lview.with({ label: "quick" }).map((x: number) => x * x, [1, 2, 3, 4, 5]);
  // Asked in the same turn: the question comes after what it asks about.
  assert.equal(Object.keys((await client.resultStatus(quick)).status).length, 5);
  await quick;
  // Who has a result finds it in the records.
  const done = await client.dbQuery({ label: "quick", status: "done" }, { keys: ["msgId"] });
  assert.deepEqual(done.map(({ msgId }) => msgId), quick.msgIds);

  const waitForGate = async (path: string) => {
    while (Deno.readTextFileSync(path) === "") await new Promise((resolve) => setTimeout(resolve, 5));
    return "open";
  };
  const held = [
    lview.with({ targets: 0 }).apply(waitForGate, gate),
    lview.with({ targets: 1 }).apply(waitForGate, gate),
  ];
  const waiting = lview.with({ label: "waiting" }).map((x: number) => x, [7, 8, 9]);
  const nowhere = lview.with({ after: held, timeout: 60_000 }).apply(() => 1);

  const running = await client.explain(held[0] ?? "");
  assert.deepEqual([running.cause, running.status, running.engines], ["assigned", "running", [0]]);
  const [first = ""] = waiting.msgIds;
  const why = await other.explain(first);
  assert.deepEqual([why.cause, why.text], ["free-engine", `Task "${first}" waits for one of 2 engines to be free.`]);
  const status = await client.queueStatus({ verbose: true });
  assert.deepEqual(status.engines.map(({ engineId, running, queued }) => [engineId, running, queued]), [[0, 1, 0], [
    1,
    1,
    0,
  ]]);
  assert.deepEqual(status.engines.map(({ ids }) => ids?.running), held.map(({ msgId }) => [msgId]));
  assert.deepEqual(status.engines.flatMap(({ ids }) => ids?.completed ?? []).sort(), [...quick.msgIds].sort());
  assert.equal(status.engines.reduce((sum, { completed }) => sum + completed, 0), 5);
  assert.deepEqual(status.waiting.map(({ cause, count }) => [cause, count]), [["free-engine", 3], ["tasks", 1]]);
  assert.deepEqual(status.waiting[0]?.ids, waiting.msgIds);
  await assert.rejects(client.purgeResults([...quick.msgIds, first]), TaskPending);
  await assert.rejects(client.resubmit(waiting).get(), TaskPending);
  nowhere.abort();
  await nowhere.wait();

  await Deno.writeTextFile(gate, "open");
  await within(Promise.all([...held, waiting]), "the tasks behind the gate");
  const failing = lview.with({ retries: 1, label: "bad luck", backoff: { initial: 1 } }).apply(() => {
    throw new RangeError("out of it");
  });
  await failing.wait();
  const story = (await client.story(failing)).map(({ text }) => text.replace(/engine \d/, "engine N"));
  assert.deepEqual(story, [
    "was submitted",
    "was given to engine N as attempt 1",
    "failed on engine N: RangeError: out of it",
    "pauses before its next attempt",
    "is ready: it waits for an engine only",
    "was given to engine N as attempt 2",
    "failed for good on engine N: RangeError: out of it",
  ]);
  const times = (await client.story(failing)).map(({ at }) => at);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  assert.ok(Math.abs((times[0] ?? 0) - Date.now()) < 30_000, "the times are those of this machine's clock");

  const history = await other.hubHistory();
  assert.deepEqual(history, [
    ...quick.msgIds,
    ...held.map(({ msgId }) => msgId),
    ...waiting.msgIds,
    nowhere.msgId,
    failing.msgId,
  ]);
  const [bad] = await other.dbQuery({ error: { $glob: "RangeError*" }, label: { $glob: "bad *" } });
  assert.deepEqual([bad?.msgId, bad?.error, bad?.attempts, bad?.retries], [
    failing.msgId,
    { name: "RangeError", message: "out of it" },
    2,
    1,
  ]);
  const exact = await other.dbQuery({ submitted: bad?.submitted ?? 0 }, { keys: ["msgId"] });
  assert.ok(exact.some(({ msgId }) => msgId === failing.msgId), "a time that was shown can be asked for");
  const latest = await client.dbQuery({ status: { $ne: "done" } }, { keys: ["status"], sort: "-submitted", limit: 2 });
  assert.deepEqual(latest, [{ status: "failed" }, { status: "aborted" }]);

  // Of another client, which has neither function nor arguments.
  const again = other.resubmit(quick.msgIds);
  const chained = other.loadBalancedView().apply(() => "after");
  assert.deepEqual(await within(again, "what was submitted again"), [1, 4, 9, 16, 25]);
  assert.equal(await chained, "after");
  assert.deepEqual(
    await other.dbQuery({ msgId: { $in: again.msgIds } }, { keys: ["label"] }),
    Array(5).fill({ label: "quick" }),
  );
  const chunked = lview.with({ chunksize: 2 }).map((x: number) => 1 / (x - 3), [1, 2, 4]);
  await chunked;
  assert.deepEqual(await client.resubmit(chunked.msgIds[0] ?? ""), [-0.5, -1]);
  const big = lview.apply((text: string) => text.length, "x".repeat(200_000));
  await big;
  assert.equal(await other.resubmit(big.msgId), 200_000);
  const direct = client.at(0).apply(() => 1);
  await direct;
  await assert.rejects(client.resubmit(direct).get(), { name: "UnknownTask", message: /direct views/ });
  await assert.rejects(client.resubmit(["x-1", failing.msgId]).get(), UnknownTask);
  await assert.rejects(other.resubmit([failing.msgId]).get(), CompositeError);

  await client.purgeResults(quick);
  assert.equal((await client.explain(quick.msgIds[0] ?? "")).cause, "forgotten");
  await assert.rejects(other.resultStatus(quick.msgIds), { name: "UnknownTask", message: /forgotten/ });
  await assert.rejects(other.resubmit(quick.msgIds).get(), UnknownTask);
  await client.purgeResults("all");
  assert.deepEqual(await client.hubHistory(), []);
  await assert.rejects(client.story(failing), UnknownTask);
});

/** A cluster that keeps so much, with a client. */
async function keeping(fixture: CliFixture, bounds: string): Promise<Client> {
  const name = `keep-${bounds.toLowerCase()}`;
  const started = await fixture.run(["start", "-n", "1", "--daemon", "--name", name, "--keep", bounds]);
  assert.equal(started.code, 0, started.stderr);
  return await Client.connect({ connectionFile: fixture.connectionFile(name), name });
}

Deno.test("--keep bounds what is kept of finished tasks: by number, by size and by age", async () => {
  await using fixture = await CliFixture.create();
  await Promise.all([
    (async () => {
      await using client = await keeping(fixture, "3");
      const map = client.loadBalancedView().map((x: number) => x, [1, 2, 3, 4, 5]);
      await map;
      assert.deepEqual(await client.hubHistory(), map.msgIds.slice(2));
      assert.match((await client.explain(map.msgIds[0] ?? "")).text, /forgotten: purged, or past the bounds of --keep/);
    })(),
    (async () => {
      await using client = await keeping(fixture, "100KB");
      const map = client.loadBalancedView().map((x: number) => "x".repeat(40_000 + x), [1, 2, 3, 4, 5]);
      await map;
      assert.deepEqual(await client.hubHistory(), map.msgIds.slice(3));
    })(),
    (async () => {
      await using client = await keeping(fixture, "300ms");
      const result = client.loadBalancedView().apply(() => 1);
      await result;
      const forgotten = async () => {
        while ((await client.explain(result.msgId)).cause !== "forgotten");
      };
      await within(forgotten(), "a task of 300 ms ago to be forgotten");
    })(),
  ]);
  await fixture.run(["stop", "--all"]);
});

Deno.test("status on the command line says what waits, and for what", async () => {
  await using fixture = await CliFixture.create();
  const started = await fixture.run(["start", "-n", "1", "--daemon"]);
  assert.equal(started.code, 0, started.stderr);
  await using client = await Client.connect({ connectionFile: fixture.connectionFile() });
  const lview = client.loadBalancedView();
  const busy = lview.apply(() => new Promise(() => {}));
  const waits = lview.with({ after: busy }).map((x: number) => x, [1, 2]);
  assert.equal((await client.resultStatus(waits)).pending.length, 2);
  const [text, json] = await Promise.all([fixture.run(["status"]), fixture.run(["status", "--json"])]);
  assert.match(text.stdout, /^ {2}2 × waits for tasks that are not finished$/m);
  const { waiting, unassigned } = JSON.parse(json.stdout);
  assert.deepEqual([waiting.map(({ cause, count }: { cause: string; count: number }) => [cause, count]), unassigned], [
    [["tasks", 2]],
    2,
  ]);
  busy.abort();
  await waits.wait();
  await fixture.run(["stop"]);
});
