/**
 * The supervision tree of a cluster as it is at one moment: who runs, under whom, since when, and why it ended last.
 *
 * Types only. Hosts tell of their engines, the hub puts the tree together; shown by `client.tree()` and `status`.
 * @module
 */
import type { EngineId } from "./ids.ts";

/** What a part of a cluster is. Hosts, controllers and engines are processes; the others live in the controller. */
export type SupervisedKind = "cluster" | "host" | "controller" | "broker" | "scheduler" | "hub" | "engine";

/**
 * `up`: it works. `starting`: its process is on its way up. `waiting`: it ended and is started again after a pause.
 * `draining`: it finishes what it runs, and ends. `failed`: given up. `unreachable`: a host that does not answer just now.
 * `down`: gone for good.
 */
export type SupervisedState = "up" | "starting" | "waiting" | "draining" | "failed" | "unreachable" | "down";

/** How something ended last. */
export interface LastEnd {
  /** In words: `its process was killed by SIGKILL, …`. */
  readonly reason: string;
  /** ms since then. */
  readonly agoMs: number;
}

/** One part of a cluster, and all that it supervises. */
export interface SupervisionNode {
  /** What it is. */
  readonly kind: SupervisedKind;
  /** Of a cluster its name, of a host the name of its machine, of an engine its id, else the kind. */
  readonly name: string;
  /** What it is doing. */
  readonly state: SupervisedState;
  /** The process it is, or lives in; `null`: there is none now. */
  readonly pid: number | null;
  /** ms since this life of it began; `null`: it does not live, or nobody knows. */
  readonly uptimeMs: number | null;
  /** How often it was started again, on request too. */
  readonly restarts: number;
  /** How the life before this one ended, or the last one; `null`: none did. */
  readonly lastEnd: LastEnd | null;
  /** What it starts, watches and starts again, in the order of its start. */
  readonly children: readonly SupervisionNode[];
}

/** An engine, as its host knows it. */
export interface EngineSupervision extends Pick<SupervisionNode, "pid" | "uptimeMs" | "restarts" | "lastEnd"> {
  /** `null`: it has none yet. */
  readonly id: EngineId | null;
  readonly state: "starting" | "up" | "draining" | "waiting" | "failed" | "stopped";
}

/** Host → hub: what it supervises. */
export interface HostSupervision {
  /** ms since the host began. */
  readonly uptimeMs: number;
  readonly engines: readonly EngineSupervision[];
}
