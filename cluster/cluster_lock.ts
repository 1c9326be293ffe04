/**
 * One process a cluster name and machine: whoever holds the lock file runs the cluster of this name.
 *
 * The lock of a process that is gone is taken over. Looking and taking happen under a second, short lock of the file
 * system's own, so that of two that start at once one wins. Used by `start` and by whoever asks what is running.
 * @module
 */
import { dirname } from "node:path";
import { AlreadyRunning } from "../wire/errors.ts";
import { readFileIfThere, removeFile, writePrivateFile } from "./private_file.ts";
import { isAlive, isProcessIdentity, ownIdentity, type ProcessIdentity } from "./process_identity.ts";
import { verbFor } from "./profile.ts";

/** Who holds the lock, if that process lives. */
export async function lockHolder(path: string): Promise<ProcessIdentity | null> {
  const text = await readFileIfThere(path);
  if (text === null) return null;
  try {
    const identity: unknown = JSON.parse(text);
    return isProcessIdentity(identity) && isAlive(identity) ? identity : null;
  } catch {
    return null;
  }
}

/** Takes the lock of a cluster name; release it by disposing of it. Throws `AlreadyRunning` with the holder's pid. */
export async function takeClusterLock(path: string, cluster: string): Promise<AsyncDisposable> {
  await guarded(path, async () => {
    const holder = await lockHolder(path);
    if (holder !== null) throw alreadyRunning(cluster, holder.pid);
    await writePrivateFile(path, JSON.stringify(ownIdentity()));
  });
  return { [Symbol.asyncDispose]: () => removeFile(path) };
}

/** Runs `tidy`, and removes the lock, if nobody holds it; whoever wants to take it meanwhile waits. */
export async function tidyFreeLock(path: string, tidy: () => Promise<void>): Promise<void> {
  await guarded(path, async () => {
    if (await lockHolder(path) !== null) return;
    await tidy();
    await removeFile(path);
  });
}

async function guarded(path: string, run: () => Promise<void>): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  using guard = await Deno.open(`${path}.guard`, { write: true, create: true, mode: 0o600 });
  await guard.lock(true);
  await run();
}

function alreadyRunning(cluster: string, pid: number): AlreadyRunning {
  return new AlreadyRunning(
    `Cannot start the cluster "${cluster}": process ${pid} runs it; stop it with "${verbFor("stop", cluster)}", ` +
      `or choose another --name.`,
  );
}
