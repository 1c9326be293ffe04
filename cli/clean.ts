/**
 * `clean`: removes the files of clusters that do not run, and big values that killed hosts left.
 * @module
 */
import { sweepBlobFolders } from "../cluster/blob_places.ts";
import { findClusters } from "../cluster/find_cluster.ts";
import { EXIT } from "./exit_code.ts";
import type { Said } from "./grammar.ts";

export async function clean(_said: Said<"clean">): Promise<number> {
  let removed = 0;
  for (const { name, paths, holder } of await findClusters()) {
    if (holder !== null) continue;
    await Deno.remove(paths.folder, { recursive: true });
    console.error(`Removed the files of "${name}".`);
    removed++;
  }
  const folders = await sweepBlobFolders();
  if (folders > 0) console.error(`Removed ${folders} folders of hosts that were killed.`);
  if (removed + folders === 0) console.error("Nothing to remove: no cluster has ended here and left files.");
  return EXIT.done;
}
