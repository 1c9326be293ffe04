/**
 * Who is started again when a child ends, in which order, after what pause, and when to give up: OTP's rules, pure.
 *
 *   start ──▶ starting ──▶ up ──ended──▶ queued | waiting ──▶ starting …      (restart)
 *                          up ──▶ to-stop ──▶ stopping ──▶ down | queued …    (a sibling's restart, or shutdown)
 *
 * `decide` takes what happened and says what to do; it runs nothing and asks no clock. Each `start` it orders is
 * answered by `started` or `start-failed`, each child that was started by one `ended`, each `wake-after` by `wake`.
 * Carried out for actors by `supervisor.ts`, and for processes by whoever owns those.
 * @module
 */
import { RestartDeliberation } from "./restart_deliberation.ts";

/** What a restart takes along: the child alone, all its siblings, or those that were started after it. */
export type RestartStrategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** `permanent`: always started again. `transient`: unless it ended normally. `temporary`: never. */
export type RestartKind = "permanent" | "transient" | "temporary";

/** Pause before the nth restart in a row: `min(initialMs * factor ** (n - 1), maxMs)`. */
export interface RestartBackoff {
  /** The first pause. */
  readonly initialMs: number;
  /** What each next one is longer by. */
  readonly factor: number;
  /** The longest. */
  readonly maxMs: number;
}

/** How a supervisor goes about it. */
export interface RestartRules {
  /** What a restart takes along. */
  readonly strategy: RestartStrategy;
  /** More than `restarts` within `periodMs`: give up. */
  readonly intensity: { readonly restarts: number; readonly periodMs: number };
  /** `null`: restarts follow at once. */
  readonly backoff: RestartBackoff | null;
}

/** A child, and when it is started again. */
export interface ChildRule {
  /** Differs from those of its siblings. */
  readonly id: string;
  /** When it is started again. */
  readonly restart: RestartKind;
}

/** What a child is doing. `down`: not there, and not about to be. */
export type ChildStatus = "down" | "queued" | "waiting" | "starting" | "up" | "to-stop" | "stopping";

/** A child as it stands. */
export interface ChildState extends ChildRule {
  /** What it is doing. */
  readonly status: ChildStatus;
  /** What it is to become once it has stopped. `gone`: it leaves the list. */
  readonly next: "down" | "queued" | "waiting" | "gone";
  /** Whose pause it sits out. */
  readonly waitsFor: string | null;
  /** `null` unless it is up. */
  readonly upSinceMs: number | null;
  /** Ends in a row that came soon after the start. */
  readonly failures: number;
}

/** `starting`: for the first time, in order. `given-up` and `over` are final. */
export type RestartPhase = "idle" | "starting" | "running" | "shutting-down" | "given-up" | "over";

/** All that is known between two events. Plain data. */
export interface RestartState {
  /** As given; they never change. */
  readonly rules: RestartRules;
  /** How far the whole is. */
  readonly phase: RestartPhase;
  /** In the order of their start. */
  readonly children: readonly ChildState[];
  /** When restarts were, within the period. */
  readonly restartsAtMs: readonly number[];
}

/** What happened. */
export type RestartEvent =
  | { readonly kind: "start" }
  | { readonly kind: "started"; readonly id: string }
  | { readonly kind: "start-failed"; readonly id: string; readonly reason: string }
  /** `counts: false`: an end that must not lead to giving up. */
  | {
    readonly kind: "ended";
    readonly id: string;
    readonly normal: boolean;
    readonly reason: string;
    readonly counts?: boolean;
  }
  | { readonly kind: "wake"; readonly id: string }
  /** One more child, started last. */
  | { readonly kind: "add"; readonly child: ChildRule }
  /** This child is to end for good. */
  | { readonly kind: "remove"; readonly id: string }
  | { readonly kind: "shutdown" };

/** What is to be done, in this order. */
export type RestartAction =
  | { readonly kind: "start"; readonly id: string }
  | { readonly kind: "stop"; readonly id: string }
  | { readonly kind: "wake-after"; readonly id: string; readonly delayMs: number }
  /** The child has left the list. */
  | { readonly kind: "forget"; readonly id: string }
  /** Too many restarts, or the first start failed: what is still up is to be stopped, last one first, and the owner fails. */
  | { readonly kind: "give-up"; readonly id: string; readonly reason: string }
  /** After `shutdown`: all are down. */
  | { readonly kind: "finished" };

/** What follows from an event. */
export interface RestartDecision {
  /** To be handed in with the next event. */
  readonly state: RestartState;
  /** To be carried out. */
  readonly actions: readonly RestartAction[];
}

/** Nothing started yet. Ids must differ. */
export function initialRestartState(rules: RestartRules, children: readonly ChildRule[]): RestartState {
  return { rules, phase: "idle", children: children.map(newChild), restartsAtMs: [] };
}

/** What follows from an event. Events that fit nothing (a late `wake`, an unknown id) change nothing. */
export function decide(state: RestartState, event: RestartEvent, nowMs: number): RestartDecision {
  if (state.phase === "given-up" || state.phase === "over") return { state, actions: [] };
  return new RestartDeliberation(state, nowMs).decide(event);
}

/** A child that has not been started. */
export function newChild({ id, restart }: ChildRule): ChildState {
  return { id, restart, status: "down", next: "down", waitsFor: null, upSinceMs: null, failures: 0 };
}
