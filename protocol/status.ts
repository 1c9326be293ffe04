/**
 * What `status` shows: the state of a cluster at one moment.
 *
 * Types only. Made by the hub from the facts, printed by the command line.
 * @module
 */
import type { EngineId, EngineUuid, HostId } from "./ids.ts";

/** `starting`: its process is on its way up. `failed`: given up, `reason` says why. */
export type EngineState = "starting" | "idle" | "busy" | "draining" | "down" | "failed";

export interface EngineStatus {
  readonly id: EngineId;
  readonly uuid: EngineUuid | null;
  readonly host: HostId;
  readonly pid: number | null;
  /** Tasks it runs at a time. */
  readonly slots: number;
  readonly state: EngineState;
  /** Why it is down or failed. */
  readonly reason: string | null;
  /** Tasks assigned and not finished. */
  readonly load: number;
  readonly completed: number;
  readonly failed: number;
  readonly restarts: number;
}

export interface HostStatus {
  readonly id: HostId;
  readonly hostname: string;
  readonly pid: number;
  readonly packageVersion: string;
  readonly alive: boolean;
}

export interface TaskCounts {
  readonly waiting: number;
  readonly ready: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  readonly aborted: number;
}

export interface ClusterStatus {
  readonly cluster: string;
  readonly packageVersion: string;
  readonly epoch: number;
  /** Since this controller life began, ms. */
  readonly uptimeMs: number;
  readonly pid: number;
  /** The one in use: a name, or the URL of a module. */
  readonly scheme: string;
  /** Why a scheme of the user's own is not in use any more, or what is wrong with it; `null`: nothing. */
  readonly schemeProblem: string | null;
  readonly hwm: number | "auto";
  readonly hosts: readonly HostStatus[];
  readonly engines: readonly EngineStatus[];
  readonly clients: number;
  readonly tasks: TaskCounts;
}
