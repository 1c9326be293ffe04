/** Tasks that submit tasks: a sort that splits its work, and waits for the halves without keeping an engine. @module */
import { Client, currentTask } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(2, { timeout: 30_000 });

const SMALL = 1_000;

/** Short lists are sorted here, long ones in two tasks; `self` is this function, which its tasks need too. */
async function sort(values: number[], small: number, self: string): Promise<number[]> {
  if (values.length <= small) return values.toSorted((a, b) => a - b);
  const middle = values[Math.floor(values.length / 2)] ?? 0;
  const halves = [values.filter((value) => value < middle), values.filter((value) => value > middle)];
  const half = (0, eval)(`(${self})`) as typeof sort;
  // While this waits, its engine takes another task.
  const view = currentTask().client.loadBalancedView();
  const [low = [], high = []] = await view.map(half, halves, [small, small], [self, self]);
  return [...low, ...values.filter((value) => value === middle), ...high];
}

const values = Array.from({ length: 20_000 }, () => Math.floor(Math.random() * 1_000_000));
const sorted = client.loadBalancedView().apply(sort, values, SMALL, sort.toString());
const isSorted = (await sorted).every((value, index, all) => index === 0 || (all[index - 1] ?? 0) <= value);
const tasks = (await client.hubHistory()).length;
console.log(`${values.length} values, sorted: ${isSorted}, by more than ${tasks > 20 ? 20 : 0} tasks`);
