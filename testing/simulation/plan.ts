/**
 * What is to happen in one simulated run, as data: the cluster, the tasks, and everything that goes wrong, each with its
 * time. A plan and nothing else decides a run, so that the same plan gives the same run, and a part of it a shorter story.
 *
 * Types only. Made by `draw_plan.ts` and `graph_plan.ts`, carried out by `world.ts`, thinned by `thin_plan.ts`.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import type { TaskFlags } from "../../protocol/task_spec.ts";
import type { SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";

/** What an attempt does instead of what its task does. */
export type Mishap =
  /** The function throws. */
  | "throws"
  /** The function declines the engine. */
  | "declines"
  /** The engine's process dies while it runs. */
  | "engine-dies"
  /** The function never returns. */
  | "never-ends";

/** A client submits a task. What one client submits at one time is one batch. */
export interface SubmitAction {
  readonly kind: "submit";
  readonly atMs: number;
  readonly client: string;
  readonly counter: number;
  readonly flags: TaskFlags;
  /** Tasks whose results stand in its arguments. */
  readonly inputs?: readonly TaskId[];
  /** How long an attempt runs. */
  readonly runMs: number;
  /** How soon a running attempt ends when its signal fires; `null`: it does not listen. */
  readonly stopsInMs: number | null;
  /** The batch goes on in another message after this task. */
  readonly endsPart: boolean;
  /** Every attempt throws, also when nothing else goes wrong any more. */
  readonly alwaysThrows: boolean;
}

/** One attempt of a task goes wrong: the `execution`-th that begins anywhere, from 1. */
export interface MishapAction {
  readonly kind: "mishap";
  readonly atMs: 0;
  readonly task: string;
  readonly execution: number;
  readonly what: Mishap;
}

/** Something that happens to a node, an engine, the network or the time. `seat` counts the engines of a host, from 0. */
export type ClusterAction =
  | {
    readonly kind: "host-starts";
    readonly atMs: number;
    readonly host: string;
    readonly engines: number;
    readonly slots: number;
    /** How long an engine's process takes until it is ready. */
    readonly startMs: number;
    /** So many starts of each engine's process fail first. */
    readonly failedStarts: number;
  }
  | { readonly kind: "host-dies"; readonly atMs: number; readonly host: string }
  | { readonly kind: "host-stops"; readonly atMs: number; readonly host: string; readonly drainMs: number }
  | { readonly kind: "engines-added"; readonly atMs: number; readonly host: string; readonly count: number }
  | { readonly kind: "engine-dies"; readonly atMs: number; readonly host: string; readonly seat: number }
  | { readonly kind: "engine-freezes"; readonly atMs: number; readonly host: string; readonly seat: number }
  | {
    readonly kind: "engine-stops" | "engine-restarts";
    readonly atMs: number;
    readonly host: string;
    readonly seat: number;
    readonly drainMs: number;
  }
  | { readonly kind: "link-breaks"; readonly atMs: number; readonly node: string }
  | { readonly kind: "link-stalls"; readonly atMs: number; readonly node: string; readonly forMs: number }
  | { readonly kind: "network-away"; readonly atMs: number; readonly forMs: number }
  | {
    readonly kind: "controller-dies";
    readonly atMs: number;
    readonly downMs: number;
    /** What the next life knows: nothing, or all that this one knew. */
    readonly leaves: "nothing" | "snapshot";
  }
  | { readonly kind: "core-restored"; readonly atMs: number }
  | { readonly kind: "clock-jumps"; readonly atMs: number; readonly byMs: number };

/** Something that a client does. */
export type ClientAction =
  | { readonly kind: "client-starts"; readonly atMs: number; readonly client: string }
  | { readonly kind: "client-leaves" | "client-vanishes"; readonly atMs: number; readonly client: string }
  | { readonly kind: "client-sleeps"; readonly atMs: number; readonly client: string; readonly forMs: number }
  | { readonly kind: "abort"; readonly atMs: number; readonly client: string; readonly ids: readonly string[] }
  | { readonly kind: "purge"; readonly atMs: number; readonly client: string; readonly ids: readonly string[] | null };

/** One thing that happens. */
export type PlannedAction = SubmitAction | MishapAction | ClusterAction | ClientAction;

/** How the bus treats what is sent. */
export interface NetworkPlan {
  /** A message takes from `minMs` up to `maxMs`. */
  readonly minMs: number;
  readonly maxMs: number;
  /** The share of frames that come twice. */
  readonly doubled: number;
  /** The share of frames that are lost, and sent again later. */
  readonly lost: number;
}

/** One run. */
export interface SimulationPlan {
  readonly seed: number;
  readonly scheduler: Omit<Partial<SchedulerOptions>, "epoch" | "graceMs" | "knownHosts" | "firstEngineId" | "facts">;
  readonly network: NetworkPlan;
  /** When nothing goes wrong any more, unless all has ended before; not given: after the last action. */
  readonly calmAtMs?: number;
  /** In any order; those of the same time happen in this one. */
  readonly actions: readonly PlannedAction[];
}

/** Between two signs of life on a link; three that are missing end it. */
export const HEARTBEAT_MS = 1_000;
