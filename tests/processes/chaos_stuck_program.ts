/** Starts a process, says which, and is in a loop for ever. For `chaos_last_resort_test.ts`. @module */
import { LastResort } from "../chaos/last_resort.ts";

const lastResort = new LastResort(Number(Deno.args[0]));
const child = new Deno.Command("sleep", { args: ["600"], stdout: "null", stderr: "null" }).spawn();
await lastResort.include(child.pid);
console.log(child.pid);
if (Deno.args[1] === "exit") Deno.exit(3);
while (child.pid > 0);
