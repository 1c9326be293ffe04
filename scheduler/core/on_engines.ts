/**
 * Events about engines: ready, ended, failed before they were ready, draining.
 *
 * An engine that ends with attempts in flight leaves them to its host to report, or to the next process there; only if
 * both take too long (`on_time.ts`), or the host is lost (`on_hosts.ts`), they are judged.
 * @module
 */
import { placeLost } from "./dependencies.ts";
import { EngineRecord, type EngineSlot, type HostRecord } from "./engine_record.ts";
import type { EngineBeganDraining, EngineEnded, EngineFailed, ReadyEngine } from "./events.ts";
import { doomTasksFor } from "./queueing.ts";
import type { SchedulerState } from "./state.ts";

/** A process is ready for tasks. Ignored where its host is not known or its id belongs to another. */
export function engineReady(s: SchedulerState, ready: ReadyEngine): void {
  const host = s.registry.hosts.get(ready.host);
  if (host === undefined) return;
  const known = s.registry.slots.get(ready.id);
  if (known !== undefined && known.host !== host) return refuseEngine(s, ready, known);
  const slot = known ?? s.registry.claim(host, ready.id);
  if (slot.current?.uuid === ready.uuid) return;
  if (slot.current !== null) endEngine(s, slot, slot.current, "another process came up under its id", false, true);
  openEngine(s, slot, host, ready);
}

/** A process ended. Ignored unless it is the one that is known under this id. */
export function engineEnded(s: SchedulerState, event: EngineEnded): void {
  const slot = s.registry.slots.get(event.engine);
  if (slot === undefined) return;
  const { current } = slot;
  const isCurrent = current !== null && current.uuid === event.uuid;
  if (isCurrent) endEngine(s, slot, current, event.reason, event.requested, event.returns);
  if (!event.returns && (isCurrent || current === null)) giveUpSlot(s, slot);
}

/** A process ended before it was ready. */
export function engineFailed(s: SchedulerState, event: EngineFailed): void {
  const { engine, host, reason, givenUp } = event;
  const slot = s.registry.slots.get(engine);
  if (slot === undefined || slot.host.id !== host) return;
  s.out.fact({ kind: "engine-failed", at: s.now, engine, host, reason, givenUp });
  if (givenUp && slot.current === null) giveUpSlot(s, slot);
}

/** An engine takes no more. */
export function engineDraining(s: SchedulerState, event: EngineBeganDraining): void {
  const engine = s.registry.current(event.engine);
  if (engine === null || engine.draining) return;
  engine.draining = true;
  s.out.fact({ kind: "engine-draining", at: s.now, engine: engine.id });
  s.placement.engineChanged(engine);
  s.placement.enginesChanged();
}

/** Marks a process as gone. Its attempts stay in flight until they are reported or judged. */
export function endEngine(
  s: SchedulerState,
  slot: EngineSlot,
  engine: EngineRecord,
  reason: string,
  requested: boolean,
  returns: boolean,
): void {
  engine.alive = false;
  slot.current = null;
  s.placement.engineChanged(engine);
  s.placement.enginesChanged();
  s.out.fact({ kind: "engine-left", at: s.now, engine: engine.id, reason, requested, returns });
  s.out.enginesChanged();
  placeLost(s, engine);
  if (engine.load === 0) return;
  slot.previous = engine;
  engine.overdue = s.timers.set(s.now + s.options.reportGraceMs, { kind: "overdue-reports", engine });
}

/** No process will come (back) under this id. */
export function giveUpSlot(s: SchedulerState, slot: EngineSlot): void {
  s.registry.giveUp(slot);
  doomTasksFor(s, slot.id);
}

function openEngine(s: SchedulerState, slot: EngineSlot, host: HostRecord, ready: ReadyEngine): void {
  const engine = new EngineRecord(s.registry.nextSerial++, ready, host, s.options.hwm);
  slot.current = engine;
  engine.heardAt = s.now;
  if (slot.previous !== null) inherit(s, engine, slot.previous);
  slot.previous = null;
  const { id, uuid, pid, slots } = engine;
  s.out.fact({ kind: "engine-joined", at: s.now, engine: id, uuid, host: host.id, pid, slots });
  s.out.enginesChanged();
  s.placement.enginesChanged();
  s.placement.engineChanged(engine);
}

/** What crossed with the end of the process before was kept by the host, which runs it in this one. */
function inherit(s: SchedulerState, heir: EngineRecord, previous: EngineRecord): void {
  for (const attempt of previous.inFlight) {
    previous.remove(attempt);
    attempt.engine = heir;
    if (attempt.slot === "lent") attempt.slot = "retaken";
    heir.add(attempt);
  }
  if (previous.overdue !== null) s.timers.clear(previous.overdue);
  previous.overdue = null;
}

function refuseEngine(s: SchedulerState, { id, host }: ReadyEngine, slot: EngineSlot): void {
  const reason = `Cannot take engine ${id} of host "${host}": host "${slot.host.id}" has an engine of this id; ` +
    `let it join without ids of its own`;
  s.out.fact({ kind: "engine-failed", at: s.now, engine: id, host, reason, givenUp: true });
}
