/**
 * The scheduler's runs that this host has in hand: queued, running, or ended and not released yet.
 *
 * What a new controller is told, so that nothing runs twice and no result is lost. Owned by the host's actor.
 * @module
 */
import type { DispatchNumber, EngineUuid, Epoch } from "../protocol/ids.ts";
import type { HeldMessage } from "../protocol/messages.ts";
import type { AttemptReport } from "../protocol/outcome.ts";
import { endedToMessage } from "../wire/messages.ts";
import type { EngineRun } from "./engine_run.ts";
import type { RunEnd } from "./run_end.ts";

interface HeldRun {
  readonly run: EngineRun;
  end: RunEnd | null;
  /** The process it ended on. */
  uuid: EngineUuid | null;
}

export class HeldRuns {
  readonly #byEpoch = new Map<Epoch, Map<DispatchNumber, HeldRun>>();

  /** `false` where it is held already: the same dispatch came twice. */
  add(epoch: Epoch, number: DispatchNumber, run: EngineRun): boolean {
    let held = this.#byEpoch.get(epoch);
    if (held === undefined) this.#byEpoch.set(epoch, held = new Map());
    if (held.has(number)) return false;
    held.set(number, { run, end: null, uuid: null });
    return true;
  }

  /** The run, ended or not. */
  get(epoch: Epoch, number: DispatchNumber): EngineRun | null {
    return this.#byEpoch.get(epoch)?.get(number)?.run ?? null;
  }

  /** Keeps the end of a run until it is released. `uuid`: the process it ended on. */
  ended(epoch: Epoch, number: DispatchNumber, end: RunEnd, uuid: EngineUuid | null): void {
    const held = this.#byEpoch.get(epoch)?.get(number);
    if (held === undefined) return;
    held.end = end;
    held.uuid = uuid;
  }

  /** Forgets runs that have ended: their results arrived. Those that still run are kept. */
  release(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    const runs = this.#byEpoch.get(epoch);
    if (runs === undefined) return;
    for (const number of numbers) if (runs.get(number)?.end !== null) runs.delete(number);
    if (runs.size === 0) this.#byEpoch.delete(epoch);
  }

  /** All of them, to introduce this host to a controller. */
  messages(nowMs: number): HeldMessage[] {
    const messages: HeldMessage[] = [];
    for (const [epoch, runs] of this.#byEpoch) {
      for (const [number, held] of runs) messages.push(heldMessage(epoch, number, held, nowMs));
    }
    return messages;
  }
}

function heldMessage(
  epoch: Epoch,
  number: DispatchNumber,
  { run, end, uuid }: HeldRun,
  nowMs: number,
): HeldMessage {
  const { task, attempt, engine } = run;
  if (end === null && run.lent) return [task, epoch, number, attempt, engine, "running", null, null, true];
  if (end === null) return [task, epoch, number, attempt, engine, run.state === "running" ? "running" : "queued"];
  const ended = endedToMessage(number, end.outcome, reportOf(end, nowMs));
  return [task, epoch, number, attempt, engine, "ended", ended, uuid];
}

/** What is known of a run besides its outcome, as of now. */
export function reportOf({ runMs, endedAtMs, stdout, stderr, data }: RunEnd, nowMs: number): AttemptReport {
  const report = { runMs, ageMs: Math.max(0, nowMs - endedAtMs), stdout, stderr };
  return data === undefined ? report : { ...report, data };
}
