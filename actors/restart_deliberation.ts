/**
 * One call of `decide`: a copy of the state to work on, and the orders so far.
 *
 * Pure, and used once: by `restart_policy.ts`, which says what the words mean. First the event changes what children are to become; then
 * `#advance` orders the stops and starts whose turn it is.
 * @module
 */
import {
  type ChildState,
  type ChildStatus,
  newChild,
  type RestartAction,
  type RestartDecision,
  type RestartEvent,
  type RestartPhase,
  type RestartRules,
  type RestartState,
} from "./restart_policy.ts";

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Make one, ask it once. */
export class RestartDeliberation {
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
