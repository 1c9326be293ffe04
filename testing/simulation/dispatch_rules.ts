/**
 * What must be true whenever an attempt is ordered: of the task, of the engine, and of the tasks that it goes before.
 *
 * Only looks. Called by `ledger.ts` for each order, before it is written down.
 * @module
 */
import type { Payload } from "../../protocol/task_spec.ts";
import type { Dispatch } from "../../scheduler/core/effects.ts";
import { dependencyState, followedEngines } from "./dependency_oracle.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerEngine, LedgerTask } from "./ledger_records.ts";

/** Checks one order. */
export function checkDispatch(ledger: Ledger, task: LedgerTask, engine: LedgerEngine, order: Dispatch): void {
  checkPlace(ledger, task, engine);
  checkTime(ledger, task);
  checkAttempt(ledger, task, order);
  checkDependencies(ledger, task);
  checkInputs(ledger, task, order);
  checkOrder(ledger, task, engine);
}

/** Whether the task can surely run on this process, busy or not: nothing that is not promised keeps it off. */
export function canRunOn(ledger: Ledger, task: LedgerTask, engine: LedgerEngine): boolean {
  if (!allows(ledger, task, engine) || !isPlace(task, engine)) return false;
  if (!task.failedOn.has(engine)) return true;
  for (const other of ledger.engines.takers()) {
    if (allows(ledger, task, other) && !task.failedOn.has(other)) return false;
  }
  return true;
}

/** Another process where it can surely run, and that has not failed it. */
function isFreshElsewhere(ledger: Ledger, task: LedgerTask): boolean {
  // What an earlier life left of it may have told the scheduler where it can't run.
  if (task.isUnsure) return false;
  for (const other of ledger.engines.takers()) {
    if (allows(ledger, task, other) && isPlace(task, other) && !task.failedOn.has(other)) return true;
  }
  return false;
}

/**
 * Whether what it follows is known to have run there. A process that is back from a host that was lost is another
 * incarnation: what it ran before need not count.
 */
function isPlace({ flags: { follow }, sentTo }: LedgerTask, { isBack }: LedgerEngine): boolean {
  return follow === null || follow.ids.length === 0 || (sentTo === null && !isBack);
}

/** Whether the next task may go to this process now. */
export function isFree(ledger: Ledger, engine: LedgerEngine): boolean {
  return engine.alive && !engine.draining && !ledger.engines.unreachable.has(engine.host) &&
    engine.open.size < ledger.limitOf(engine);
}

/** Whether it could run as soon as an engine is free. */
export function isReady(ledger: Ledger, task: LedgerTask): boolean {
  const { status, current, pause } = task;
  if (status !== "open" || current !== null || (pause !== null && ledger.now < pause.to)) return false;
  return dependencyState(task, ledger) === "met";
}

function allows(ledger: Ledger, task: LedgerTask, engine: LedgerEngine): boolean {
  const { targets } = task.flags;
  if (targets !== null && !targets.includes(engine.id)) return false;
  if (task.declinedOn.has(engine)) return false;
  const followed = followedEngines(task, ledger);
  return followed === null || followed.has(engine.uuid);
}

function checkPlace(ledger: Ledger, task: LedgerTask, engine: LedgerEngine): void {
  const where = `engine ${engine.id} (${engine.uuid})`;
  const { targets } = task.flags;
  if (engine.open.size >= ledger.limitOf(engine)) {
    ledger.complain("the mark is kept", `it goes to ${where}, which has ${engine.open.size} tasks`, task.id);
  }
  if (!isFree(ledger, engine)) {
    ledger.complain("where a task may run", `it goes to ${where}, which takes none`, task.id);
  }
  if (targets !== null && !targets.includes(engine.id)) {
    ledger.complain("where a task may run", `it goes to ${where}, not to its targets [${targets.join(", ")}]`, task.id);
  }
  if (task.declinedOn.has(engine)) {
    ledger.complain("where a task may run", `it goes to ${where}, which it declined`, task.id);
  }
  if (task.failedOn.has(engine) && isFreshElsewhere(ledger, task)) {
    ledger.complain(
      "where a task may run",
      `it goes to ${where} again, which failed it, while there is another`,
      task.id,
    );
  }
  const followed = followedEngines(task, ledger);
  if (followed !== null && !followed.has(engine.uuid)) {
    ledger.complain("dependencies are kept", `it goes to ${where}, where what it follows did not run`, task.id);
  }
}

function checkTime(ledger: Ledger, task: LedgerTask): void {
  if (ledger.inGrace && ledger.options.knownHosts.length === 0) {
    ledger.complain("where a task may run", "it is sent out before hosts had time to come back", task.id);
  }
  if (task.pause !== null && ledger.now < task.pause.from) {
    ledger.complain("where a task may run", `it is sent out before its pause is over`, task.id);
  }
  const { deadline, spared, movedInStep, flags } = task;
  const hasLastChance = spared || movedInStep === ledger.step || flags.backoff !== null;
  if (ledger.now > deadline && !hasLastChance) {
    ledger.complain("deadlines are kept", "it is sent out though its timeout is over", task.id);
  }
}

function checkAttempt(ledger: Ledger, task: LedgerTask, { attempt }: Dispatch): void {
  if (attempt !== task.failures + 1 && !task.isUnsure) {
    ledger.complain("outcomes are true", `attempt ${attempt} follows ${task.failures} that failed`, task.id);
  }
  if (task.failures > task.flags.retries || attempt > task.flags.retries + 1) {
    ledger.complain("no attempt too many", `attempt ${attempt} of ${task.flags.retries + 1}`, task.id);
  }
}

function checkDependencies(ledger: Ledger, task: LedgerTask): void {
  // It ran before, so what it waited for had happened.
  if (task.adopted || task.isUnsure) return;
  const state = dependencyState(task, ledger);
  if (state === "met" || state === "either") return;
  ledger.complain("dependencies are kept", `it is sent out while its dependency is ${state}`, task.id);
}

/** What it is given is what these tasks came to, whole and in order. */
function checkInputs(ledger: Ledger, task: LedgerTask, { inputs = [] }: Dispatch): void {
  const named = task.spec.inputs ?? [];
  const given = named.every((input, i) => {
    const outcome = typeof input === "string" ? ledger.task(input)?.outcome : { kind: "done", value: input } as const;
    return outcome?.kind === "done" && areSame(outcome.value, inputs[i]);
  });
  if (given && named.length === inputs.length) return;
  ledger.complain("dependencies are kept", "it is sent out without the results that it names", task.id);
}

/** A life that begins with a snapshot has copies. */
function areSame(a: Payload, b: Payload | undefined): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** By priority, then the clients in turn, then in the order of submission: whoever could run on this engine. */
function checkOrder(ledger: Ledger, task: LedgerTask, engine: LedgerEngine): void {
  for (const other of ledger.open) {
    if (other === task || other.isUnsure || !leavesBefore(ledger, other, task) || other.movedInStep > ledger.step) {
      continue;
    }
    if (!isReady(ledger, other) || !canRunOn(ledger, other, engine)) continue;
    ledger.complain("the queue is in order", `it overtakes "${other.id}" on engine ${engine.id}`, task.id, other.id);
  }
}

function leavesBefore(ledger: Ledger, a: LedgerTask, b: LedgerTask): boolean {
  if (a.flags.priority !== b.flags.priority) return a.flags.priority > b.flags.priority;
  if (a.session === b.session) return a.order < b.order;
  const [served, other] = [ledger.served.get(a.session) ?? 0, ledger.served.get(b.session) ?? 0];
  if (served !== other) return served < other;
  return (ledger.sessions.get(a.session) ?? 0) < (ledger.sessions.get(b.session) ?? 0);
}
