/**
 * The census of a cluster in which all is back: what memory and descriptors are measured by, before a storm and after it.
 *
 * Called by `chaos_run.ts`.
 * @module
 */
import type { Client } from "../../mod.ts";
import { type Census, censusOf, countProcesses } from "./census.ts";
import type { ChaosCluster } from "./chaos_cluster.ts";

const CENSUS_LIMIT_MS = 20_000;
const CENSUS_EVERY_MS = 500;

/** Counts when everything is back; what is not back in time is counted as it is, and said. */
export async function quietCensus(
  cluster: ChaosCluster,
  clients: readonly Client[],
  find: (text: string) => void,
): Promise<Census> {
  const { hosts, engines, standbys } = cluster.shape;
  const deadline = performance.now() + CENSUS_LIMIT_MS;
  let said = "";
  while (performance.now() < deadline) {
    const census = censusOf(countProcesses(`${cluster.folder}/tmp`));
    const ids = clients.map((client) => client.ids.length);
    said = `${JSON.stringify(census)}; engines as the clients know them: ${ids.join(", ")}`;
    const there = [census.engine, census.host, census.controller, census.keeper].map((one) => one?.processes ?? 0);
    const wanted = [hosts * engines, hosts, 1 + standbys, 1 + standbys];
    // The other processes are those that start engines, on their way to be one.
    const quiet = there.every((count, index) => count === wanted[index]) && census.other === undefined &&
      ids.every((count) => count === hosts * engines);
    if (quiet) {
      // What was just started is still making its sockets; what is not needed any more here is to be gone.
      await pause(CENSUS_EVERY_MS * 2);
      collectGarbage();
      return censusOf(countProcesses(`${cluster.folder}/tmp`));
    }
    await pause(CENSUS_EVERY_MS);
  }
  find(`not all is back after ${CENSUS_LIMIT_MS} ms: ${said}`);
  return censusOf(countProcesses(`${cluster.folder}/tmp`));
}

/** Where this program was started with `--expose-gc`. */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
