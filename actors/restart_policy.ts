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

/** What a restart takes along: the child alone, all its siblings, or those that were started after it. */
export type RestartStrategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** `permanent`: always started again. `transient`: unless it ended normally. `temporary`: never. */
export type RestartKind = "permanent" | "transient" | "temporary";

/** Pause before the nth restart in a row: `min(initialMs * factor ** (n - 1), maxMs)`. */
export interface RestartBackoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

export interface RestartRules {
  readonly strategy: RestartStrategy;
  /** More than `restarts` within `periodMs`: give up. */
  readonly intensity: { readonly restarts: number; readonly periodMs: number };
  readonly backoff: RestartBackoff | null;
}

export interface ChildRule {
  readonly id: string;
  readonly restart: RestartKind;
}

/** What a child is doing. `down`: not there, and not about to be. */
export type ChildStatus = "down" | "queued" | "waiting" | "starting" | "up" | "to-stop" | "stopping";

export interface ChildState extends ChildRule {
  readonly status: ChildStatus;
  /** What it is to become once it has stopped. `gone`: it leaves the list. */
  readonly next: "down" | "queued" | "waiting" | "gone";
  /** Whose pause it sits out. */
  readonly waitsFor: string | null;
  readonly upSinceMs: number | null;
  /** Ends in a row that came soon after the start. */
  readonly failures: number;
}

/** `starting`: for the first time, in order. `given-up` and `over` are final. */
export type RestartPhase = "idle" | "starting" | "running" | "shutting-down" | "given-up" | "over";

export interface RestartState {
  readonly rules: RestartRules;
  readonly phase: RestartPhase;
  /** In the order of their start. */
  readonly children: readonly ChildState[];
  /** When restarts were, within the period. */
  readonly restartsAtMs: readonly number[];
}

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

export interface RestartDecision {
  readonly state: RestartState;
  readonly actions: readonly RestartAction[];
}

/** Nothing started yet. Ids must differ. */
export function initialRestartState(rules: RestartRules, children: readonly ChildRule[]): RestartState {
  return { rules, phase: "idle", children: children.map(newChild), restartsAtMs: [] };
}

/** What follows from an event. Events that fit nothing (a late `wake`, an unknown id) change nothing. */
export function decide(state: RestartState, event: RestartEvent, nowMs: number): RestartDecision {
  if (state.phase === "given-up" || state.phase === "over") return { state, actions: [] };
  return new Deliberation(state, nowMs).decide(event);
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

function newChild({ id, restart }: ChildRule): ChildState {
  return { id, restart, status: "down", next: "down", waitsFor: null, upSinceMs: null, failures: 0 };
}

/** One call of `decide`: a copy of the state to work on, and the actions so far. */
class Deliberation {
  readonly #rules: RestartRules;
  readonly #nowMs: number;
  readonly #actions: RestartAction[] = [];
  #phase: RestartPhase;
  #children: Draft<ChildState>[];
  #restartsAtMs: readonly number[];

  constructor(state: RestartState, nowMs: number) {
    this.#rules = state.rules;
    this.#nowMs = nowMs;
    this.#phase = state.phase;
    this.#children = state.children.map((child) => ({ ...child }));
    this.#restartsAtMs = state.restartsAtMs;
  }

  decide(event: RestartEvent): RestartDecision {
    this.#apply(event);
    if (this.#phase !== "given-up") this.#advance();
    return {
      state: {
        rules: this.#rules,
        phase: this.#phase,
        children: this.#children,
        restartsAtMs: this.#restartsAtMs,
      },
      actions: this.#actions,
    };
  }

  #apply(event: RestartEvent): void {
    switch (event.kind) {
      case "start":
        if (this.#phase !== "idle") return;
        this.#phase = "starting";
        for (const child of this.#children) child.status = "queued";
        return;
      case "add":
        if (this.#phase === "shutting-down" || this.#find(event.child.id) !== undefined) return;
        this.#children.push({ ...newChild(event.child), status: this.#phase === "idle" ? "down" : "queued" });
        return;
      case "shutdown":
        this.#phase = "shutting-down";
        for (const child of this.#children) this.#take(child, "down");
        return;
      case "wake":
        for (const child of this.#children) if (child.waitsFor === event.id) wake(child);
        return;
      default:
        return this.#applyToChild(event);
    }
  }

  #applyToChild(event: Extract<RestartEvent, { id: string }>): void {
    const child = this.#find(event.id);
    if (child === undefined) return;
    switch (event.kind) {
      case "started":
        if (child.status === "starting") child.status = "up";
        child.upSinceMs = this.#nowMs;
        return;
      case "start-failed":
        if (this.#phase === "starting" && child.status === "starting") return this.#giveUp(child.id, event.reason);
        return this.#ended(child, false, event.reason, true);
      case "ended":
        return this.#ended(child, event.normal, event.reason, event.counts ?? true);
      case "remove":
        return this.#take(child, "gone");
    }
  }

  #ended(child: Draft<ChildState>, normal: boolean, reason: string, counts: boolean): void {
    if (child.status === "stopping" || child.status === "to-stop") return this.#stopped(child);
    if (child.status !== "up" && child.status !== "starting") return;
    const ranMs = child.upSinceMs === null ? 0 : this.#nowMs - child.upSinceMs;
    child.status = "down";
    child.upSinceMs = null;
    if (child.restart === "temporary") return this.#forget(child);
    if (child.restart === "transient" && normal) return;
    child.failures = ranMs >= this.#rules.intensity.periodMs ? 1 : child.failures + 1;
    if (counts && !this.#mayRestart()) return this.#giveUp(child.id, reason);
    this.#restart(child);
  }

  /** Counts a restart against the intensity. */
  #mayRestart(): boolean {
    const { restarts, periodMs } = this.#rules.intensity;
    const recent = this.#restartsAtMs.filter((atMs) => this.#nowMs - atMs < periodMs);
    this.#restartsAtMs = [...recent, this.#nowMs];
    return this.#restartsAtMs.length <= restarts;
  }

  #restart(failed: Draft<ChildState>): void {
    const delayMs = this.#pauseMs(failed.failures);
    const next = delayMs > 0 ? "waiting" : "queued";
    for (const child of this.#groupOf(failed)) {
      child.waitsFor = delayMs > 0 ? failed.id : null;
      this.#take(child, child.restart === "temporary" ? "gone" : next);
    }
    if (delayMs > 0) this.#actions.push({ kind: "wake-after", id: failed.id, delayMs });
  }

  #groupOf(failed: Draft<ChildState>): readonly Draft<ChildState>[] {
    switch (this.#rules.strategy) {
      case "one-for-one":
        return [failed];
      case "one-for-all":
        return [...this.#children];
      case "rest-for-one":
        return this.#children.slice(this.#children.indexOf(failed));
    }
  }

  #pauseMs(failures: number): number {
    const { backoff } = this.#rules;
    return backoff === null ? 0 : Math.min(backoff.initialMs * backoff.factor ** (failures - 1), backoff.maxMs);
  }

  /** Brings a child to `next`, by way of a stop if it is there. */
  #take(child: Draft<ChildState>, next: ChildState["next"]): void {
    child.next = next;
    if (child.status === "up" || child.status === "starting") child.status = "to-stop";
    else if (child.status !== "to-stop" && child.status !== "stopping") this.#stopped(child);
  }

  #stopped(child: Draft<ChildState>): void {
    child.upSinceMs = null;
    if (child.next === "gone") return this.#forget(child);
    child.status = child.next;
    child.next = "down";
  }

  #forget(child: Draft<ChildState>): void {
    this.#children = this.#children.filter((other) => other !== child);
    this.#actions.push({ kind: "forget", id: child.id });
  }

  #giveUp(id: string, reason: string): void {
    this.#phase = "given-up";
    this.#actions.push({ kind: "give-up", id, reason });
  }

  /** Stops go first, one at a time, the last child first; then starts, in order. */
  #advance(): void {
    if (this.#has("stopping")) return;
    const last = this.#children.findLast((child) => child.status === "to-stop");
    if (last !== undefined) {
      last.status = "stopping";
      this.#actions.push({ kind: "stop", id: last.id });
      return;
    }
    this.#startQueued();
    if (this.#phase === "starting" && this.#children.every(isSettled)) this.#phase = "running";
    if (this.#phase === "shutting-down" && this.#children.every(isDown)) {
      this.#phase = "over";
      this.#actions.push({ kind: "finished" });
    }
  }

  #startQueued(): void {
    const isOrdered = this.#phase === "starting" || this.#rules.strategy !== "one-for-one";
    for (const child of this.#children) {
      if (isOrdered && child.status === "starting") return;
      if (child.status !== "queued") continue;
      child.status = "starting";
      this.#actions.push({ kind: "start", id: child.id });
      if (isOrdered) return;
    }
  }

  #has(status: ChildStatus): boolean {
    return this.#children.some((child) => child.status === status);
  }

  #find(id: string): Draft<ChildState> | undefined {
    return this.#children.find((child) => child.id === id);
  }
}

function wake(child: Draft<ChildState>): void {
  child.waitsFor = null;
  if (child.status === "waiting") child.status = "queued";
  else if (child.next === "waiting") child.next = "queued";
}

function isSettled(child: ChildState): boolean {
  return child.status === "up" || child.status === "down";
}

function isDown(child: ChildState): boolean {
  return child.status === "down";
}
