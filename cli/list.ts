/**
 * `list`: the clusters of this machine.
 * @module
 */
import { findClusters, type FoundCluster } from "../cluster/find_cluster.ts";
import { EXIT } from "./exit_code.ts";
import type { Said } from "./grammar.ts";
import { table } from "./table.ts";

function stateOf({ holder, connection, damage }: FoundCluster): "running" | "starting" | "damaged" | "stopped" {
  if (holder === null) return "stopped";
  if (damage !== null) return "damaged";
  return connection === null ? "starting" : "running";
}

export async function list(said: Said<"list">): Promise<number> {
  const clusters = (await findClusters()).map((found) => ({
    name: found.name,
    state: stateOf(found),
    pid: found.holder?.pid ?? null,
    servers: found.connection?.servers ?? [],
    file: found.paths.connection,
  }));
  if (said.json) console.log(JSON.stringify(clusters, null, 2));
  else if (clusters.length === 0) console.log('No clusters on this machine; start one with "start -n 4".');
  else {
    const rows = clusters.map(({ name, state, pid, servers }) => [name, state, pid ?? "-", servers.join(",")]);
    console.log(table(["NAME", "STATE", "PID", "SERVERS"], rows));
  }
  return EXIT.done;
}
