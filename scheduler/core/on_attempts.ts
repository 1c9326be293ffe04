/**
 * Events about attempts: they ended, or they are lost with their engine.
 *
 * What is said of a dispatch that is not current changes nothing but is acknowledged, so that the host may drop it.
 * @module
 */
import { inheritedOutcome, orphanEnded } from "./adoption.ts";
import { detach } from "./assignment.ts";
import { decide } from "./attempt_end.ts";
import type { EngineRecord } from "./engine_record.ts";
import type { AttemptsEnded, EndedAttempt } from "./events.ts";
import type { SchedulerState } from "./state.ts";
import type { Attempt, TaskRecord } from "./task_record.ts";

/** A host reports attempts that ended. */
export function attemptsEnded(s: SchedulerState, { host, epoch, results }: AttemptsEnded): void {
  // Of a later life than this one: not ours to judge.
  if (epoch > s.options.epoch) return;
  for (const ended of results) {
    const attempt = s.dispatches.get(epoch, ended.number);
    const isCurrent = attempt !== null && attempt.engine.host.id === host;
    // The result of an unclaimed attempt stays with its host until somebody wants it.
    if (!isCurrent || attempt.orphan === null) s.out.release(host, epoch, ended.number);
    if (isCurrent) attemptEnded(s, attempt, ended);
  }
}

function attemptEnded(s: SchedulerState, attempt: Attempt, ended: EndedAttempt): void {
  const { task, orphan, engine } = attempt;
  detach(s, attempt);
  if (orphan !== null) orphanEnded(s, orphan, ended, engine.uuid);
  if (task === null) return;
  learn(s, task, ended);
  const outcome = attempt.epoch === s.options.epoch ? ended.outcome : inheritedOutcome(ended);
  decide(s, task, engine, outcome, ended.report);
}

/** What ran says how long the next of its function will; what declined an engine did not get to its work. */
function learn(s: SchedulerState, task: TaskRecord, { outcome, report }: EndedAttempt): void {
  if (s.options.hwm !== "auto" || report === null || outcome.kind === "declined") return;
  s.estimates.observe(task.spec.template.code, report.runMs);
}

/**
 * Nobody will report what a dead engine had in flight any more: the first `running` of them count as running and have
 * failed, the others go back for nothing.
 */
export function condemnAttempts(s: SchedulerState, engine: EngineRecord, running: number, reason: string): void {
  let index = 0;
  for (const attempt of [...engine.inFlight]) {
    const outcome = index++ < running
      ? { kind: "engine-died", message: reason } as const
      : { kind: "returned" } as const;
    const { task, orphan } = attempt;
    detach(s, attempt);
    if (orphan !== null) forgetOrphan(s, attempt);
    if (task !== null) decide(s, task, engine, outcome, null);
  }
}

/** The task of a lost orphan starts from the beginning when its client comes back. */
function forgetOrphan(s: SchedulerState, { orphan }: Attempt): void {
  if (orphan === null) return;
  s.orphans.delete(orphan.id);
  if (orphan.timer !== null) s.timers.clear(orphan.timer);
}
