/** What tasks show while they run: lines as they are printed, data, a progress bar; and results taken apart and joined. @module */
import { Client, currentTask, joinResults } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(2, { timeout: 30_000, interactive: true });
const lview = client.loadBalancedView();

/** Runs on an engine: adds up the terms of a series, and says how far it is. */
async function pi(name: string, terms: number): Promise<number> {
  let sum = 0;
  for (let term = 0; term < terms; term++) {
    sum += (term % 2 === 0 ? 4 : -4) / (2 * term + 1);
    if (term % (terms / 4) !== 0) continue;
    console.log(`${name}: ${sum}`);
    currentTask().publish({ term, sum });
    currentTask().progress(term / terms, name);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return sum;
}

{
  // Each line with the engine it comes from, as soon as it is printed: [stdout:0] short: 4
  using _ = client.echo();
  await lview.apply(pi, "short", 1_000);
}

const names = ["a", "b", "c"];
const results = lview.map(pi, names, [10_000, 20_000, 40_000]);
await results.waitInteractive(); // a bar on a terminal, a few lines elsewhere
console.log("Shown last:", results.metadata.map(({ data }) => (data as { term: number }).term).join(", "));
const [first] = results.split();
console.log("The first alone:", (await first)?.toFixed(3));

const failing = lview.map((text: string) => JSON.parse(text), ["{", "1", "{"]);
const all = joinResults(results, failing);
console.log(`${all.length} results, ${(await all.get({ returnExceptions: true })).length} with errors in place`);
console.log(await failing.then(String, (error) => error.message.replace(/ \(.*/, "")));
const perEngine = Object.values(await results.getDict()).map((list) => list.length);
console.log("By engine:", perEngine.reduce((sum, count) => sum + count, 0), "results");
