/**
 * Waiting with a progress bar: draws how far it is again and again, until it happens or the time is over.
 *
 * Called by `AsyncResult.waitInteractive` and `Client.waitForEngines`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import type { Job } from "./job.ts";
import { type BarState, ProgressBar, type ProgressOutput } from "./progress_bar.ts";
import { standardError } from "./standard_error.ts";
import { happensInTime, type Subscribe, WAIT_OPTIONS, type WaitOptions } from "./waiting.ts";

/** What waiting with a progress bar takes. */
export interface InteractiveOptions extends WaitOptions {
  /** ms from one drawing to the next; default 100, and 1,000 where there is no terminal. */
  readonly interval?: number;
  /** Where it is drawn; default: standard error. */
  readonly output?: ProgressOutput;
}

/** Their names. */
export const INTERACTIVE_OPTIONS: readonly string[] = [...WAIT_OPTIONS, "interval", "output"];

const TERMINAL_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 1_000;

/** Whether it happened in time. Rejects with the signal's reason, `TypeError` or `RangeError` for bad options. */
export async function waitWithBar(
  subscribe: Subscribe,
  state: (elapsedMs: number) => BarState,
  options: InteractiveOptions,
  clock: Clock,
): Promise<boolean> {
  const { interval, timeout = Infinity, output = standardError(), ...rest } = options;
  const intervalMs = checkInterval(interval) ?? (output.isTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS);
  const bar = new ProgressBar(output);
  const began = clock.now();
  const elapsed = () => clock.now() - began;
  try {
    for (;;) {
      const left = typeof timeout === "number" && timeout >= 0 ? Math.max(0, timeout - elapsed()) : timeout;
      const happened = await happensInTime(subscribe, { ...rest, timeout: Math.min(left, intervalMs) }, clock);
      if (happened) return true;
      if (elapsed() >= timeout) return false;
      bar.update(state(elapsed()));
    }
  } finally {
    bar.finish(state(elapsed()));
  }
}

/** How far a job is, as a bar shows it. */
export function jobBarState(job: Job, elapsedMs: number): BarState {
  const { items } = job.plan;
  let partly = 0;
  let note = "";
  for (const [task, { progress }] of job.shownTasks()) {
    if (progress === null || job.isSettled(task)) continue;
    partly += progress.fraction * job.pendingItems(task).length;
    if (progress.text !== null) note = progress.text;
  }
  const fraction = items === 0 ? 1 : Math.min(1, (job.progress + partly) / items);
  // All that is in part may add up to a whole: done is what is settled.
  const shown = job.finished ? 1 : Math.min(fraction, 0.999);
  const what = items === 1 ? "task" : "tasks";
  return { done: job.progress, total: items, fraction: shown, failed: job.failures, elapsedMs, what, note };
}

/** How many engines are there of those that are waited for. */
export function enginesBarState(there: number, wanted: number, elapsedMs: number): BarState {
  const fraction = wanted === 0 ? 1 : Math.min(1, there / wanted);
  return { done: there, total: wanted, fraction, failed: 0, elapsedMs, what: "engines", note: "" };
}

function checkInterval(interval: number | undefined): number | undefined {
  if (interval === undefined) return undefined;
  if (typeof interval !== "number") {
    throw new TypeError(`Cannot draw every ${String(interval)}: interval is a number of ms.`);
  }
  if (interval > 0 && interval < Infinity) return interval;
  throw new RangeError(`Cannot draw every ${interval} ms: interval is a number of ms above 0.`);
}
