import assert from "node:assert/strict";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { ConnectionError, RemoteError, VersionMismatch } from "../../../wire/errors.ts";
import { FakeCluster, SESSION, settleTurn } from "./fake_cluster.ts";

Deno.test("a new controller is given all that is unsettled, code too, in order; each settles once", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const results = [0, 1, 2, 3].map((x) => lview.apply((y: number) => y, x));
  await cluster.until(() => cluster.tasks.size === 4);
  await cluster.run([0, 2]);
  cluster.tasks.clear();
  cluster.epoch = 2;
  cluster.session.controllerLost();
  await cluster.until(() => cluster.batches.length === 2);
  const [, codes, , rows] = cluster.batches[1] ?? assert.fail();
  assert.deepEqual([codes.length, rows.map(([counter]) => counter)], [1, [1, 3]]);
  assert.deepEqual(cluster.hellos.map(([, , session, node, first]) => [session, node, first]), [
    [SESSION, "n1", 0],
    [SESSION, "n1", 1],
  ]);
  cluster.session.settled(1 as never, [cluster.done(1, "from the deposed controller")]);
  await cluster.run();
  assert.deepEqual(await Promise.all(results), [0, 1, 2, 3]);
});

Deno.test("it tries again until a controller answers, and submissions wait meanwhile", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  cluster.attachError = new ConnectionError("nobody there");
  cluster.session.controllerLost();
  cluster.session.controllerLost();
  const result = cluster.client.loadBalancedView().apply(() => 1);
  for (let tries = 0; tries < 5; tries++) await clock.run(1_000);
  assert.ok(cluster.hellos.length >= 5);
  assert.equal(cluster.batches.length, 0);
  cluster.attachError = null;
  await clock.run(1_000);
  assert.equal(await result, 1);
});

Deno.test("a map in the making goes on with the new controller, and loses nothing", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  cluster.manual();
  const xs = Array.from({ length: 9_000 }, (_, x) => x);
  const result = cluster.client.loadBalancedView().map((x: number) => x, xs);
  await cluster.until(() => cluster.tasks.size === 4_000);
  cluster.tasks.clear();
  cluster.epoch = 2;
  cluster.session.controllerLost();
  while (cluster.tasks.size < 9_000) await clock.run(1);
  await cluster.run();
  assert.deepEqual(await result, xs);
});

Deno.test("an abort asked for while the controller is away reaches the next one, after its task", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  const result = cluster.client.loadBalancedView().apply(() => 1);
  await cluster.until(() => cluster.tasks.size === 1);
  cluster.tasks.clear();
  cluster.attachError = new ConnectionError("away");
  cluster.session.controllerLost();
  await settleTurn();
  result.abort();
  cluster.attachError = null;
  const rejected = assert.rejects(Promise.resolve(result), /Aborted testsessio-0/);
  await clock.run(1_000);
  await rejected;
  assert.equal(cluster.batches.length, 2);
});

Deno.test("an abort that its controller took to the grave reaches the next one, and is asked for no more once it is settled", async () => {
  const cluster = (await FakeCluster.start()).manual();
  cluster.heedsAborts = false;
  const lview = cluster.client.loadBalancedView();
  const [first, second] = [lview.apply(() => 1), lview.apply(() => 2)];
  await cluster.until(() => cluster.tasks.size === 2);
  first.abort();
  await cluster.until(() => cluster.aborts.length === 1);
  const renew = async () => {
    const batches = cluster.batches.length;
    cluster.tasks.clear();
    cluster.epoch++;
    cluster.session.controllerLost();
    await cluster.until(() => cluster.batches.length > batches);
    await settleTurn();
  };
  cluster.heedsAborts = true;
  const rejected = assert.rejects(Promise.resolve(first), /Aborted testsessio-0/);
  await renew();
  await rejected;
  await renew();
  assert.deepEqual(cluster.aborts, ["testsessio-0", "testsessio-0"]);
  await cluster.run();
  assert.equal(await second, 2);
});

Deno.test("no controller in time is a ConnectionError that says what to do", async () => {
  const clock = new FakeClock();
  const cluster = new FakeCluster(clock);
  cluster.attachError = new ConnectionError("no responders");
  const started = assert.rejects(cluster.session.start(2_000), /within 2000 ms: no responders; see with "status"/);
  await clock.run(3_000);
  await started;
});

Deno.test("a controller that was stopped is waited for half a minute, one that died for as long as it takes", async () => {
  const clock = new FakeClock();
  const [stopped, died] = [new FakeCluster(clock), new FakeCluster(clock)];
  for (const cluster of [stopped, died]) {
    await cluster.session.start(1_000);
    cluster.manual().attachError = new ConnectionError("no responders");
  }
  const [lost, kept] = [stopped, died].map(({ client }) => client.loadBalancedView().apply(() => 1));
  stopped.session.controllerLost(true);
  died.session.controllerLost();
  const told = assert.rejects(Promise.resolve(lost), (error: Error) => {
    assert.match(
      String(error),
      /controller was stopped, and no other has come within 30000 ms\. Its tasks ended with it; start it again/,
    );
    return true;
  });
  await clock.run(29_000);
  assert.equal(lost?.ready, false);
  await clock.run(3_000);
  await told;
  await clock.run(600_000);
  assert.equal(kept?.ready, false);
});

Deno.test("another controller that comes in time goes on for one that was stopped", async () => {
  const clock = new FakeClock();
  const cluster = new FakeCluster(clock);
  await cluster.session.start(1_000);
  cluster.attachError = new ConnectionError("no responders");
  const result = cluster.client.loadBalancedView().apply(() => 1);
  cluster.session.controllerLost(true);
  await clock.run(5_000);
  cluster.attachError = null;
  await clock.run(2_000);
  assert.equal(await result, 1);
});

Deno.test("another version ends it at once, now and after a restart", async () => {
  const mismatch = new RemoteError("there", {
    remoteName: "VersionMismatch",
    remoteStack: "",
    cause: new VersionMismatch("protocol 2 there, 1 here"),
  });
  const cluster = new FakeCluster();
  cluster.attachError = mismatch;
  await assert.rejects(cluster.session.start(2_000), VersionMismatch);

  const other = (await FakeCluster.start()).manual();
  const result = other.client.loadBalancedView().apply(() => 1);
  other.attachError = mismatch;
  other.session.controllerLost();
  await assert.rejects(Promise.resolve(result), (error: Error) => {
    assert.ok(error instanceof ConnectionError);
    assert.ok(error.cause instanceof VersionMismatch);
    return true;
  });
});

Deno.test("a connection that is closed for good rejects what is pending and says what to do", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().apply(() => 1);
  await cluster.until(() => cluster.tasks.size === 1);
  cluster.session.end(new ConnectionError("The connection was closed."));
  await assert.rejects(Promise.resolve(result), /connect again with Client\.connect\(\)/);
});

Deno.test("a task's age travels with it", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  cluster.credit = 0;
  cluster.client.loadBalancedView().apply(() => 1);
  await settleTurn();
  clock.advance(250);
  cluster.giveCredit(1);
  await cluster.until(() => cluster.tasks.size === 1);
  assert.equal(cluster.tasks.get(0)?.ageMs, 250);
});
