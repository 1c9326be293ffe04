/** Tasks that wait for others, on a real cluster: maps, chunks and aborts among them, and a controller that dies. @module */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { type AsyncResult, Cluster, CompositeError, Dependency, ImpossibleDependency, TaskAborted } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { familyOf, kill } from "./cli_fixture.ts";

const soon = <T>(result: PromiseLike<T>) => within(result, "a task", 30_000);

async function failureOf(result: PromiseLike<unknown>): Promise<Error> {
  return await soon(Promise.resolve(result).then(() => assert.fail("it ran"), (error: Error) => error));
}

Deno.test("maps, chunks, aborted tasks and those submitted again are waited for like any other", async () => {
  await using cluster = await Cluster.start({ n: 2 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  const inverse = (x: number) => {
    if (x === 3) throw new RangeError("three");
    return 1 / x;
  };

  const chunks = lview.with({ chunksize: 2 }).map(inverse, [1, 2, 3, 4]);
  const blocked = lview.with({ after: chunks }).apply(() => "never");
  const anyFailed = new Dependency(chunks, { all: false, success: false, failure: true });
  assert.equal(await soon(lview.with({ after: anyFailed }).apply(() => "cleaned up")), "cleaned up");
  const impossible = await failureOf(blocked);
  assert.ok(impossible instanceof ImpossibleDependency, String(impossible));
  assert.match(impossible.message, new RegExp(`"after" wants task "${chunks.msgIds[1]}" to succeed`));
  assert.ok((await failureOf(chunks)) instanceof CompositeError);
  assert.equal(chunks.progress, 4, "each item has its own outcome");

  // More than a message, and more than a slice of a map: what waits for it is submitted in the same turn.
  const inputs = Array.from({ length: 9_000 }, (_, index) => index);
  const big = lview.map((x: number) => x, inputs);
  const behind = lview.with({ after: big }).apply(() => "behind");
  assert.equal(await soon(behind), "behind");
  assert.equal(big.ready, true);

  const first = lview.apply(() => new Promise((resolve) => setTimeout(resolve, 60_000)));
  const second = lview.with({ after: first }).apply(() => 2);
  const third = lview.with({ after: second }).apply(() => 3);
  assert.equal((await client.explain(third)).cause, "tasks");
  first.abort();
  assert.ok((await failureOf(first)) instanceof TaskAborted);
  assert.match((await failureOf(third)).message, new RegExp(`← "${first.msgId}", which failed with TaskAborted`));

  const again = client.resubmit(big.msgIds[7] ?? "");
  assert.equal(await soon(lview.with({ after: again, follow: again }).apply(() => "after it")), "after it");
  const unknown = client.resubmit("x-1");
  assert.ok((await failureOf(lview.with({ after: unknown }).apply(() => 1))) instanceof ImpossibleDependency);
});

/** Fails where one of those before it has not ended, and where it runs a second time. */
const step = async (name: string, before: readonly string[], folder: string): Promise<string> => {
  for (const earlier of before) Deno.statSync(`${folder}/${earlier}`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  Deno.writeTextFileSync(`${folder}/${name}`, name, { createNew: true });
  return name;
};

const LAYERS = 8;
const WIDTH = 6;

Deno.test("a graph outlives its controller: every task runs once, after those it names, or fails with its reason", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "troupe-graph-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const cluster = stack.use(await Cluster.start({ n: 2, permissions: { read: [folder], write: [folder] } }));
  const client = stack.use(await cluster.connect());
  const lview = client.loadBalancedView();
  const done = lview.apply(step, "first", [], folder);
  await soon(done);
  const failed = lview.apply(() => {
    throw new RangeError("on purpose");
  });
  await soon(failed.wait());

  const layers: AsyncResult<string>[][] = [[done]];
  let names = ["first"];
  for (let layer = 1; layer <= LAYERS; layer++) {
    const view = lview.with({ after: layers[layer - 1] ?? [] });
    const [before, own] = [names, Array.from({ length: WIDTH }, (_, index) => `${layer}-${index}`)];
    layers.push(own.map((name) => view.apply(step, name, before, folder)));
    names = own;
  }
  const last = layers.at(-1) ?? [];
  const cleanUp = lview.with({ after: new Dependency([failed, ...last], { failure: true }) });
  const end = cleanUp.apply(step, "end", names, folder);
  const never = lview.with({ after: [failed, ...last] }).apply(step, "never", [], folder);
  const dropped = lview.with({ after: last }).apply(step, "dropped", [], folder);
  const behindIt = lview.with({ after: dropped }).apply(step, "behind it", [], folder);

  await soon(Promise.all(layers[2] ?? []));
  const host = JSON.parse(Deno.readTextFileSync(`${dirname(cluster.connection.file)}/lock.json`)).pid;
  for (const pid of familyOf(host).controllers) await kill(pid);
  // Nobody is there to hear it.
  dropped.abort();

  assert.deepEqual(await soon(Promise.all(layers.flat())), [
    "first",
    ...layers.slice(1).flatMap((_, index) => Array.from({ length: WIDTH }, (_, place) => `${index + 1}-${place}`)),
  ]);
  assert.equal(await soon(end), "end");
  assert.ok((await failureOf(never)) instanceof ImpossibleDependency);
  assert.ok((await failureOf(dropped)) instanceof TaskAborted);
  assert.ok((await failureOf(behindIt)) instanceof ImpossibleDependency);
  const { unassigned, waiting } = await client.queueStatus();
  assert.deepEqual([unassigned, waiting], [0, []]);
});
