/**
 * What must be true of every outcome: it is that of the current attempt, or the system had the reason it names.
 *
 * Only looks. `checkSettled` is called by `ledger.ts` for each outcome as it is written down, `checkVerdict` at the end
 * of that step, when it is known what else was settled in it.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { SystemErrorName } from "../../protocol/outcome.ts";
import { dependencyState, invalidId, isOnCycle } from "./dependency_oracle.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerDispatch, LedgerTask } from "./ledger_records.ts";
import { readMark } from "./run_mark.ts";
import { dispatchKey } from "./simulated_run.ts";

type Settled = Extract<Fact, { kind: "task-settled" }>;

/** Checks an outcome. `last`: the attempt that was current, or was brought along from an earlier life. */
export function checkSettled(ledger: Ledger, task: LedgerTask, last: LedgerDispatch | null, fact: Settled): void {
  const { outcome } = fact;
  if (fact.attempts > task.flags.retries + 1) {
    ledger.complain("no attempt too many", `${fact.attempts} attempts, ${task.flags.retries} retries`, task.id);
  }
  if (outcome.kind !== "failed" || outcome.error.name === "EngineError" || outcome.error.name === "TaskTimeout") {
    checkAttempts(ledger, task, last, fact);
  }
  if (outcome.kind !== "failed") {
    const payload = outcome.kind === "done" ? outcome.value : outcome.error;
    const mark = readMark(payload);
    const isOld = outcome.kind === "threw" && last?.outcome?.kind !== "threw";
    if (isOld) return checkDoomed(ledger, task, "threw");
    if (
      last?.outcome?.kind !== outcome.kind || mark?.task !== task.id ||
      mark.dispatch !== dispatchKey(last.epoch, last.number)
    ) {
      ledger.complain("outcomes are true", `its ${outcome.kind} is not of its current attempt`, task.id);
    }
    if (fact.uuid !== null && fact.uuid !== mark.uuid) {
      ledger.complain("outcomes are true", `it ran on ${mark.uuid}, and is said to have run on ${fact.uuid}`, task.id);
    }
    if (outcome.kind === "threw") checkLastFailure(ledger, task);
    return;
  }
  const { name } = outcome.error;
  if (name === "EngineError" || name === "TaskTimeout") {
    const kind = name === "EngineError" ? "engine-died" : "timed-out";
    if (last?.over === "host lost" && name === "EngineError") return checkLastFailure(ledger, task);
    if (last?.outcome?.kind !== kind) return checkDoomed(ledger, task, kind);
    return checkLastFailure(ledger, task);
  }
  if (task.current !== null && name !== "TaskAborted") {
    ledger.complain("outcomes are true", `${name} while it is assigned`, task.id);
  }
}

/** All attempts count, those of an earlier life too. */
function checkAttempts(ledger: Ledger, task: LedgerTask, last: LedgerDispatch | null, { attempts }: Settled): void {
  // The end of one from an earlier life may be both: what failed just now, and what it ends with.
  const isCounted = last !== null && last.epoch !== ledger.options.epoch && attempts === task.failures;
  const counted = task.failures + (last === null || isCounted ? 0 : 1);
  if (attempts === counted || task.isUnsure) return;
  ledger.complain(
    "outcomes are true",
    `it ends after ${counted} attempts, and is said to have had ${attempts}`,
    task.id,
  );
}

/** The verdicts of the system that depend on other tasks. */
export function checkVerdict(ledger: Ledger, task: LedgerTask): void {
  if (task.outcome?.kind !== "failed") return;
  const { name, message } = task.outcome.error;
  const reason = VERDICTS[name]?.(ledger, task) ?? null;
  if (reason !== null) ledger.complain("outcomes are true", `${name} (${message}), but ${reason}`, task.id);
}

/** Why the verdict is wrong; `null`: it is right. */
const VERDICTS: Readonly<Partial<Record<SystemErrorName, (ledger: Ledger, task: LedgerTask) => string | null>>> = {
  TaskAborted: (ledger, task) => ledger.memory.abortsAsked.has(task.id) ? null : "nobody asked for an abort",
  DependencyTimeout: (ledger, task) =>
    task.spared && !task.isUnsure
      ? "it came back for nothing"
      : ledger.now >= task.deadline
      ? null
      : "its timeout is not over",
  InvalidDependency: (ledger, task) => invalidId(task, ledger) !== null ? null : "all ids that it names are there",
  ImpossibleDependency: (ledger, task) => {
    const state = dependencyState(task, ledger);
    if (state === "impossible" || state === "either") return null;
    if (isOnCycle(task, ledger) || areTargetsGone(ledger, task) || canNeverFollow(ledger, task)) return null;
    // What an earlier life left of it may have declined the one engine where it may run.
    if (task.isUnsure && task.flags.follow !== null) return null;
    return `its dependency is ${state}`;
  },
};

/** None of its targets has a live process, or will have one. */
export function areTargetsGone(ledger: Ledger, task: LedgerTask): boolean {
  const { targets } = task.flags;
  // One that comes in this very step may come after the verdict.
  return targets !== null && targets.every((id) => !ledger.engines.isThere(id, ledger.step));
}

/** It may only run where it must not: what it follows ran on an engine that is no target, or that it declined. */
function canNeverFollow(ledger: Ledger, task: LedgerTask): boolean {
  const { follow, targets } = task.flags;
  if (follow === null || follow.ids.length === 0) return false;
  const settled = follow.ids.map((id) => ledger.task(id)).filter((one) => one !== undefined && one.status !== "open");
  return settled.some((one) => {
    const engine = one?.uuid ? ledger.engines.get(one.uuid) : undefined;
    return engine === undefined || engine.draining || (targets !== null && !targets.includes(engine.id)) ||
      task.declinedOn.has(engine);
  });
}

function checkLastFailure(ledger: Ledger, task: LedgerTask): void {
  const { failures, flags, isUnsure } = task;
  if (failures >= flags.retries || isUnsure) return;
  ledger.complain("outcomes are true", `it has failed after ${failures + 1} of ${flags.retries + 1} attempts`, task.id);
}

/** It ran and could not run again: then it ends with the error it had. */
function checkDoomed(ledger: Ledger, task: LedgerTask, kind: string): void {
  if (task.lastFailure?.kind === kind) return;
  ledger.complain("outcomes are true", `it ends as ${kind}, which none of its attempts did`, task.id);
}
