/**
 * Events about slots: attempts lend theirs while they wait for tasks of their own, and take them back.
 *
 * An engine has one place more for each slot that is lent. When it is taken back, what came in its place stays: the
 * engine takes nothing new until it is below its limit again. Called by `scheduler.ts`.
 * @module
 */
import type { EngineRecord } from "./engine_record.ts";
import type { SlotsChanged } from "./events.ts";
import type { SchedulerState } from "./state.ts";

/** Writes down how many of an engine's slots are lent now. */
export function tellLent(s: SchedulerState, { id, lent }: EngineRecord): void {
  if (s.options.facts) s.out.fact({ kind: "slots-lent", at: s.now, engine: id, lent });
}

/** A host says whose slots are lent and whose are not any more. What is said of others than its attempts is ignored. */
export function slotsChanged(s: SchedulerState, { host, epoch, lent, retaken }: SlotsChanged): void {
  const changed = new Set<EngineRecord>();
  for (const [numbers, slot] of [[lent, "lent"], [retaken, "retaken"]] as const) {
    for (const number of numbers) {
      const attempt = s.dispatches.get(epoch, number);
      if (attempt === null || attempt.engine.host.id !== host) continue;
      attempt.engine.setSlot(attempt, slot);
      changed.add(attempt.engine);
    }
  }
  for (const engine of changed) {
    s.placement.engineChanged(engine);
    tellLent(s, engine);
  }
}
