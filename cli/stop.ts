/**
 * `stop`: ends a cluster, or all of this machine; running tasks may finish within the drain time of the cluster.
 * @module
 */
import { findCluster, findClusters, stopCluster } from "../cluster/find_cluster.ts";
import { NotRunning } from "../wire/errors.ts";
import { EXIT } from "./exit_code.ts";
import type { Said } from "./grammar.ts";

/** Longer than any drain that makes sense; then the process is killed. */
const STOP_TIMEOUT_MS = 60_000;

export async function stop(said: Said<"stop">): Promise<number> {
  const wanted = said.all
    ? (await findClusters()).filter(({ holder }) => holder !== null)
    : [await findCluster(said.name)];
  if (wanted.length === 0) throw new NotRunning("Cannot stop any cluster: none runs on this machine.");
  for (const found of wanted) {
    await stopCluster(found, STOP_TIMEOUT_MS);
    console.error(`Stopped the cluster "${found.name}".`);
  }
  return EXIT.done;
}
