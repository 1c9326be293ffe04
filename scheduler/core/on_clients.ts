/**
 * Events about clients: attached, left. Their tasks go on either way; those of a client that lived in an engine end with
 * the engine, since nobody else waits for them.
 *
 * Whoever comes back is told again what it may have missed; hearing it twice does no harm. Called by `scheduler.ts`.
 * @module
 */
import type { HostId, Session } from "../../protocol/ids.ts";
import { abortTask } from "./abort.ts";
import { closeBatch } from "./batches.ts";
import type { ClientAttached, ClientEnded, ClientLeft, ClientPaceChanged } from "./events.ts";
import { retireIfDone, tell } from "./settlement.ts";
import type { SessionRecord } from "./session_record.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";
import { forgetWatcher } from "./watchers.ts";

/** A client is there: it is told what it may not have heard. */
export function clientAttached(
  s: SchedulerState,
  { session: id, firstUnsettled, engineHost = null }: ClientAttached,
): void {
  const session = attachSession(s, id);
  session.engineHost = engineHost;
  for (const record of session.tasks) {
    if (!(record instanceof FinishedRecord)) continue;
    s.retention.deliver(record, s.now);
    if (record.counter >= firstUnsettled) tell(s, record, record);
  }
}

/** Whoever speaks is there. */
export function attachSession(s: SchedulerState, id: Session): SessionRecord {
  const session = s.session(id);
  if (!session.attached) s.out.fact({ kind: "client-attached", at: s.now, session: id });
  session.attached = true;
  if (session.abandoned !== null) s.timers.clear(session.abandoned);
  session.abandoned = null;
  s.retired.delete(session);
  return session;
}

/** A client is gone. What becomes of its tasks is kept for it or another. */
export function clientLeft(s: SchedulerState, { session: id }: Pick<ClientLeft, "session">): void {
  const session = s.sessions.get(id);
  if (session === undefined || !session.attached) return;
  session.attached = false;
  clientPaceChanged(s, { session: id, behind: false });
  forgetWatcher(s, id);
  // Who comes back submits the rest of its batch. Who does not is waited for as long as results of an earlier life are.
  if (session.batchOpen) {
    session.abandoned = s.timers.set(s.now + s.options.adoptableMs, { kind: "abandoned-batch", session });
  }
  s.out.fact({ kind: "client-left", at: s.now, session: id });
  retireIfDone(s, session);
}

/** A client has fallen behind with its results, or caught up. What is assigned goes on. */
export function clientPaceChanged(
  s: SchedulerState,
  { session: id, behind }: Pick<ClientPaceChanged, "session" | "behind">,
): void {
  const session = s.sessions.get(id);
  if (session === undefined || session.behind === behind) return;
  session.behind = behind;
  s.placement.paceChanged(session);
}

/** The process that a client lived in is gone: nobody will ask for what it has not settled. */
export function clientEnded(s: SchedulerState, { session: id }: Pick<ClientEnded, "session">): void {
  const session = s.sessions.get(id);
  if (session === undefined) return;
  for (const task of [...session.tasks]) if (task instanceof TaskRecord && isLive(task)) abortTask(s, task);
  // Of what was to come nothing will.
  if (session.abandoned !== null) s.timers.clear(session.abandoned);
  session.abandoned = null;
  closeBatch(s, session);
  clientLeft(s, { session: id });
}

/** The host of these clients is lost, and they with it. */
export function endClientsOf(s: SchedulerState, host: HostId): void {
  for (const { id, engineHost } of [...s.sessions.values()]) if (engineHost === host) clientEnded(s, { session: id });
}

function isLive({ state }: TaskRecord): boolean {
  return state !== "settled";
}
