/**
 * The attempts of earlier lives that hosts brought along, in the ledger's account: which tasks they belong to, and which
 * of them the scheduler has taken up.
 *
 * Part of `ledger.ts`.
 * @module
 */
import type { EngineId, HostId, TaskId } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import type { HeldAttempt } from "../../scheduler/core/events.ts";
import type { LedgerEngines } from "./ledger_engines.ts";
import { LedgerDispatch, type LedgerTask } from "./ledger_records.ts";
import { dispatchKey } from "./simulated_run.ts";

export class HeldAttempts {
  readonly #byTask = new Map<TaskId, LedgerDispatch[]>();
  /** Brought along in this step, and running or queued. */
  #now: { readonly dispatch: LedgerDispatch; readonly engine: EngineId }[] = [];

  /** A host has this in hand. */
  add(host: HostId, { task, epoch, number, attempt, engine, ended, uuid }: HeldAttempt): LedgerDispatch {
    const dispatch = new LedgerDispatch(epoch, number, task, host, attempt, null);
    dispatch.heldUuid = uuid;
    this.#byTask.set(task, [...this.#byTask.get(task) ?? [], dispatch]);
    if (ended === null) this.#now.push({ dispatch, engine });
    else {
      dispatch.outcome = ended.outcome;
      dispatch.end("reported");
    }
    return dispatch;
  }

  /** Those of this step take their places, unless their hosts are told to stop them. */
  place(stopped: ReadonlySet<string>, engines: LedgerEngines): void {
    for (const { dispatch, engine: id } of this.#now) {
      const engine = engines.current.get(id) ?? null;
      if (stopped.has(dispatchKey(dispatch.epoch, dispatch.number)) || engine === null) dispatch.end("refused");
      else if (dispatch.over === null) engines.place(dispatch, engine);
    }
    this.#now = [];
  }

  /** The running one of this number. */
  running(task: TaskId, number: number): LedgerDispatch | null {
    return this.#byTask.get(task)?.find((one) => one.number === number && one.over === null) ?? null;
  }

  /** One that ended in one of these ways and was not taken up before; it is now. */
  takeEnded(task: LedgerTask, kinds: readonly AttemptOutcome["kind"][]): LedgerDispatch | null {
    const held = this.#byTask.get(task.id)?.find(({ outcome, used }) => (
      outcome !== null && !used && kinds.includes(outcome.kind)
    )) ?? null;
    if (held === null) return null;
    held.used = true;
    task.adopted = true;
    if (task.failures === 0) inheritFailures(task, held);
    return held;
  }

  /** Whether one of them was declined: then the task goes back to the queue without a word, if it is taken up. */
  wasDeclined(task: TaskId): boolean {
    return this.#byTask.get(task)?.some(({ outcome }) => outcome?.kind === "declined") ?? false;
  }
}

/** All attempts before the one that a host holds have failed, and were paid for. */
export function inheritFailures(task: LedgerTask, { attempt }: LedgerDispatch): void {
  task.failures = Math.min(attempt - 1, task.flags.retries);
}
