/** Runs a random graph of tasks, checks by their times that its order was kept, and draws it: `07_dag.ts [FILE.svg]`. @module */
import { Client } from "../mod.ts";
import { type Bar, timeline } from "./drawing/timeline.ts";

interface Task {
  readonly id: string;
  readonly name: string;
  /** How long it runs, ms. */
  readonly ms: number;
  /** What it waits for. */
  readonly parents: readonly Task[];
}

/** `n` tasks; the first four wait for nothing, each other one for up to three of those before it. */
function randomGraph(n: number, newId: () => string): Task[] {
  const tasks: Task[] = [];
  for (let i = 0; i < n; i++) {
    const parents = new Set<Task>();
    for (let draws = i < 4 ? 0 : 1 + Math.random() * 3; draws >= 1; draws--) {
      const parent = tasks[Math.floor(Math.random() * i)];
      if (parent !== undefined) parents.add(parent);
    }
    tasks.push({ id: newId(), name: `t${i}`, ms: 20 + Math.random() * 130, parents: [...parents] });
  }
  return tasks;
}

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
const lview = client.loadBalancedView();

// In any order: what is submitted in one turn may name what comes later in it.
const tasks = randomGraph(32, () => client.newId());
const results = tasks.toSorted(() => Math.random() - 0.5).map(({ id, name, ms, parents }) =>
  lview.with({ id, label: name, after: parents.map((parent) => parent.id) })
    .apply((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)), ms)
);
await Promise.all(results);

// When and where they ran: from the records of the hub, whose times come from one clock. Those in the metadata of results
// are counted back from when each came here, and do not tell to the millisecond what ran before what.
const records = await client.dbQuery({ msgId: { $in: tasks.map(({ id }) => id) } });
const bars = new Map<string, Bar>();
for (const { msgId, label, started, completed, engineId } of records) {
  const after = tasks.find(({ id }) => id === msgId)?.parents.map(({ name }) => name) ?? [];
  bars.set(label ?? "", { name: label ?? "", start: started ?? 0, end: completed ?? 0, engine: engineId ?? 0, after });
}

let [links, early] = [0, 0];
for (const { start, after } of bars.values()) {
  for (const parent of after) {
    links++;
    if (start < (bars.get(parent)?.end ?? Infinity)) early++;
  }
}
console.log(`${bars.size} tasks ran on ${client.ids.length} engines, with ${links} dependencies`);
console.log(`Started before what it waited for had ended: ${early}`);
if (early > 0) Deno.exitCode = 1;

const file = Deno.args[0] ?? await Deno.makeTempFile({ prefix: "dag-", suffix: ".svg" });
const title = `${bars.size} tasks with ${links} dependencies on ${client.ids.length} engines`;
await Deno.writeTextFile(file, timeline(title, [...bars.values()]));
console.log(`Drew it: ${file}`);
