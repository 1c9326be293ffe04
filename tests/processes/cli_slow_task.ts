/**
 * A program with a task that takes its time: says "running" once the task runs, and "finished" when it has ended.
 *
 * One second, or what the first argument says: `for ever`, or an `endless loop`. For the tests beside it.
 * @module
 */
import { Client } from "../../mod.ts";

await using client = await Client.connect();

/** Runs on an engine. */
function task(kind: string): Promise<unknown> {
  if (kind === "endless loop") { for (;;); }
  const timer = kind === "for ever" ? () => setInterval(() => {}, 1_000) : (end: () => void) => setTimeout(end, 1_000);
  return new Promise<void>(timer);
}

const job = client.loadBalancedView().apply(task, Deno.args[0] ?? "");
// The news that a task runs comes by itself, and only the result has an event.
const running = Promise.withResolvers<void>();
const look = setInterval(() => job.engineId !== null && running.resolve(), 10);
await running.promise;
clearInterval(look);
console.log("running");
await job;
console.log("finished");
