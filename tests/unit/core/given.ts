/**
 * Makes events with few words, steps a scheduler, and checks its invariants after each step.
 *
 * For the tests of this folder only. Needs no permission.
 * @module
 */
import assert from "node:assert/strict";
import type {
  ContentHash,
  DispatchNumber,
  EngineId,
  EngineUuid,
  Epoch,
  HostId,
  Incarnation,
  Session,
  TaskId,
} from "../../../protocol/ids.ts";
import type { Fact } from "../../../protocol/facts.ts";
import type { AttemptOutcome, AttemptReport } from "../../../protocol/outcome.ts";
import { DEFAULT_FLAGS, type TaskFlags, type TaskSpec } from "../../../protocol/task_spec.ts";
import type { Dispatch, Effect, Settle } from "../../../scheduler/core/effects.ts";
import type { HeldAttempt, HostJoined, ReadyEngine, SchedulerEvent } from "../../../scheduler/core/events.ts";
import { violations } from "../../../scheduler/core/invariants.ts";
import { coreOver } from "../../../scheduler/core/scheduler.ts";
import {
  type CustomScheme,
  DEFAULT_OPTIONS,
  type SchedulerCore,
  type SchedulerOptions,
} from "../../../scheduler/core/scheduler_core.ts";
import { FinishedRecord, TaskRecord } from "../../../scheduler/core/task_record.ts";
import { SchedulerState } from "../../../scheduler/core/state.ts";

export const VALUE = new Uint8Array([1]);
export const ERROR = new Uint8Array([2]);
export const DONE: AttemptOutcome = { kind: "done", value: VALUE };
export const THREW: AttemptOutcome = { kind: "threw", error: ERROR };
export const DECLINED: AttemptOutcome = { kind: "declined", error: ERROR };
export const RETURNED: AttemptOutcome = { kind: "returned" };
export const ABORTED: AttemptOutcome = { kind: "aborted" };
export const DIED: AttemptOutcome = { kind: "engine-died", message: "killed by SIGKILL" };
export const TIMED_OUT: AttemptOutcome = { kind: "timed-out", message: "maxRuntime of 5 ms passed" };
export const REPORT: AttemptReport = { runMs: 3, ageMs: 0, stdout: "", stderr: "" };

export function spec(id: string, flags: Partial<TaskFlags> = {}): TaskSpec {
  const template = {
    code: "0".repeat(64) as ContentHash,
    name: "f",
    flags: { ...DEFAULT_FLAGS, ...flags },
    captures: null,
  };
  return { id: id as TaskId, template, args: new Uint8Array(1) };
}

export function engine(id: number, host = "h", life = 1, slots = 1): ReadyEngine {
  const uuid = `e${id}.${life}` as EngineUuid;
  return { id: id as EngineId, uuid, host: host as HostId, pid: 100 + id, slots };
}

export function held(
  task: string,
  number: number,
  on: number,
  state: HeldAttempt["state"],
  outcome: AttemptOutcome = DONE,
  uuid: EngineUuid | null = engine(on).uuid,
): HeldAttempt {
  const ended = state === "ended" ? { number: number as DispatchNumber, outcome, report: REPORT } : null;
  return {
    task: task as TaskId,
    epoch: 1 as Epoch,
    number: number as DispatchNumber,
    attempt: 1,
    engine: on as EngineId,
    state,
    ended,
    uuid: ended === null ? null : uuid,
  };
}

/** A scheduler under test: every method is one event at `now`; what it ordered last is in `effects`. */
export class Stage {
  readonly state: SchedulerState;
  readonly core: SchedulerCore;
  readonly events: SchedulerEvent[] = [];
  now = 1_000;
  effects: readonly Effect[] = [];
  /** Every dispatch so far, by task. */
  readonly dispatched: Map<string, Dispatch[]> = new Map();
  /** Every outcome so far, by task. */
  readonly settled: Map<string, Settle[]> = new Map();

  constructor(options: Partial<SchedulerOptions> = {}, custom: CustomScheme | null = null) {
    this.state = new SchedulerState({ ...DEFAULT_OPTIONS, ...options }, options.seed ?? 1, custom);
    this.core = coreOver(this.state);
  }

  step(event: SchedulerEvent): readonly Effect[] {
    this.events.push(event);
    this.effects = this.core.step(event);
    for (const effect of this.effects) this.#note(effect);
    assert.deepEqual(violations(this.state), [], `after ${event.kind}`);
    // What failed at its last chance, after all else was assigned, may have made an older task ready.
    if (this.outcomes.some((outcome) => outcome.endsWith(":DependencyTimeout"))) return this.effects;
    for (const effect of this.effects) if (effect.kind === "dispatch") this.#checkOvertaking(effect);
    return this.effects;
  }

  #note(effect: Effect): void {
    if (effect.kind === "dispatch") this.#noteDispatch(effect);
    if (effect.kind === "settle") append(this.settled, effect.task, effect);
  }

  /** All that it names is done and comes along, as it is. */
  #noteDispatch(dispatch: Dispatch): void {
    append(this.dispatched, dispatch.spec.id, dispatch);
    const { inputs } = dispatch.spec;
    const values = inputs?.map((input) => {
      const settled = typeof input === "string" ? this.state.task(input) : null;
      if (settled instanceof FinishedRecord && settled.outcome.kind === "done") return settled.outcome.value;
      return input;
    });
    assert.deepEqual(dispatch.inputs, values, `the inputs of ${dispatch.spec.id}`);
  }

  /** A fresh task never overtakes an older one of the same client and priority that could run there. */
  #checkOvertaking({ spec, engine: id }: Dispatch): void {
    const task = this.state.task(spec.id);
    const taken = this.state.registry.current(id);
    if (!(task instanceof TaskRecord) || taken === null) return;
    for (const group of this.state.placement.groups) {
      if (!group.accepts(taken)) continue;
      for (const other of group.queue) {
        // By itself a function may be too long to be sent ahead of an engine where a shorter one is not.
        if (this.state.options.hwm === "auto" && other.spec.template.code !== task.spec.template.code) continue;
        // Those of a client that is behind with its results wait.
        const isOvertaken = !other.session.behind && other.session === task.session &&
          other.flags.priority === task.flags.priority &&
          other.order < task.order;
        assert.ok(!isOvertaken, `${task.id} overtook ${other.id} on engine ${id}`);
      }
    }
  }

  after(ms: number): this {
    this.now += ms;
    return this;
  }

  /** A host with engines that are ready. */
  join(engines: readonly ReadyEngine[], more: Partial<HostJoined> = {}): readonly Effect[] {
    const host = more.host ?? engines[0]?.host ?? "h" as HostId;
    return this.step({
      kind: "host-joined",
      at: this.now,
      host,
      incarnation: "i1" as Incarnation,
      hostname: "box",
      pid: 1,
      packageVersion: "0",
      newEngines: 0,
      engines,
      returning: [],
      held: [],
      ...more,
    });
  }

  /** Engines 0 … n - 1 on the host "h". */
  joinEngines(n: number, slots = 1): readonly Effect[] {
    return this.join(Array.from({ length: n }, (_, id) => engine(id, "h", 1, slots)));
  }

  submit(...specs: readonly TaskSpec[]): readonly Effect[] {
    return this.submitAged(null, ...specs);
  }

  submitAged(agesMs: readonly number[] | null, ...specs: readonly TaskSpec[]): readonly Effect[] {
    return this.submitPart(false, agesMs, ...specs);
  }

  /** A part of a batch; `more`: not the last. */
  submitPart(more: boolean, agesMs: readonly number[] | null, ...specs: readonly TaskSpec[]): readonly Effect[] {
    const id = specs[0]?.id ?? "s-0";
    const session = id.slice(0, id.lastIndexOf("-")) as Session;
    return this.step({ kind: "tasks-submitted", at: this.now, session, specs, agesMs, more, known: [] });
  }

  /** The current attempt of a task ended. */
  end(task: string, outcome: AttemptOutcome = DONE, runMs = REPORT.runMs): readonly Effect[] {
    return this.endDispatch(this.lastDispatch(task), outcome, 1, runMs);
  }

  endDispatch(
    { host, number }: Dispatch,
    outcome: AttemptOutcome = DONE,
    epoch = 1,
    runMs = REPORT.runMs,
  ): readonly Effect[] {
    const report = outcome.kind === "returned" ? null : { ...REPORT, runMs };
    const results = [{ number, outcome, report }];
    return this.step({ kind: "attempts-ended", at: this.now, host, epoch: epoch as Epoch, results });
  }

  engineReady(ready: ReadyEngine): readonly Effect[] {
    return this.step({ kind: "engine-ready", at: this.now, engine: ready });
  }

  engineEnded(ended: ReadyEngine, returns = true, requested = false): readonly Effect[] {
    const { id, uuid } = ended;
    const reason = "exit code 1";
    return this.step({ kind: "engine-ended", at: this.now, engine: id, uuid, reason, requested, returns });
  }

  drain(id: number): readonly Effect[] {
    return this.step({ kind: "engine-draining", at: this.now, engine: id as EngineId });
  }

  loseHost(host = "h"): readonly Effect[] {
    return this.step({
      kind: "host-lost",
      at: this.now,
      host: host as HostId,
      incarnation: null,
      reason: "silent",
    });
  }

  abort(...ids: readonly string[]): readonly Effect[] {
    return this.step({ kind: "abort-requested", at: this.now, ids: ids as TaskId[] });
  }

  attach(session = "s", firstUnsettled = 0, engineHost: string | null = null): readonly Effect[] {
    return this.step({
      kind: "client-attached",
      at: this.now,
      session: session as Session,
      firstUnsettled,
      engineHost: engineHost as HostId | null,
    });
  }

  /** The current attempts of these tasks lend their slots, or take them back. */
  slots(lent: readonly string[], retaken: readonly string[] = []): readonly Effect[] {
    const numbers = (tasks: readonly string[]) => tasks.map((task) => this.lastDispatch(task).number);
    return this.step({
      kind: "slots-changed",
      at: this.now,
      host: "h" as HostId,
      epoch: this.state.options.epoch,
      lent: numbers(lent),
      retaken: numbers(retaken),
    });
  }

  leave(session = "s"): readonly Effect[] {
    return this.step({ kind: "client-left", at: this.now, session: session as Session });
  }

  /** A client has fallen behind with its results, or caught up. */
  pace(behind: boolean, session = "s"): readonly Effect[] {
    return this.step({ kind: "client-pace-changed", at: this.now, session: session as Session, behind });
  }

  wake(): readonly Effect[] {
    return this.step({ kind: "woke", at: this.now });
  }

  lastDispatch(task: string): Dispatch {
    const last = this.dispatched.get(task)?.at(-1);
    assert.ok(last !== undefined, `task ${task} was never dispatched`);
    return last;
  }

  /** `task>engine` of each dispatch of the last step. */
  get dispatches(): string[] {
    return this.effects.flatMap((effect) => effect.kind === "dispatch" ? [`${effect.spec.id}>${effect.engine}`] : []);
  }

  /** `task:kind` of each outcome of the last step; for failures the error's name. */
  get outcomes(): string[] {
    return this.effects.flatMap((effect) => effect.kind === "settle" ? [`${effect.task}:${nameOf(effect)}`] : []);
  }

  outcomeOf(task: string): string | null {
    const last = this.settled.get(task)?.at(-1);
    return last === undefined ? null : nameOf(last);
  }

  /** Facts of the last step. */
  get facts(): readonly Fact[] {
    return this.effects.flatMap((effect) => effect.kind === "facts" ? effect.facts : []);
  }

  of<Kind extends Effect["kind"]>(kind: Kind): Extract<Effect, { kind: Kind }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { kind: Kind }> => effect.kind === kind);
  }
}

function nameOf({ outcome }: Settle): string {
  return outcome.kind === "failed" ? outcome.error.name : outcome.kind;
}

function append<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
