/** What ends a chaos run that does not end by itself. @module */
import assert from "node:assert/strict";
import { LastResort } from "../chaos/last_resort.ts";
import { gone, RunningCommand } from "./cli_fixture.ts";

const PROGRAM = new URL("./chaos_stuck_program.ts", import.meta.url).pathname;

const ignore = Deno.build.os !== "linux";

function program(...args: string[]): RunningCommand {
  return new RunningCommand(["run", "-A", "--no-prompt", PROGRAM, ...args], {});
}

Deno.test({
  name: "a program that is in a loop is ended in time, with the processes that it told of",
  ignore,
  fn: async () => {
    await using stuck = program("1000");
    const child = Number(await stuck.line(/^\d+$/));
    assert.equal((await stuck.ended()).code, 128 + 9);
    await gone(child);
  },
});

Deno.test({
  name: "what a program told of goes with it when it ends early",
  ignore,
  fn: async () => {
    await using early = program("600000", "exit");
    const child = Number(await early.line(/^\d+$/));
    assert.equal((await early.ended()).code, 3);
    await gone(child);
  },
});

Deno.test({
  name: "called off, it ends nobody",
  ignore,
  fn: async () => {
    const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
    {
      await using lastResort = new LastResort(60_000);
      await lastResort.include(child.pid);
    }
    await child.stdin.close();
    assert.equal((await child.status).code, 0);
  },
});
