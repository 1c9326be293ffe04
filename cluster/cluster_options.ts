/**
 * What `Cluster.start` takes, checked, and turned into the configuration of a host.
 *
 * Starts nothing, but for a look at a scheme of the user's own. Called by `cluster.ts`.
 * @module
 */
import { type EnginePermissions, resolvePermissions } from "../host/permissions.ts";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { newSession } from "../wire/task_ids.ts";
import type { HostConfig } from "./control_line.ts";
import { makeCredentials, oneForAll } from "./credentials.ts";
import { resolveEngineMemory } from "./memory_size.ts";
import { PURE_SCHEME } from "../protocol/subjects.ts";
import { checkClusterName } from "./profile.ts";
import { checkSchemeModule } from "./scheme_check.ts";
import { resolveStore } from "./store_options.ts";
import type { Durability, StoreKind } from "../store/store.ts";

/** Options of `Cluster.start`. */
export interface ClusterOptions {
  /** How many engines; default: the number of cores. */
  readonly n?: number;
  /** Default: a name of its own. */
  readonly name?: string;
  /** NATS servers to run on; absent: the embedded broker, on a free port of 127.0.0.1. */
  readonly nats?: string | readonly string[];
  /**
   * How engines are picked: `leastload` (default), `lru`, `plainrandom`, `twobin`, `weighted`, or a module whose default
   * export is `(loads, random) => index`, by its path or URL.
   */
  readonly scheme?: string | URL;
  /**
   * Tasks an engine may have at a time; default 1, 0: no limit, `auto`: besides what it runs, as many as it is expected
   * to finish in 5 ms.
   */
  readonly hwm?: number | "auto";
  /** Tasks an engine runs at a time; default 1. More serve tasks that await, the network say. */
  readonly slots?: number;
  /**
   * A module, by its path or URL, whose default export each engine calls once before it is ready: to load a model, say.
   * It runs with the permissions of tasks, which find what it returned as `currentTask().state`.
   */
  readonly initializer?: string | URL;
  /**
   * What an engine may take of memory, all in all (heap, typed arrays and buffers, the runtime itself: about 55 MB): a
   * text like `"512MB"` or `"2GiB"`, or bytes; at least 128 MB. An engine that takes more is ended and started again, and
   * its task fails with an `EngineError` that says so, or is retried. Default: no limit but V8's own.
   */
  readonly engineMemory?: string | number;
  /**
   * What outlives the controller: `memory` (default): nothing but what clients and hosts know; `sqlite`: all tasks and
   * results, in a file below the profile directory; `jetstream`: the same, on the NATS servers. Both need a `name`, by
   * which they are found again.
   */
  readonly store?: StoreKind;
  /** What the store survives: `none`, `process` (default) or `power`; see docs/reliability.md. */
  readonly durability?: Durability;
  /** How long running tasks may finish when the cluster or engines of it stop, ms; default 10,000, 0: not at all. */
  readonly drain?: number;
  /** What tasks may touch; default `{ import: true }`. `"none"`: nothing; `"inherit"`: what this program holds in full. */
  readonly permissions?: Deno.PermissionOptionsObject | "none" | "inherit";
  /** How long to wait until the engines are ready, ms; default 60,000. */
  readonly timeout?: number;
  /** Ends the waiting, and the cluster with it. */
  readonly signal?: AbortSignal;
}

const KNOWN = [
  "n",
  "name",
  "nats",
  "scheme",
  "hwm",
  "slots",
  "initializer",
  "engineMemory",
  "store",
  "durability",
  "drain",
  "permissions",
  "timeout",
  "signal",
];
/** Between two signs of life of a process of ours; one that is silent for three is down. The same all over a cluster. */
export const HEARTBEAT_MS = 1_000;
/** So long a further life of a controller waits for the hosts it knows of, unless all of them are back before. */
export const GRACE_HEARTBEATS = 3;
const DRAIN_MS = 10_000;

/** The schemes there are; the names of others are refused before anything starts. */
export const SCHEMES: readonly string[] = ["leastload", "lru", "plainrandom", "twobin", "weighted", PURE_SCHEME];

function checkMark(value: unknown): number | "auto" {
  if (value === "auto" || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)) return value;
  throw new RangeError(
    `Cannot start a cluster with hwm ${String(value)}: it is a whole number from 0 (no limit) up, or "auto".`,
  );
}

function checkWhole(option: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(
    `Cannot start a cluster with ${option} ${String(value)}: it is a whole number from ${least} up.`,
  );
}

/**
 * The name of one of our schemes, or the URL of a module with somebody's own. Throws `RangeError` for what is neither,
 * `TypeError` for a module that can't be used.
 */
export async function resolveScheme(given: string | URL): Promise<string> {
  if (typeof given === "string" && SCHEMES.includes(given)) return given;
  const url = moduleUrl(given);
  if (url === null) {
    throw new RangeError(
      `Cannot use the scheme "${given}": there are ${SCHEMES.join(", ")}, and modules of your own, like "./mine.ts".`,
    );
  }
  await checkSchemeModule(url);
  return url;
}

/** Paths are relative to the working directory; what looks like neither path nor URL is none. */
function moduleUrl(given: string | URL): string | null {
  if (given instanceof URL) return given.href;
  if (typeof given !== "string") return null;
  if (/^[a-z][a-z+.-]+:/i.test(given)) return given;
  return /[./\\]/.test(given) ? pathToFileURL(resolve(given)).href : null;
}

/** The URL of the module. Throws `RangeError` for what is neither path nor URL, or a file that is not there. */
export function resolveInitializer(given: string | URL): string {
  const url = moduleUrl(given);
  if (url === null) {
    throw new RangeError(
      `Cannot use the initializer "${String(given)}": it is a module, by its path like "./load.ts", or by its URL.`,
    );
  }
  if (!url.startsWith("file:")) return url;
  try {
    if (Deno.statSync(new URL(url)).isFile) return url;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new RangeError(`Cannot use the initializer "${String(given)}": there is no such file.`);
}

/** The kinds of permission that this program holds without limits. */
async function heldInFull(): Promise<string[]> {
  const kinds = ["import", "read", "write", "net", "env", "run", "sys", "ffi"] as const;
  const states = await Promise.all(kinds.map(async (name) => {
    const { state, partial } = await Deno.permissions.query({ name } as Deno.PermissionDescriptor);
    return state === "granted" && partial !== true;
  }));
  return kinds.filter((_, index) => states[index]);
}

async function permissionsOf(option: ClusterOptions["permissions"]): Promise<EnginePermissions> {
  return resolvePermissions(option, option === "inherit" ? await heldInFull() : []);
}

/** Throws `TypeError` and `RangeError` for what can't be meant. */
export async function resolveClusterOptions(options: ClusterOptions): Promise<HostConfig> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot start a cluster with ${JSON.stringify(options)}: give options, such as { n: 4 }.`);
  }
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) {
      throw new TypeError(`Cannot start a cluster with option "${key}": it is unknown; there are ${KNOWN.join(", ")}.`);
    }
  }
  const cluster = checkClusterName(options.name ?? `c-${newSession()}`);
  const engines = checkWhole("n", options.n ?? navigator.hardwareConcurrency, 1);
  const servers = options.nats === undefined ? [] : [options.nats].flat();
  const token = Deno.env.get("TROUPE_TOKEN") || undefined;
  const embedded = servers.length === 0;
  const credentials = embedded ? makeCredentials(token) : token ? oneForAll({ token }) : {};
  const { store: kind = "memory", durability } = options;
  const store = resolveStore({ cluster, store: kind, durability, onNats: !embedded });
  if (store !== undefined && options.name === undefined) {
    throw new TypeError(
      `Cannot start a cluster with the store "${kind}" and no name: what is in it is found by the name; give one.`,
    );
  }
  return {
    cluster,
    engines,
    slots: checkWhole("slots", options.slots ?? 1, 1),
    ...(options.initializer !== undefined && { initializer: resolveInitializer(options.initializer) }),
    ...(options.engineMemory !== undefined && { engineMemoryBytes: resolveEngineMemory(options.engineMemory) }),
    permissions: await permissionsOf(options.permissions),
    drainMs: checkWhole("drain", options.drain ?? DRAIN_MS, 0),
    controller: {
      cluster,
      broker: embedded ? { hostname: "127.0.0.1", port: 0, credentials } : null,
      servers,
      credential: credentials.controller ?? null,
      scheme: await resolveScheme(options.scheme ?? "leastload"),
      hwm: checkMark(options.hwm ?? 1),
      keep: {},
      heartbeatMs: HEARTBEAT_MS,
      ...(store !== undefined && { store }),
    },
    servers,
    credential: credentials.host ?? null,
    credentials,
    importConfig: null,
    daemon: false,
    temporary: options.name === undefined,
  };
}
