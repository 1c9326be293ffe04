/** Tasks that choose their engines: by what can be imported there, by a question, and by saying no. @module */
import * as zlib from "node:zlib";
import { Client, currentTask, depend, dependent, require, UnmetDependency } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(2, { timeout: 30_000 });
const lview = client.loadBalancedView();

// Runs only where this can be imported, and finds it there under these names: modules, functions, values.
const trim = (text: string) => text.replaceAll(/\s+/g, " ");
const needs = require({ zlib: "node:zlib", trim, level: 9 });
const level = 9;
const pack = needs((text: string) => zlib.gzipSync(trim(text), { level }).length);
console.log(`Packed on an engine: ${await lview.apply(pack, "so  much  room ".repeat(1_000))} bytes`);
console.log(`Packed here: ${await pack("so  much  room ".repeat(1_000))} bytes`);

// Runs only where a function does not say `false`. It is asked on the engine, at the start of the task.
const onPlatform = (os: string) => Deno.build.os === os;
const build = depend(onPlatform, Deno.build.os)((target: string) => `built for ${target}`);
console.log(await lview.apply(build, Deno.build.os));

// The same for one function with several conditions.
const isEngine = (wanted: number) => currentTask().engineId === wanted;
const where = (what: string) => `${what} ran on engine ${currentTask().engineId}`;
const [first, second] = client.ids.map((id) => dependent(where, isEngine, id));
console.log(await lview.apply(second ?? where, "One"));
console.log(await lview.map(first ?? where, ["Two", "Three"]));

// Or a task says no itself: another engine is tried, each once, and it costs no retry.
const picky = lview.apply(() => {
  if (currentTask().engineId === 0) throw new UnmetDependency("too busy");
  return `engine ${currentTask().engineId} took it`;
});
console.log(`${await picky}, at attempt ${picky.metadata.attempts}`);

// When all have declined it waits for a new engine; `timeout` bounds that.
const elsewhere = lview.with({ timeout: 300 }).apply(depend(onPlatform, "plan9")(() => "at last"));
console.log(await elsewhere.get().catch((error: Error) => `${error.name}: ${error.message}`));
