/**
 * One process a cluster name and machine: whoever holds the lock file runs the cluster of this name.
 *
 * The lock of a process that is gone is taken over. Used by `start` and by whoever asks what is running.
 * @module
 */
import { dirname } from "node:path";
import { AlreadyRunning } from "../wire/errors.ts";
import { readFileIfThere, removeFile } from "./private_file.ts";
import { isAlive, ownIdentity, type ProcessIdentity } from "./process_identity.ts";

const TRIES = 3;

/** Who holds the lock, if that process lives. */
export async function lockHolder(path: string): Promise<ProcessIdentity | null> {
  const text = await readFileIfThere(path);
  if (text === null) return null;
  try {
    const identity = JSON.parse(text) as ProcessIdentity;
    return typeof identity?.pid === "number" && isAlive(identity) ? identity : null;
  } catch {
    return null;
  }
}

/** Takes the lock of a cluster name; release it by disposing of it. Throws `AlreadyRunning` with the holder's pid. */
export async function takeClusterLock(path: string, cluster: string): Promise<AsyncDisposable> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      await Deno.writeTextFile(path, JSON.stringify(ownIdentity()), { createNew: true, mode: 0o600 });
      return { [Symbol.asyncDispose]: () => removeFile(path) };
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    const holder = await lockHolder(path);
    if (holder !== null) throw alreadyRunning(cluster, holder.pid);
    await removeFile(path);
  }
  throw alreadyRunning(cluster, null);
}

function alreadyRunning(cluster: string, pid: number | null): AlreadyRunning {
  const holder = pid === null ? "another process is starting it" : `process ${pid} runs it`;
  return new AlreadyRunning(
    `Cannot start the cluster "${cluster}": ${holder}; stop it with "stop --name ${cluster}", or choose another --name.`,
  );
}
