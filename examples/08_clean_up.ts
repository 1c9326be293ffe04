/** What to do when tasks fail: tidy up only then, go on in any case, and try again. @module */
import { Client, currentTask, Dependency, ImpossibleDependency } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
const lview = client.loadBalancedView();

/** Runs on engines: one of the parts is bad. */
function importPart(part: string): string {
  if (part === "b.csv") throw new Error(`"${part}" is cut off`);
  return part;
}

/** Imports a whole folder; all that is to follow is said at once, before anything has run. */
async function importAll(folder: string, parts: readonly string[]): Promise<void> {
  const imports = lview.with({ label: folder }).map(importPart, parts);
  const anyFailed = new Dependency(imports, { all: false, success: false, failure: true });
  const allEnded = new Dependency(imports, { success: true, failure: true });

  const publish = lview.with({ after: imports }).apply((folder: string) => `published ${folder}`, folder);
  const tidyUp = lview.with({ after: anyFailed }).apply((folder: string) => `removed the rest of ${folder}`, folder);
  const report = lview.with({ after: allEnded }).apply((n: number) => `looked at ${n} parts`, parts.length);

  for (const [name, result] of Object.entries({ publish, tidyUp, report })) {
    try {
      console.log(`${folder}: ${name}: ${await result}`);
    } catch (error) {
      if (!(error instanceof ImpossibleDependency)) throw error;
      console.log(`${folder}: ${name}: not run, ${error.cause ?? "since nothing failed"}`);
    }
  }
}

await importAll("monday", ["a.csv", "c.csv"]);
await importAll("tuesday", ["a.csv", "b.csv", "c.csv"]);

// Some failures go away by themselves. On another engine if there is one, with growing pauses in between.
const stubborn = lview.with({ retries: 4, backoff: { initial: 20, factor: 2, jitter: 0.2 } });
const lucky = stubborn.apply(() => {
  const { attempt } = currentTask();
  if (attempt < 3) throw new Error(`attempt ${attempt} had no luck`);
  return `attempt ${attempt} had`;
});
console.log(`${await lucky}, ${lucky.metadata.attempts} in all`);

// An engine that dies costs a retry like any failure, and comes back. What hangs is ended by `maxRuntime`.
const mortal = lview.with({ retries: 1 }).apply(() => currentTask().attempt === 1 ? Deno.exit(1) : "survived a death");
const endless = lview.with({ maxRuntime: 200, retries: 1 }).apply(() => {
  while (currentTask().attempt === 1);
  return "and an endless loop";
});
console.log(`${await mortal} ${await endless}`);
