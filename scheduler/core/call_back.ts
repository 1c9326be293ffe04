/**
 * With `hwm` `auto`: what was sent ahead of its turn to an engine that takes longer than expected is called back when
 * another one is free and the queue has nothing for it.
 *
 * One timer for all engines, set only while there is both. What comes back goes to the queue for nothing, and from there
 * to the free engine; what has begun meanwhile ends where it is. Called by `scheduler.ts` and `on_time.ts`.
 * @module
 */
import { AHEAD_MS, type EngineRecord } from "./engine_record.ts";
import type { SchedulerState } from "./state.ts";

/** At the end of a step: sees to it that engines with something ahead are looked at. */
export function watchAhead(s: SchedulerState): void {
  const { pool } = s.placement;
  if (s.callBack !== null || s.grace !== null || !pool.hasNews || pool.laden.size === 0 || pool.size === 0) return;
  s.callBack = s.timers.set(s.now + AHEAD_MS, { kind: "call-back" });
}

/** It is time to look. */
export function callBackAhead(s: SchedulerState): void {
  s.callBack = null;
  const { pool } = s.placement;
  // When there are both again, the end of that step will see it.
  if (pool.laden.size === 0 || pool.size === 0) return;
  let [free, lookAgainAt] = [pool.size, Infinity];
  let hasAsked = false;
  for (const engine of mostAheadFirst(pool.laden)) {
    if (free === 0) break;
    if (!engine.isLate(s.now)) lookAgainAt = Math.min(lookAgainAt, engine.heardAt + AHEAD_MS);
    else if (askBack(s, engine)) {
      hasAsked = true;
      free--;
    }
  }
  if (lookAgainAt < Infinity) s.callBack = s.timers.set(lookAgainAt, { kind: "call-back" });
  // Nothing can be had until something changes: then there is no use in waking up for it.
  else if (!hasAsked) pool.hasNews = false;
}

function mostAheadFirst(laden: Iterable<EngineRecord>): readonly EngineRecord[] {
  return [...laden].sort((a, b) => b.recallable - a.recallable || a.serial - b.serial);
}

/** Asks for half of what can be had, the last first. Whether there was any. */
function askBack(s: SchedulerState, engine: EngineRecord): boolean {
  const { inFlight, slots, lent } = engine;
  const wanted = Math.ceil(engine.recallable / 2);
  let asked = 0;
  let ahead = inFlight.size - slots - lent;
  for (let attempt = inFlight.last; attempt !== null && ahead > 0 && asked < wanted; attempt = attempt.prev) {
    ahead--;
    const { task, calledBack } = attempt;
    if (task === null || calledBack) continue;
    if (!s.placement.pool.members.some((free) => s.placement.mayRunOn(task, free))) continue;
    attempt.calledBack = true;
    engine.calledBack++;
    asked++;
    s.out.callBack(engine.host.id, attempt.epoch, attempt.number);
  }
  if (asked > 0) s.placement.engineChanged(engine);
  return asked > 0;
}
