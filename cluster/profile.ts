/**
 * Where a cluster keeps its files, by its name: `<home>/<name>/`.
 *
 * Knows paths and names only; `connection_file.ts` and `cluster_lock.ts` say what is in the files. Called by whatever
 * starts, finds or ends a cluster.
 * @module
 */
import { join } from "node:path";

/** Names of clusters: they become file names and tokens of NATS subjects. */
export const CLUSTER_NAME = /^[a-z0-9-]+$/;

/** The name a cluster has when none is given. */
export const DEFAULT_CLUSTER = "default";

/** What a user types to have a verb done to this cluster: the name is said where it is not the default. */
export function verbFor(verb: "start" | "stop", cluster: string): string {
  return cluster === DEFAULT_CLUSTER ? verb : `${verb} --name ${cluster}`;
}

/** Throws a `RangeError` that says what a name may be. */
export function checkClusterName(name: string): string {
  if (CLUSTER_NAME.test(name) && name.length <= 63) return name;
  throw new RangeError(
    `Cannot name a cluster "${name}": a name has 1 to 63 of the characters a-z, 0-9 and "-"; choose one like "my-cluster-2".`,
  );
}

/**
 * The profile directory: `$TROUPE_HOME`, else the platform's directory for state.
 *
 * @param env reads one environment variable
 */
export function troupeHome(env: (name: string) => string | undefined = Deno.env.get): string {
  const given = env("TROUPE_HOME");
  if (given !== undefined && given !== "") return given;
  const home = env("HOME") ?? env("USERPROFILE") ?? ".";
  if (Deno.build.os === "windows") return join(env("LOCALAPPDATA") ?? join(home, "AppData", "Local"), "troupe");
  if (Deno.build.os === "darwin") return join(home, "Library", "Application Support", "troupe");
  return join(env("XDG_STATE_HOME") || join(home, ".local", "state"), "troupe");
}

/** The files of one cluster. */
export interface ProfilePaths {
  readonly folder: string;
  /** Everything to connect as any role. */
  readonly connection: string;
  /** The same for hosts only: what another machine needs to bring engines. */
  readonly hostConnection: string;
  /** Held by the process that runs the cluster. */
  readonly lock: string;
  readonly log: string;
  /** The database of `--store sqlite`. */
  readonly store: string;
  /** What a controller leaves for the one after it. */
  readonly lastLife: string;
}

/** The paths of a cluster's files; none of them need exist. */
export function profilePaths(name: string, home: string = troupeHome()): ProfilePaths {
  const folder = join(home, checkClusterName(name));
  return {
    folder,
    connection: join(folder, "connection.json"),
    hostConnection: join(folder, "host.json"),
    lock: join(folder, "lock.json"),
    log: join(folder, "log.jsonl"),
    store: join(folder, "store.sqlite"),
    lastLife: join(folder, "last_life.json"),
  };
}

/** The names that have a profile folder, sorted. */
export async function profileNames(home: string = troupeHome()): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(home)) {
      if (entry.isDirectory && CLUSTER_NAME.test(entry.name)) names.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}
