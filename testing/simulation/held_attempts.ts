/**
 * The attempts of earlier lives that hosts brought along, in the ledger's account: which tasks they belong to, and which
 * of them the scheduler has taken up.
 *
 * Part of `ledger.ts`.
 * @module
 */
import type { EngineId, EngineUuid, HostId, TaskId } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import type { HeldAttempt } from "../../scheduler/core/events.ts";
import type { LedgerEngines } from "./ledger_engines.ts";
import { LedgerDispatch, type LedgerTask } from "./ledger_records.ts";
import { dispatchKey } from "./simulated_run.ts";

export class HeldAttempts {
  readonly #tasks: ReadonlyMap<TaskId, LedgerTask>;
  readonly #byTask = new Map<TaskId, LedgerDispatch[]>();
  /** Brought along in this step, and running or queued. */
  #now: { readonly dispatch: LedgerDispatch; readonly engine: EngineId }[] = [];

  /** `tasks`: all that this life knows. */
  constructor(tasks: ReadonlyMap<TaskId, LedgerTask>) {
    this.#tasks = tasks;
  }

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

  /**
   * One that ended in one of these ways and was not taken up before; it is now. Nothing is taken up for a task of which
   * this life counts an attempt itself.
   */
  takeEnded(task: LedgerTask, kinds: readonly AttemptOutcome["kind"][]): LedgerDispatch | null {
    if (task.failures > 0) return null;
    const held = this.#byTask.get(task.id)?.find(({ outcome, used }) => (
      outcome !== null && !used && kinds.includes(outcome.kind)
    )) ?? null;
    if (held === null) return null;
    this.takeUp(task, held, held.heldUuid);
    return held;
  }

  /** The task goes on with this, which is, or ended, on a process. What it waited for had come when it was sent out. */
  takeUp(task: LedgerTask, held: LedgerDispatch, uuid: EngineUuid | null): void {
    task.adopted = task.afterMet = held.used = true;
    // All attempts before this one have failed, and were paid for.
    task.failures = Math.min(held.attempt - 1, task.flags.retries);
    const isUnknown = (id: TaskId) => this.#tasks.get(id)?.status !== "settled";
    if (task.flags.follow?.ids.some(isUnknown)) task.sentTo = uuid;
  }

  /** Whether one of them was declined: then the task goes back to the queue without a word, if it is taken up. */
  wasDeclined(task: TaskId): boolean {
    return this.#byTask.get(task)?.some(({ outcome }) => outcome?.kind === "declined") ?? false;
  }
}
