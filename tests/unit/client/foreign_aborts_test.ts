import assert from "node:assert/strict";
import { ForeignAborts } from "../../../client/foreign_aborts.ts";
import type { QuestionLink } from "../../../client/question_link.ts";
import type { TaskId } from "../../../protocol/ids.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { ConnectionError } from "../../../wire/errors.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

const theirs = "other-3" as TaskId;

/** A controller that knows what `known` holds, and dies where `alive` is false. */
function stage() {
  const clock = new FakeClock();
  const state = { known: new Set<TaskId>(), alive: true, asked: 0 };
  const sent: TaskId[][] = [];
  const statusOf = (ids: readonly TaskId[]) => {
    state.asked++;
    if (!state.alive) return Promise.reject(new ConnectionError("gone"));
    return Promise.resolve(ids.map((id) => state.known.has(id) ? "running" : "unknown"));
  };
  const aborts = new ForeignAborts({
    clock,
    ask: () => Promise.resolve({ scheduler: { statusOf } } as unknown as QuestionLink),
    send: (ids) => void sent.push([...ids]),
  });
  return { clock, state, sent, aborts };
}

Deno.test("an abort that arrived is never sent again", async () => {
  const { clock, state, sent, aborts } = stage();
  state.known.add(theirs);
  aborts.add([theirs]);
  await clock.run(100);
  aborts.renewed();
  await clock.run(60_000);
  assert.deepEqual([sent, state.asked], [[], 1]);
});

Deno.test("one of a task that nobody knows is forgotten, where no controller died with it", async () => {
  const { clock, state, sent, aborts } = stage();
  aborts.add([theirs]);
  await clock.run(60_000);
  aborts.renewed();
  assert.deepEqual([sent, state.asked], [[], 1]);
});

Deno.test("one that a controller took to the grave is sent to the next until that knows the task", async () => {
  const { clock, state, sent, aborts } = stage();
  state.alive = false;
  aborts.add([theirs]);
  await clock.run(100);
  state.alive = true;
  aborts.renewed();
  await clock.run(1_400);
  assert.deepEqual(sent, [[theirs], [theirs], [theirs]]);
  state.known.add(theirs);
  await clock.run(60_000);
  assert.equal(sent.length, 4);
});

Deno.test("a task that its client never submits again is given up after ten seconds", async () => {
  const { clock, state, sent, aborts } = stage();
  state.alive = false;
  aborts.add([theirs]);
  await clock.run(100);
  state.alive = true;
  aborts.renewed();
  await clock.run(60_000);
  assert.ok(sent.length > 10 && sent.length <= 21, `${sent.length}`);
});

Deno.test("nothing is sent by a client that is closed", async () => {
  const { clock, state, sent, aborts } = stage();
  state.alive = false;
  aborts.add([theirs]);
  await clock.run(100);
  aborts.close();
  aborts.renewed();
  await clock.run(60_000);
  assert.deepEqual(sent, []);
});

Deno.test("client.abort() of another client's task reaches a controller that came after the one it was sent to", async () => {
  const cluster = (await FakeCluster.start()).manual();
  cluster.heedsAborts = false;
  const statusOf = () => Promise.reject(new ConnectionError("gone"));
  const { questions } = cluster;
  const link = questions.link.bind(questions);
  questions.link = (signal) => ({ ...link(signal), scheduler: { ...link(signal).scheduler, statusOf } });
  cluster.client.abort(theirs);
  await cluster.until(() => cluster.aborts.length === 1);
  await settleTurn();
  cluster.epoch++;
  cluster.session.controllerLost();
  await cluster.until(() => cluster.aborts.length === 2);
  assert.deepEqual(cluster.aborts, [theirs, theirs]);
  await cluster.client.close();
});
