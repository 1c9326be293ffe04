/**
 * What happens because time passed: deadlines, ends of pauses, overdue reports, unclaimed attempts, call-backs, the
 * grace.
 *
 * Runs at the start of every step, whatever the event, so that a late `woke` changes nothing.
 * @module
 */
import { dropOrphan } from "./adoption.ts";
import { closeBatch } from "./batches.ts";
import { callBackAhead } from "./call_back.ts";
import { tellDependents } from "./dependencies.ts";
import { move } from "./moves.ts";
import { condemnAttempts } from "./on_attempts.ts";
import { endGrace } from "./on_hosts.ts";
import { enqueue, expire } from "./queueing.ts";
import type { SchedulerState } from "./state.ts";
import type { EngineRecord } from "./engine_record.ts";
import type { TaskRecord } from "./task_record.ts";
import type { Timer } from "./timers.ts";

/** Does all that is due. */
export function fireDue(s: SchedulerState): void {
  for (let timer = s.timers.takeDue(s.now); timer !== null; timer = s.timers.takeDue(s.now)) {
    fire(s, timer);
    // What was due first has its consequences first.
    tellDependents(s);
  }
}

/** Asks to be woken, unless that is asked for already. */
export function askToBeWoken(s: SchedulerState): void {
  const at = Math.min(s.timers.nextAt, s.retention.nextAt);
  if (at >= s.wakeAt) return;
  s.wakeAt = at;
  s.out.effect({ kind: "wake", at });
}

function fire(s: SchedulerState, { purpose }: Timer): void {
  switch (purpose.kind) {
    case "deadline":
      purpose.task.deadline = null;
      return expire(s, purpose.task);
    case "pause":
      return unpause(s, purpose.task);
    case "overdue-reports":
      return judgeOverdue(s, purpose.engine);
    case "unclaimed":
      purpose.orphan.timer = null;
      return dropOrphan(s, purpose.orphan);
    case "call-back":
      return callBackAhead(s);
    case "abandoned-batch":
      purpose.session.abandoned = null;
      return closeBatch(s, purpose.session);
    case "grace":
      return endGrace(s);
  }
}

function unpause(s: SchedulerState, task: TaskRecord): void {
  task.pause = null;
  if (task.deadline !== null) s.timers.clear(task.deadline);
  task.deadline = null;
  move(s, task, "unblock");
  enqueue(s, task, "applies");
}

/**
 * Its host lives and does not say that they ran: they go back for nothing, and are stopped where the host has them still.
 */
function judgeOverdue(s: SchedulerState, engine: EngineRecord): void {
  engine.overdue = null;
  for (const { epoch, number } of engine.inFlight) s.out.abort(engine.host.id, epoch, number);
  condemnAttempts(s, engine, 0, "its host did not say what became of it");
}
