import assert from "node:assert/strict";
import { untilAnswered } from "../../../client/until_answered.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { ConnectionError, UnknownTask } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

const LOST = new ConnectionError("its node controller.main is down");

Deno.test("a question whose controller dies is asked of the next one, as a whole", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  const { questions } = cluster;
  const link = questions.link.bind(questions);
  let died = false;
  questions.link = (signal) => {
    const { scheduler, hub } = link(signal);
    const find: typeof hub.find = (...args) => {
      if (died) return hub.find(...args);
      died = true;
      cluster.attachError = new ConnectionError("nobody there");
      cluster.session.controllerLost();
      return Promise.reject(LOST);
    };
    return { scheduler, hub: { ...hub, find } };
  };
  const records = cluster.client.dbQuery({ status: "done" });
  await clock.run(3_000);
  assert.equal(cluster.questions.asked.filter(([name]) => name === "find").length, 0);
  cluster.attachError = null;
  await clock.run(3_000);
  assert.deepEqual(await records, []);
  // The places in the answer of the first mean nothing to the second: it is asked all of it.
  assert.deepEqual(cluster.questions.asked.map(([name]) => name), ["caughtUp", "age", "caughtUp", "age", "find"]);
});

Deno.test("an answer that is an error is one, and so is the end of the client", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  let asked = 0;
  const failsWith = (error: Error) => () => (asked++, Promise.reject(error));
  await assert.rejects(untilAnswered(cluster.session, failsWith(new UnknownTask("no"))), UnknownTask);
  assert.equal(asked, 1);
  cluster.session.end(new ConnectionError("The client was closed."));
  await assert.rejects(
    untilAnswered(cluster.session, failsWith(LOST)),
    /Cannot ask the cluster: The client was closed/,
  );
  assert.equal(asked, 2);
});

Deno.test("a question that kills each controller is given up after ten", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  let asked = 0;
  const answer = untilAnswered(cluster.session, () => (asked++, Promise.reject(LOST)));
  const refused = assert.rejects(answer, LOST);
  await clock.run(2_000);
  await refused;
  assert.equal(asked, 11);
});
