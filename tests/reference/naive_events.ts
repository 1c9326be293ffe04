/**
 * What each event makes of the reference's world.
 *
 * Ids that engines are given are taken from the answers of the core: naming is not what is compared here. Attempts of
 * earlier lives are none of its business either: histories have none. Called by `naive_scheduler.ts`.
 * @module
 */
import type { EngineId, HostId } from "../../protocol/ids.ts";
import type {
  AbortRequested,
  AttemptsEnded,
  ClientAttached,
  EngineEnded,
  EngineFailed,
  HostJoined,
  PurgeRequested,
  ReadyEngine,
  SchedulerEvent,
} from "../../scheduler/core/events.ts";
import { condemn, flightEnded } from "./naive_attempts.ts";
import { conclude, settle, tell } from "./naive_outcomes.ts";
import type { Life } from "./naive_records.ts";
import { endBatch, submitted } from "./naive_submission.ts";
import { endGrace } from "./naive_time.ts";
import type { NaiveWorld } from "./naive_world.ts";
import { READINGS } from "./readings.ts";

/** It happened. */
export function happen(w: NaiveWorld, event: SchedulerEvent): void {
  switch (event.kind) {
    case "tasks-submitted":
      return submitted(w, event);
    case "attempts-ended":
      return attemptsEnded(w, event);
    case "abort-requested":
      return abortRequested(w, event);
    case "purge-requested":
      return purgeRequested(w, event);
    case "host-joined":
      return hostJoined(w, event);
    case "host-lost": {
      const host = w.hosts.get(event.host);
      if (host === undefined || (event.incarnation ?? host.incarnation) !== host.incarnation) return;
      return loseHost(w, event.host);
    }
    case "host-unreachable":
    case "host-reachable": {
      const host = w.hosts.get(event.host);
      if (host !== undefined) host.isReachable = event.kind === "host-reachable";
      return;
    }
    case "engine-ready":
      return engineReady(w, event.engine);
    case "engine-ended":
      return engineEnded(w, event);
    case "engine-failed":
      return engineFailed(w, event);
    case "engine-draining": {
      const life = w.current(event.engine);
      if (life !== null) life.isDraining = true;
      return;
    }
    case "client-attached":
      return clientAttached(w, event);
    case "client-left": {
      const client = w.clients.get(event.session);
      if (client === undefined || !client.isAttached) return;
      client.isAttached = false;
      if (client.isMidBatch && READINGS.leavingEndsBatch) endBatch(w, client);
      client.waitedForUntil = w.now + w.options.adoptableMs;
      return;
    }
    case "scheduler-began":
    case "engines-requested":
    case "woke":
      return;
  }
}

/** Ids were given to a host. */
export function engineIdsGiven(w: NaiveWorld, host: HostId, ids: readonly EngineId[]): void {
  for (const id of ids) {
    w.owners.set(id, host);
    w.nextEngine = Math.max(w.nextEngine, id + 1);
  }
}

function attemptsEnded(w: NaiveWorld, { host, epoch, results }: AttemptsEnded): void {
  if (epoch !== w.options.epoch) return;
  for (const { number, outcome } of results) {
    for (const life of w.lives) {
      const flight = life.inHand.find((one) => one.number === number);
      if (flight !== undefined && life.host === host) flightEnded(w, life, flight, outcome);
    }
  }
}

function abortRequested(w: NaiveWorld, { ids }: AbortRequested): void {
  for (const id of ids) {
    const task = w.tasks.get(id);
    if (task === undefined || task.state === "settled") continue;
    for (const life of w.lives) {
      for (const flight of life.inHand) {
        if (flight.task !== task) continue;
        // It runs on until its engine says that it ended, and takes its place there.
        flight.task = null;
        task.ranOn = life;
      }
    }
    settle(w, task, "TaskAborted");
    if (!READINGS.abortsComeBeforeCascades) conclude(w);
  }
}

function purgeRequested(w: NaiveWorld, { ids }: PurgeRequested): void {
  w.purged = w.kept.filter(({ id }) => ids === null || ids.includes(id));
}

function hostJoined(w: NaiveWorld, { host, incarnation, engines, returning }: HostJoined): void {
  const known = w.hosts.get(host);
  if (known?.incarnation === incarnation) return;
  if (known !== undefined) loseHost(w, host);
  if ([...engines.map(({ id }) => id), ...returning].some((id) => w.owners.has(id))) return;
  w.hosts.set(host, { incarnation, isReachable: true });
  engineIdsGiven(w, host, returning);
  for (const engine of engines) engineReady(w, engine);
  const { knownHosts } = w.options;
  if (w.isGrace && knownHosts.includes(host) && knownHosts.every((one) => w.hosts.has(one))) endGrace(w);
}

function loseHost(w: NaiveWorld, host: HostId): void {
  w.hosts.delete(host);
  const lives = w.lives.filter((life) => life.host === host);
  for (const life of lives) life.isAlive = false;
  for (const [id, owner] of w.owners) if (owner === host) giveUp(w, id);
  for (const life of lives) condemn(w, life, life.slots);
  // Its engines are gone, even if it comes back with them in the same breath.
  conclude(w);
}

/** No process will come (back) under this id. */
function giveUp(w: NaiveWorld, id: EngineId): void {
  w.owners.delete(id);
  for (const life of w.lives) if (life.id === id) life.isAbandoned = true;
}

function engineReady(w: NaiveWorld, { id, uuid, host, slots }: ReadyEngine): void {
  const owner = w.owners.get(id);
  if (!w.hosts.has(host) || (owner !== undefined && owner !== host)) return;
  const current = w.current(id);
  if (current?.uuid === uuid) return;
  if (id >= w.nextEngine) throw new Error(`No history: nobody gave engine ${id} its id`);
  if (current !== null) end(w, current);
  engineIdsGiven(w, host, [id]);
  const life: Life = {
    id,
    uuid,
    host,
    slots: Math.max(1, slots),
    appeared: w.lives.length,
    isAlive: true,
    isDraining: false,
    usedAt: 0,
    inHand: [],
    overdueAt: Infinity,
    isAbandoned: false,
  };
  // What reached the host between two processes of an engine is kept for the second.
  for (const earlier of w.lives) {
    if (earlier.id !== id || earlier.isAbandoned) continue;
    life.inHand.push(...earlier.inHand);
    earlier.inHand = [];
    earlier.overdueAt = Infinity;
  }
  w.lives.push(life);
}

function engineEnded(w: NaiveWorld, { engine, uuid, returns }: EngineEnded): void {
  if (!w.owners.has(engine)) return;
  const current = w.current(engine);
  if (current?.uuid === uuid) end(w, current);
  if (!returns && w.current(engine) === null) giveUp(w, engine);
}

function end(w: NaiveWorld, life: Life): void {
  life.isAlive = false;
  if (life.inHand.length > 0) life.overdueAt = w.now + w.options.reportGraceMs;
}

function engineFailed(w: NaiveWorld, { engine, host, givenUp }: EngineFailed): void {
  if (givenUp && w.owners.get(engine) === host && w.current(engine) === null) giveUp(w, engine);
}

function clientAttached(w: NaiveWorld, { session, firstUnsettled }: ClientAttached): void {
  const client = w.client(session);
  client.isAttached = true;
  for (const task of w.kept) {
    if (task.client !== client) continue;
    if (!task.isTold) task.keptSince = w.now;
    task.isTold = true;
    if (task.counter >= firstUnsettled) tell(w, task);
  }
}
