/**
 * `clean`: removes the files of clusters that do not run, and big values that killed hosts left. Stores only where that
 * is said: what is in them is to outlive the cluster.
 * @module
 */
import { join } from "node:path";
import { sweepBlobFolders } from "../cluster/blob_places.ts";
import { findClusters } from "../cluster/find_cluster.ts";
import { EXIT } from "./exit_code.ts";
import type { Said } from "./grammar.ts";

export async function clean({ stores }: Said<"clean">): Promise<number> {
  let removed = 0;
  for (const { name, paths, holder } of await findClusters()) {
    if (holder !== null) continue;
    const kept = stores ? [] : await storedIn(paths.folder);
    const gone = await removeAllBut(paths.folder, kept);
    if (kept.length > 0) {
      console.error(`Kept the stored tasks and results of "${name}"; "clean --stores" removes them.`);
    }
    if (gone === 0) continue;
    console.error(`Removed the files of "${name}".`);
    removed++;
  }
  const folders = await sweepBlobFolders();
  if (folders > 0) console.error(`Removed ${folders} folders of hosts that were killed.`);
  if (removed + folders === 0) console.error("Nothing to remove: no cluster has ended here and left files.");
  return EXIT.done;
}

/** Names of the files of a store. */
async function storedIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name.startsWith("store.")) names.push(name);
  return names;
}

/** How many files went; the folder goes with the last one. */
async function removeAllBut(folder: string, kept: readonly string[]): Promise<number> {
  let removed = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (kept.includes(name)) continue;
    await Deno.remove(join(folder, name), { recursive: true });
    removed++;
  }
  if (kept.length === 0) await Deno.remove(folder);
  return kept.length === 0 ? removed + 1 : removed;
}
