/**
 * Which clusters run on this machine, and how to end one: by its profile folder and the process that holds its lock.
 *
 * Used by the command line.
 * @module
 */
import { NotRunning } from "../wire/errors.ts";
import { lockHolder, tidyFreeLock } from "./cluster_lock.ts";
import { type ConnectionInfo, readConnectionFile, removeConnectionFiles } from "./connection_file.ts";
import { isAlive, type ProcessIdentity } from "./process_identity.ts";
import { profileNames, type ProfilePaths, profilePaths } from "./profile.ts";

/** A cluster with a profile folder. */
export interface FoundCluster {
  readonly name: string;
  readonly paths: ProfilePaths;
  /** The process that runs it; `null`: none does. */
  readonly holder: ProcessIdentity | null;
  /** `null` where it is not up yet, gone, or damaged. */
  readonly connection: ConnectionInfo | null;
  /** What is wrong with the connection file. */
  readonly damage: string | null;
}

/** What there is under a name. */
export async function findCluster(name: string): Promise<FoundCluster> {
  const paths = profilePaths(name);
  const holder = await lockHolder(paths.lock);
  const found = { name, paths, holder, connection: null, damage: null };
  if (holder === null) return found;
  try {
    return { ...found, connection: await readConnectionFile(paths.connection, name) };
  } catch (error) {
    if (error instanceof NotRunning) return found;
    return { ...found, damage: (error as Error).message };
  }
}

/** Everything with a profile folder, by name. */
export async function findClusters(): Promise<FoundCluster[]> {
  return await Promise.all((await profileNames()).map(findCluster));
}

const POLL_MS = 20;

/**
 * Asks the process that runs a cluster to end, and waits until it has; past `timeoutMs` it is killed. Throws
 * `NotRunning` where there is none.
 */
export async function stopCluster(found: FoundCluster, timeoutMs: number): Promise<void> {
  const { holder, name, paths } = found;
  if (holder === null) {
    throw new NotRunning(`Cannot stop the cluster "${name}": it does not run; "list" shows what does.`);
  }
  signalProcess(holder, "SIGTERM");
  const deadline = performance.now() + timeoutMs;
  while (isAlive(holder)) {
    if (performance.now() > deadline) {
      signalProcess(holder, "SIGKILL");
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  // Unless another start has taken the name meanwhile: then these files are its own.
  await tidyFreeLock(paths.lock, () => removeConnectionFiles(paths));
}

/** Signals a process that may have ended meanwhile. */
function signalProcess({ pid }: ProcessIdentity, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
