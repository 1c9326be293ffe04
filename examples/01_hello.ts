/** Says hello from an engine, then computes on all of them. Needs a running cluster: `deno task start -n 4`. @module */
import { Client } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
console.log(`Engines: ${client.ids.join(", ")}`);

const lview = client.loadBalancedView();

// One call on some engine: the function travels as its source, its arguments as data.
const greeting = await lview.apply((name: string) => `Hello ${name}, this is process ${Deno.pid}.`, "world");
console.log(greeting);

// One call for each element, spread over all engines, results in order.
const powers = await lview.map((x: number) => x ** 10, [1, 2, 3, 4, 5, 6, 7, 8]);
console.log(`x ** 10: ${powers.join(", ")}`);

// A result knows where it came from and how long it took.
const slow = lview.apply(() => new Promise<string>((resolve) => setTimeout(resolve, 50, "done")));
console.log(`${await slow} on engine ${slow.engineId} in ${Math.round(slow.serialTime)} ms`);
