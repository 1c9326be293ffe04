/** A short storm of faults over a cluster of real processes under mixed load: nothing lost, double or leaked. @module */
import assert from "node:assert/strict";
import { chaosReport } from "../chaos/chaos_report.ts";
import { runChaos } from "../chaos/chaos_run.ts";
import { FAULT_KINDS } from "../chaos/fault_kinds.ts";
import { LastResort } from "../chaos/last_resort.ts";

const SEED = Number(Deno.env.get("CHAOS_SEED") ?? 20);
const STORM_MS = 9_000;
/** All of it, with a machine that is busy. */
const LIMIT_MS = 150_000;

Deno.test({
  name: `in a storm of deaths, stops and cut links every task is accounted for, and nothing is left (seed ${SEED})`,
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "troupe-chaos-" });
    await using lastResort = new LastResort(LIMIT_MS);
    const told: string[] = [];
    const result = await runChaos({
      seed: SEED,
      shape: {
        hosts: 2,
        engines: 2,
        clients: 2,
        nats: false,
        controllerFlags: ["--hwm", "2"],
        store: "memory",
        standbys: 0,
      },
      kinds: FAULT_KINDS.filter(({ on, name }) => on !== "server" && (on === "host" || !name.includes("long"))),
      warmUpMs: 1_000,
      stormMs: STORM_MS,
      gapMs: 700,
      lanes: 6,
      hungAfterMs: 45_000,
      folder,
      say: (line) => told.push(line),
      onProcess: (pid) => void lastResort.include(pid),
    });
    assert.ok(result.faults.length >= 5 && result.account.done > 50, chaosReport(result).join("\n"));
    assert.deepEqual(result.findings, [], [...told, ...chaosReport(result), folder].join("\n"));
    await Deno.remove(folder, { recursive: true });
  },
});
