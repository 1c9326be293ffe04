/**
 * What a parent process and its controller or host child say to each other: JSON lines over stdin and stdout.
 *
 * The first line to the child is its configuration, with secrets that must not be in its arguments. The end of its
 * stdin is the end of the child. Types and encoding only.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import type { RosterReport } from "./roster.ts";
import type { Credential, Credentials } from "./credentials.ts";
import type { Durability, StoreKind } from "../store/store.ts";
import type { EnginePermissions } from "../host/permissions.ts";

/** The embedded broker of a controller. */
export interface BrokerConfig {
  readonly hostname: string;
  /** 0: a free one. */
  readonly port: number;
  readonly credentials: Credentials;
}

/** How much is kept of finished tasks. */
export interface KeepConfig {
  readonly records?: number;
  readonly ageMs?: number;
  readonly bytes?: number;
}

/** A store that outlives the controller. */
export interface StoreConfig {
  readonly kind: Exclude<StoreKind, "memory">;
  /** Of the database file; `null`: it is none. */
  readonly path: string | null;
  readonly durability: Durability;
}

/** What a controller is told. */
export interface ControllerConfig {
  readonly cluster: string;
  /** `null`: it joins `servers`. */
  readonly broker: BrokerConfig | null;
  readonly servers: readonly string[];
  readonly credential: Credential | null;
  /** The name of one of ours, or the URL of a module with the user's own. */
  readonly scheme: string;
  readonly hwm: number | "auto";
  readonly keep: KeepConfig;
  readonly heartbeatMs: number;
  /** Absent: what it knows ends with it. */
  readonly store?: StoreConfig;
}

/** What a life of a controller is told besides: which one it is, and what the one before it left. */
export interface ControllerLife extends ControllerConfig {
  readonly epoch: number;
  /** How long it waits for the hosts of the life before, ms. */
  readonly graceMs: number;
  readonly before: RosterReport;
  /** It takes over when the one that leads is gone, instead of being refused. */
  readonly standby?: boolean;
  /** How often it was started again; absent: never. */
  readonly restarts?: number;
  /** How the life before this one ended; absent: there was none. */
  readonly lastEnd?: { readonly reason: string; readonly atEpochMs: number };
  /** The same in all lives of one host, of which each begins after the end of the one before: what it led it leads on. */
  readonly holder?: string;
}

/** What a host is told. */
export interface HostConfig {
  readonly cluster: string;
  readonly engines: number;
  readonly slots: number;
  readonly permissions: EnginePermissions;
  readonly drainMs: number;
  /** Present: the host runs the cluster's controller too. */
  readonly controller: ControllerConfig | null;
  /** Where to join, unless the controller's embedded broker says it. */
  readonly servers: readonly string[];
  readonly credential: Credential | null;
  /** How long it looks for a controller that it does not run itself, ms; absent: for ever. */
  readonly joinLimitMs?: number;
  /** For the connection file. */
  readonly credentials: Credentials;
  /** URL of a module whose default export each engine calls before it is ready; absent: none. */
  readonly initializer?: string;
  /** Bytes that an engine may take of memory, all in all; absent: no limit. */
  readonly engineMemoryBytes?: number;
  /** A configuration file that the tasks' imports are resolved with. */
  readonly importConfig: string | null;
  /** Whether it outlives the process that started it. */
  readonly daemon: boolean;
  /** Its controller stands by: the name and the files of the cluster on this machine are another's. */
  readonly standby?: boolean;
  /** Whether its profile folder goes with it. */
  readonly temporary: boolean;
}

/** What a controller child says: how its start went, and its roster whenever that changes. */
export type ControllerReport =
  | ({ readonly kind: "roster" } & RosterReport)
  | { readonly kind: "ready"; readonly servers: readonly string[] }
  /** Another leads; it waits to take over. `ready` comes when it has. */
  | { readonly kind: "standing-by"; readonly servers: readonly string[] }
  | { readonly kind: "failed"; readonly name: string; readonly message: string };

/** What a host child says. */
export type HostReport =
  | { readonly kind: "ready"; readonly cluster: string; readonly servers: readonly string[]; readonly file: string }
  | { readonly kind: "failed"; readonly name: string; readonly message: string }
  | { readonly kind: "reply"; readonly id: number; readonly ids: readonly EngineId[] }
  | { readonly kind: "refused"; readonly id: number; readonly name: string; readonly message: string };

/** What a host child may be told later. */
export type HostOrder =
  | { readonly kind: "start-engines"; readonly id: number; readonly count: number }
  | { readonly kind: "stop-engines" | "restart-engines"; readonly id: number; readonly ids: readonly EngineId[] }
  | { readonly kind: "signal-engines"; readonly id: number; readonly signal: string; readonly ids: readonly EngineId[] }
  | { readonly kind: "stop"; readonly id: number };

const encoder = new TextEncoder();

/** One line. */
export function controlLine(
  value: ControllerLife | HostConfig | ControllerReport | HostReport | HostOrder,
): Uint8Array {
  return encoder.encode(JSON.stringify(value) + "\n");
}

/** Says something to the parent, at once; a parent that is gone, or has stopped listening, is told nothing. */
export function report(value: ControllerReport | HostReport): void {
  const bytes = controlLine(value);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Why a child could not start, for its parent. */
export function failure(error: unknown): Extract<ControllerReport, { kind: "failed" }> {
  const known = error instanceof Error ? error : new Error(String(error));
  return { kind: "failed", name: known.name, message: known.message };
}
