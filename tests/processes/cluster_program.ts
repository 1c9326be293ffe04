/**
 * A program that starts a cluster, prints the pids of its host, controller and engine, and ends as it is told.
 *
 * The engine is in an endless loop by then. For the tests beside it.
 * @module
 */
import { dirname } from "node:path";
import { Cluster } from "../../mod.ts";
import { familyOf } from "./cli_fixture.ts";

const cluster = await Cluster.start({ n: 1 });
const client = await cluster.connect();
const job = client.loadBalancedView().apply(() => {
  for (;;);
});
// The news that a task runs comes by itself, and only the result has an event.
const running = Promise.withResolvers<void>();
const look = setInterval(() => job.engineId !== null && running.resolve(), 10);
await running.promise;
clearInterval(look);
const host = JSON.parse(Deno.readTextFileSync(`${dirname(cluster.connection.file)}/lock.json`)).pid;
const { controllers, engines } = familyOf(host);
console.log(JSON.stringify([host, ...controllers, ...engines]));

if (Deno.args[0] === "exit") Deno.exit(3);
if (Deno.args[0] === "throw") throw new Error("on purpose");
await job;
