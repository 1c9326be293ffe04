/**
 * Where hosts of this machine keep big values, and the removal of what hosts left that were killed.
 *
 * The folder's name says whose it is: pid, start time, and the pid namespace, since containers may share the temporary
 * folder and not the pids. Folders that can't be judged from here are left alone. Used by hosts when they start, and by
 * `clean`.
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlobPlace } from "../host/blob_folder.ts";
import { isAlive, ownIdentity, type ProcessIdentity } from "./process_identity.ts";

const NAME = /^troupe-blobs-(\d+)-(\d+|x)-(\d+|x)-/;

/** For the blob folder of the host in this process. */
export function ownBlobPlace(parent: string = tmpdir()): BlobPlace {
  return { parent, prefix: blobPrefix(ownIdentity()) };
}

/** What the folders of a host in that process are called, before a part that is drawn. */
export function blobPrefix({ pid, startedTicks }: ProcessIdentity): string {
  return `troupe-blobs-${pid}-${startedTicks ?? "x"}-${pidNamespace()}-`;
}

/** Removes the folders of hosts that are gone; how many. */
export async function sweepBlobFolders(parent: string = tmpdir()): Promise<number> {
  let removed = 0;
  for (const { name, isDirectory } of await entries(parent)) {
    if (isDirectory && isAbandoned(name) && await removeFolder(join(parent, name))) removed++;
  }
  return removed;
}

function isAbandoned(name: string): boolean {
  const [, pid, ticks, namespace] = NAME.exec(name) ?? [];
  if (pid === undefined || namespace !== pidNamespace()) return false;
  return !isAlive({ pid: Number(pid), startedTicks: ticks === "x" ? null : Number(ticks) });
}

/** `x` where there are none. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(Deno.readLinkSync("/proc/self/ns/pid"))?.[0] ?? "x";
  } catch {
    return "x";
  }
}

async function entries(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch {
    return [];
  }
}

/** Whether it was ours to remove: in a folder that is shared, others may have theirs, or be quicker. */
async function removeFolder(path: string): Promise<boolean> {
  try {
    await Deno.remove(path, { recursive: true });
    return true;
  } catch {
    return false;
  }
}
