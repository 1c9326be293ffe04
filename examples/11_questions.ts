/** Asks about tasks: why one does not run, what happened to it, what is queued where, and which ones took longest. @module */
import { Client } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(2, { timeout: 30_000 });
const lview = client.loadBalancedView();

/** Runs on engines. */
const takeTime = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));

// One for each engine, one more, and one after the first ones.
const tasks = lview.with({ label: "busy" }).map(takeTime, client.ids.map(() => 500));
const queued = lview.apply(takeTime, 10);
const after = lview.with({ after: tasks }).apply(takeTime, 20);

const [first = ""] = tasks.msgIds;
for (const task of [first, queued, after]) {
  const { cause, text } = await client.explain(task);
  console.log(`${cause}: ${text}`);
}

const { engines, unassigned, waiting } = await client.queueStatus();
for (const { engineId, running, queued } of engines) console.log(`Engine ${engineId}: ${running} run, ${queued} wait`);
console.log(`Not assigned: ${unassigned}`);
for (const { count, text } of waiting) console.log(`  ${count} × ${text}`);

await client.wait();
console.log((await client.explain(first)).text);

// What a task has been through, with times.
const story = await client.story(after);
const [{ at: start = 0 } = {}] = story;
for (const { at, text } of story) console.log(`${String(at - start).padStart(5)} ms  ${text}`);

// The records of all tasks, also of other clients: which, what of them, in which order.
const longest = await client.dbQuery(
  { status: "done", name: "takeTime", submitted: { $gt: Date.now() - 60_000 } },
  { keys: ["label", "engineId", "started", "completed"], sort: ["-label", "started"], limit: 3 },
);
console.table(longest.map(({ label, engineId, started, completed }) => ({
  label,
  engineId,
  ms: (completed ?? 0) - (started ?? 0),
})));
const count = (await client.hubHistory()).length;
await client.purgeResults("all");
console.log(`${count} tasks in the history, ${(await client.hubHistory()).length} when all are forgotten`);
