/** Tasks that wait for others: for all of them, for any, to whatever end, and submitted in any order. @module */
import { Client, Dependency, ImpossibleDependency } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
const lview = client.loadBalancedView();

/** Runs on engines. */
const takeTime = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));

// A result, an id, or a list of them: run when all of these are done. Nobody waits here, the scheduler does.
const short = lview.apply(takeTime, 20);
const long = lview.apply(takeTime, 500);
const both = lview.with({ after: [short, long] }).apply(() => "after both");

// Any of them may be enough. Flags can also be set for a block.
{
  using _ = lview.tempFlags({ after: new Dependency([short, long], { all: false }) });
  const any = await lview.apply(() => "after the first");
  console.log(`${any}: the long one is ${long.ready ? "done" : "still running"}`);
}
console.log(`${await both}: ${await short} ms and ${await long} ms`);

// The result of a map stands for all its tasks.
const squares = lview.map((x: number) => x * x, [1, 2, 3, 4]);
console.log(await lview.with({ after: squares }).apply(() => "after four squares"));

// What is submitted in one turn may come in any order: ids can be made before there are tasks of them.
const [mixed, baked] = [client.newId(), client.newId()];
const steps = [
  lview.with({ label: "eat", after: baked }).apply(() => "eaten"),
  lview.with({ label: "bake", id: baked, after: mixed }).apply(() => "baked"),
  lview.with({ label: "mix", id: mixed }).apply(() => "mixed"),
];
await client.wait(steps);
const inOrder = await client.dbQuery({ msgId: { $in: steps.map(({ msgId }) => msgId) } }, { sort: "started" });
console.log(`Ran: ${inOrder.map(({ label }) => label).join(", ")}`);

// What can't happen any more is an error at once, with the chain back to the first cause.
const broken = lview.apply(() => JSON.parse("{"));
const next = lview.with({ after: broken }).apply(() => "never");
const last = lview.with({ after: next }).apply(() => "never either");
const error = await last.get().catch((error: unknown) => error);
if (!(error instanceof ImpossibleDependency)) throw error;
console.log(`${error.message}; its cause: ${error.cause}`);

// Unless the task is to run whatever becomes of them.
const ended = new Dependency([broken, next], { success: true, failure: true });
console.log(await lview.with({ after: ended }).apply(() => "after them, however they ended"));
