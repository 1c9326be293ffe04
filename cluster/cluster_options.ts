/**
 * What `Cluster.start` takes, checked, and turned into the configuration of a host.
 *
 * Pure but for a random name. Called by `cluster.ts`.
 * @module
 */
import { type EnginePermissions, resolvePermissions } from "../host/permissions.ts";
import { newSession } from "../wire/task_ids.ts";
import type { HostConfig } from "./control_line.ts";
import { makeCredentials, oneForAll } from "./credentials.ts";
import { checkClusterName } from "./profile.ts";

/** Options of `Cluster.start`. */
export interface ClusterOptions {
  /** How many engines; default: the number of cores. */
  readonly n?: number;
  /** Default: a name of its own. */
  readonly name?: string;
  /** NATS servers to run on; absent: the embedded broker, on a free port of 127.0.0.1. */
  readonly nats?: string | readonly string[];
  /** How engines are picked; default `leastload`. */
  readonly scheme?: string;
  /** Tasks an engine may have at a time; default 1, 0: no limit. */
  readonly hwm?: number;
  /** Tasks an engine runs at a time; default 1. */
  readonly slots?: number;
  /** Where records are kept; default `memory`. */
  readonly store?: string;
  /** What tasks may touch; default `{ import: true }`. `"none"`: nothing; `"inherit"`: what this program holds in full. */
  readonly permissions?: Deno.PermissionOptionsObject | "none" | "inherit";
  /** How long to wait until the engines are ready, ms; default 60,000. */
  readonly timeout?: number;
  /** Ends the waiting, and the cluster with it. */
  readonly signal?: AbortSignal;
}

const KNOWN = ["n", "name", "nats", "scheme", "hwm", "slots", "store", "permissions", "timeout", "signal"];
/** Between two signs of life of a process of ours; one that is silent for three is down. The same all over a cluster. */
export const HEARTBEAT_MS = 1_000;
const DRAIN_MS = 10_000;

/** Schemes and stores there are; the names of others are refused before anything starts. */
export const SCHEMES: readonly string[] = ["leastload", "pure"];
const STORES: readonly string[] = ["memory"];

function checkWhole(option: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(
    `Cannot start a cluster with ${option} ${String(value)}: it is a whole number from ${least} up.`,
  );
}

/** Throws where a scheme or store is named that is not there. */
function checkKnown(what: string, value: string, known: readonly string[]): string {
  if (known.includes(value)) return value;
  throw new RangeError(
    `Cannot use the ${what} "${value}" yet: this version has ${known.map((name) => `"${name}"`).join(", ")}.`,
  );
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
  checkKnown("store", options.store ?? "memory", STORES);
  return {
    cluster,
    engines,
    slots: checkWhole("slots", options.slots ?? 1, 1),
    permissions: await permissionsOf(options.permissions),
    drainMs: DRAIN_MS,
    controller: {
      cluster,
      broker: embedded ? { hostname: "127.0.0.1", port: 0, credentials } : null,
      servers,
      credential: credentials.controller ?? null,
      scheme: checkKnown("scheme", options.scheme ?? "leastload", SCHEMES),
      hwm: checkWhole("hwm", options.hwm ?? 1, 0),
      keep: {},
      heartbeatMs: HEARTBEAT_MS,
    },
    servers,
    credential: credentials.host ?? null,
    credentials,
    importConfig: null,
    daemon: false,
    temporary: options.name === undefined,
  };
}
