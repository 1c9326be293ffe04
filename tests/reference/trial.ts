/**
 * One history, told to the core and to the reference at once, and made shorter where they disagree.
 *
 * The core's own invariants are checked after each step too. Any list of events is a history: what does not fit is
 * ignored by both alike, so events can be left out at will.
 * @module
 */
import type { SchedulerEvent, TasksSubmitted } from "../../scheduler/core/events.ts";
import { DEFAULT_OPTIONS, type SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";
import { Stage } from "../unit/core/given.ts";
import { Disagreement } from "./disagreement.ts";
import { NaiveScheduler } from "./naive_scheduler.ts";

/** Core and reference, side by side. */
export class Trial {
  readonly stage: Stage;
  readonly reference: NaiveScheduler;

  constructor(options: Partial<SchedulerOptions>) {
    this.stage = new Stage(options);
    this.reference = new NaiveScheduler({ ...DEFAULT_OPTIONS, ...options });
  }

  /** Throws a `Disagreement`, or what is wrong within the core. */
  step(event: SchedulerEvent): void {
    const effects = this.stage.step(event);
    this.reference.observe(event, effects, this.stage.core.counts());
  }
}

/** The rule that a history breaks; `null`: none. */
export function ruleBrokenBy(options: Partial<SchedulerOptions>, events: readonly SchedulerEvent[]): string | null {
  const trial = new Trial(options);
  try {
    for (const event of events) trial.step(event);
    return null;
  } catch (error) {
    return ruleOf(error);
  }
}

/** What was broken, without the details. */
export function ruleOf(error: unknown): string {
  if (error instanceof Disagreement) return error.rule;
  return error instanceof Error ? error.name : String(error);
}

/** A shorter history that breaks the same rule: whatever can be left out is. */
export function shorten(
  options: Partial<SchedulerOptions>,
  events: readonly SchedulerEvent[],
  rule: string,
): readonly SchedulerEvent[] {
  const breaks = (some: readonly SchedulerEvent[]) => ruleBrokenBy(options, some) === rule;
  let left = events;
  for (let size = left.length >> 1; size >= 1; size = size === 1 ? 0 : size >> 1) {
    left = withoutParts(left, size, breaks);
  }
  return withoutParts(splitBatches(left, breaks), 1, breaks);
}

function withoutParts<Item>(items: readonly Item[], size: number, breaks: (some: readonly Item[]) => boolean) {
  let left = items;
  for (let end = left.length; end > 0; end -= size) {
    const some = [...left.slice(0, Math.max(0, end - size)), ...left.slice(end)];
    if (breaks(some)) left = some;
  }
  return left;
}

/** Leaves single tasks out of batches. */
function splitBatches(
  events: readonly SchedulerEvent[],
  breaks: (some: readonly SchedulerEvent[]) => boolean,
): readonly SchedulerEvent[] {
  let left = events;
  events.forEach((event, place) => {
    if (event.kind !== "tasks-submitted") return;
    const put = (some: TasksSubmitted) => left.map((other, i) => i === place ? some : other);
    const ages = event.agesMs ?? event.specs.map(() => 0);
    const rebuilt = (kept: readonly number[]): TasksSubmitted => ({
      ...event,
      specs: event.specs.filter((_, i) => kept.includes(i)),
      agesMs: ages.filter((_, i) => kept.includes(i)),
    });
    const kept = withoutParts(event.specs.map((_, i) => i), 1, (some) => breaks(put(rebuilt(some))));
    if (kept.length < event.specs.length) left = put(rebuilt(kept));
  });
  return left;
}
