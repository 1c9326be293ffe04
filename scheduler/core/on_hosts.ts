/**
 * Events about hosts: joined, lost, out of reach and back, in need of engine ids; and the grace of a new life.
 *
 * A host that was lost stays lost: when it comes back it is another incarnation and what it holds of this life is void.
 * @module
 */
import type { EngineId } from "../../protocol/ids.ts";
import { takeHeld } from "./adoption.ts";
import { findPlaces } from "./dependencies.ts";
import { type EngineSlot, HostRecord } from "./engine_record.ts";
import type { EnginesRequested, HostJoined, HostLost, HostReachable, HostUnreachable, StoodStill } from "./events.ts";
import { endClientsOf } from "./on_clients.ts";
import { condemnAttempts } from "./on_attempts.ts";
import { endEngine, engineReady, giveUpSlot } from "./on_engines.ts";
import { doomIfTargetsGone } from "./queueing.ts";
import type { NameRequest, SchedulerState } from "./state.ts";

/** A host introduced itself. */
export function hostJoined(s: SchedulerState, event: HostJoined): void {
  const known = s.registry.hosts.get(event.host);
  if (known?.incarnation === event.incarnation) return welcomeAgain(s, known);
  if (known !== undefined) loseHost(s, known, "it came back as another life");
  const reason = conflictOf(s, event);
  if (reason !== null) {
    return s.out.effect({ kind: "host-refused", host: event.host, incarnation: event.incarnation, reason });
  }
  const host = openHost(s, event);
  for (const id of event.returning) expectEngine(s, host, id);
  for (const engine of event.engines) engineReady(s, engine);
  for (const held of event.held) takeHeld(s, host, held);
  if (s.grace !== null && s.grace.awaited.delete(host.id) && s.grace.awaited.size === 0) endGrace(s);
  nameOrWait(s, { host, count: event.newEngines, request: null });
}

/** A host is gone for good. */
export function hostLost(s: SchedulerState, { host: id, incarnation, reason }: HostLost): void {
  const host = s.registry.hosts.get(id);
  if (host === undefined || (incarnation !== null && incarnation !== host.incarnation)) return;
  loseHost(s, host, reason);
}

/** Nothing new goes to a host that can't be heard, and does again when it can. */
export function hostReachability(s: SchedulerState, { kind, host: id }: HostUnreachable | HostReachable): void {
  const host = s.registry.hosts.get(id);
  if (host === undefined) return;
  host.reachable = kind === "host-reachable";
  for (const { current } of host.slots.values()) if (current !== null) s.placement.engineChanged(current);
}

/** A host wants more engines. */
export function enginesRequested(s: SchedulerState, { host: id, count, request }: EnginesRequested): void {
  const host = s.registry.hosts.get(id);
  if (host === undefined) return s.out.effect({ kind: "engines-named", host: id, request, ids: [] });
  nameOrWait(s, { host, count, request });
}

/** Hosts have come back or have had their time: dispatch from now on, and name engines. */
export function endGrace(s: SchedulerState): void {
  const { grace } = s;
  if (grace === null) return;
  s.grace = null;
  s.timers.clear(grace.timer);
  for (const request of grace.requests) answer(s, request);
  doomIfTargetsGone(s);
  findPlaces(s, grace.followers);
}

/** Nobody could come back meanwhile. */
export function extendGrace(s: SchedulerState, { ms }: StoodStill): void {
  const { grace } = s;
  if (grace === null) return;
  s.timers.clear(grace.timer);
  grace.timer = s.timers.set(grace.timer.at + ms, { kind: "grace" });
}

function openHost(s: SchedulerState, { host: id, incarnation, hostname, pid, packageVersion }: HostJoined): HostRecord {
  const host = new HostRecord(id, incarnation);
  s.registry.hosts.set(id, host);
  s.out.fact({ kind: "host-joined", at: s.now, host: id, hostname, pid, packageVersion });
  return host;
}

/** The host has this id from an earlier life: its engine is on its way back, and not gone. */
function expectEngine(s: SchedulerState, host: HostRecord, id: EngineId): void {
  if (host.slots.has(id)) return;
  s.registry.claim(host, id);
  s.out.fact({ kind: "engine-expected", at: s.now, engine: id, host: host.id });
}

/** Its engines die with it, and nobody is left to say what they were running. */
function loseHost(s: SchedulerState, host: HostRecord, reason: string): void {
  s.registry.hosts.delete(host.id);
  s.out.fact({ kind: "host-lost", at: s.now, host: host.id, reason });
  const lost = `its host "${host.id}" was lost: ${reason}`;
  const slots = [...host.slots.values()];
  for (const slot of slots) if (slot.current !== null) endEngine(s, slot, slot.current, lost, false, false);
  for (const slot of slots) giveUpSlot(s, slot);
  for (const engine of enginesOwingReports(s, host)) condemnAttempts(s, engine, engine.begun, lost);
  endClientsOf(s, host.id);
}

/** Dead engines of the host with attempts in flight, those that came up first first. */
function enginesOwingReports(s: SchedulerState, host: HostRecord) {
  const engines = new Set([...s.dispatches].map(({ engine }) => engine).filter((engine) => engine.host === host));
  return [...engines].sort((a, b) => a.serial - b.serial);
}

/** Why this host can't join as it is; `null`: it can. */
function conflictOf(s: SchedulerState, { host, engines, returning }: HostJoined): string | null {
  for (const id of [...engines.map((engine) => engine.id), ...returning]) {
    const slot = s.registry.slots.get(id);
    if (slot === undefined) continue;
    return `Cannot take host "${host}" with engine ${id}: host "${slot.host.id}" has an engine of this id; ` +
      `end its engines and let it join with new ones`;
  }
  return null;
}

/** In the grace no id is given: a host that has it may be on its way back. */
function nameOrWait(s: SchedulerState, request: NameRequest): void {
  if (s.grace !== null && request.count > 0) s.grace.requests.push(request);
  else answer(s, request);
}

function answer(s: SchedulerState, { host, count, request }: NameRequest): void {
  const isHere = s.registry.hosts.get(host.id) === host;
  const ids = isHere ? s.registry.name(host, count) : [];
  for (const engine of ids) s.out.fact({ kind: "engine-expected", at: s.now, engine, host: host.id });
  if (request !== null) s.out.effect({ kind: "engines-named", host: host.id, request, ids });
  else if (isHere) s.out.effect({ kind: "host-welcomed", host: host.id, incarnation: host.incarnation, ids });
}

/** It did not hear the answer: the same again. */
function welcomeAgain(s: SchedulerState, host: HostRecord): void {
  if (s.grace?.requests.some((request) => request.host === host && request.request === null)) return;
  const awaited = [...host.slots.values()].filter((slot: EngineSlot) => slot.current === null);
  const ids = awaited.map(({ id }) => id).sort((a, b) => a - b);
  s.out.effect({ kind: "host-welcomed", host: host.id, incarnation: host.incarnation, ids });
}
