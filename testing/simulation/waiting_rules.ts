/**
 * What must be true between any two steps: nothing that could run or end still waits, and what waits has a live cause,
 * which the core can name.
 *
 * Only looks. Called by `world.ts` after each step.
 * @module
 */
import type { Cause, SchedulerCore } from "../../scheduler/core/scheduler_core.ts";
import { type DependencyState, dependencyState, isOnCycle } from "./dependency_oracle.ts";
import { canRunOn, isFree, isReady } from "./dispatch_rules.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerTask } from "./ledger_records.ts";

/** Checks every task that is not settled. `inGrace`: a new life that dispatches nothing yet. */
export function checkWaiting(ledger: Ledger, core: SchedulerCore, inGrace: boolean): void {
  if (inGrace && !ledger.inGrace) {
    ledger.complain("everything that waits has a live cause", "the grace of a new life does not end");
  }
  const free = [...ledger.engines.takers()].filter((engine) => isFree(ledger, engine));
  for (const task of ledger.open) {
    if (task.current !== null) checkAssigned(ledger, core, task);
    else {
      checkUnassigned(ledger, core, task, inGrace);
      if (inGrace || task.isUnsure || !isReady(ledger, task)) continue;
      const engine = free.find((one) => typeof ledger.options.hwm === "number" && canRunOn(ledger, task, one));
      if (engine === undefined) continue;
      ledger.complain("no engine idles while a task could run", `engine ${engine.id} is free for it`, task.id);
    }
  }
  checkLoads(ledger, core);
}

function checkAssigned(ledger: Ledger, core: SchedulerCore, task: LedgerTask): void {
  const { current } = task;
  if (current !== null && current.over !== null) {
    ledger.complain("no task is lost", "its attempt has ended, and nothing followed", task.id);
  }
  const { cause } = core.explain(task.id);
  if (cause !== "assigned") ledger.complain("no task is lost", `it is assigned, but said to be "${cause}"`, task.id);
}

function checkUnassigned(ledger: Ledger, core: SchedulerCore, task: LedgerTask, inGrace: boolean): void {
  if (task.pause !== null && ledger.now >= task.pause.to) task.pause = null;
  if (ledger.now >= task.deadline && !task.spared) {
    ledger.complain("deadlines are kept", "it waits on though its timeout is over", task.id);
  }
  const state = dependencyState(task, ledger);
  // One that pauses before its retry is judged when that is over.
  if ((state === "impossible" || state === "invalid") && !task.adopted && task.pause === null) {
    ledger.complain("dependencies are kept", `it waits on though its dependency is ${state}`, task.id);
  }
  const explanation = core.explain(task.id);
  if (task.isUnsure) return;
  const why = CAUSES[explanation.cause]?.(ledger, task, inGrace, state, explanation.engines);
  if (why === true) return;
  // A cause that is none of those above: other tasks.
  const waits = state === "waiting" || state === "either" || isOnCycle(task, ledger);
  if (why === undefined && waits) return;
  ledger.complain(
    "everything that waits has a live cause",
    `its cause is said to be "${explanation.cause}" (${explanation.text}), which is not so`,
    task.id,
  );
}

type CauseCheck = (
  ledger: Ledger,
  task: LedgerTask,
  inGrace: boolean,
  state: DependencyState,
  engines: readonly number[],
) => boolean;

/** Whether a cause is true. */
const CAUSES: Readonly<Partial<Record<Cause, CauseCheck>>> = {
  unknown: () => false,
  forgotten: () => false,
  settled: () => false,
  assigned: () => false,
  pause: (_ledger, { pause }) => pause !== null,
  grace: (_ledger, _task, inGrace) => inGrace,
  "no-engines": (ledger, task, _grace, state) =>
    isSettledOn(state) && ![...ledger.engines.takers()].some((engine) => mayRunOnLater(ledger, task, engine.id)),
  "free-engine": (ledger, task, _grace, state, engines) =>
    isSettledOn(state) && engines.length > 0 &&
    (task.flags.follow !== null ||
      [...ledger.engines.takers()].some((engine) =>
        engines.includes(engine.id) && mayRunOnLater(ledger, task, engine.id)
      )),
  targets: (ledger, { flags, declinedOn }, _grace, state) =>
    isSettledOn(state) &&
    (flags.targets ?? []).every((id) => {
      const engine = ledger.engines.current.get(id);
      return engine === undefined || engine.draining || declinedOn.has(engine);
    }),
  declined: (ledger, { declinedOn }, _grace, state) =>
    isSettledOn(state) && [...ledger.engines.takers()].every((engine) => declinedOn.has(engine)),
};

function isSettledOn(state: DependencyState): boolean {
  return state === "met" || state === "either";
}

function mayRunOnLater(ledger: Ledger, task: LedgerTask, id: number): boolean {
  const { targets } = task.flags;
  const engine = [...ledger.engines.takers()].find((one) => one.id === id);
  return engine !== undefined && (targets === null || targets.includes(engine.id)) && !task.declinedOn.has(engine);
}

/** Both accounts of what each engine has agree, and it is not more than the mark allows. */
function checkLoads(ledger: Ledger, core: SchedulerCore): void {
  for (const { id, uuid, load } of core.engines()) {
    const engine = ledger.engines.current.get(id);
    if (engine === undefined || engine.uuid !== uuid) {
      ledger.complain("facts and orders agree", `engine ${id} (${uuid}) is there without a fact`);
    }
    if (engine.open.size > load) {
      ledger.complain("the mark is kept", `engine ${id} has ${engine.open.size} tasks, and is said to have ${load}`);
    }
  }
}
