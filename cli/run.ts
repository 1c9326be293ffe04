/**
 * `run`: a private cluster, a script against it, and the script's exit code.
 *
 * The script finds the cluster by `Client.connect()` without arguments: its environment says which one it is.
 * @module
 */
import { Cluster } from "../cluster/cluster.ts";
import { resolveClusterOptions } from "../cluster/cluster_options.ts";
import { EXIT, UsageError } from "./exit_code.ts";
import type { Said } from "./grammar.ts";
import { importConfig, initializerOf, memoryLimitOf, permissionsOf } from "./host_flags.ts";

function checkScript(script: string): void {
  if (/^(?:https?|file|npm|jsr):/.test(script)) return;
  try {
    if (Deno.statSync(script).isFile) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new UsageError(`Cannot run "${script}": there is no such file.`);
}

/** Beside a `package.json` alone, Deno refuses `npm:` imports such as ours, unless it is told where packages are kept. */
function moduleFlags(): string[] {
  return importConfig() === null ? ["--node-modules-dir=none"] : [];
}

export async function run(said: Said<"run">, scriptArgs: readonly string[]): Promise<number> {
  checkScript(said.script);
  const permissions = permissionsOf(said);
  const interrupt = new AbortController();
  // An interrupt reaches the script too; what it makes of it decides when this ends. Before there is one, we end.
  Deno.addSignalListener("SIGINT", () => interrupt.abort());
  const config = {
    ...await resolveClusterOptions({ n: said.n }),
    ...initializerOf(said),
    ...memoryLimitOf(said),
    permissions,
    importConfig: importConfig(),
  };
  const starting = Cluster.launch(config, { signal: interrupt.signal });
  await using cluster = await starting.catch((error) => {
    if (interrupt.signal.aborted) return null;
    throw error;
  });
  if (cluster === null) return EXIT.interrupted;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", ...moduleFlags(), said.script, ...scriptArgs],
    env: { TROUPE_CLUSTER: cluster.name },
  }).spawn();
  const end = () => {
    interrupt.abort();
    child.kill("SIGTERM");
  };
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", end);
  const { code } = await child.status;
  if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGTERM", end);
  // Whoever wanted the results of what still runs is gone.
  if (interrupt.signal.aborted) await cluster.abandon();
  return code;
}
