/**
 * The pure core's one way in and one way out: `step(event)` changes the state in place and returns what to do.
 *
 * Synchronous, without clock, chance, timer, log or network: the same events give the same effects. Nothing here
 * decides; each kind of event has its handler. Driven by `scheduler_actor.ts`, by simulations and by tests.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import { assignReady } from "./assignment.ts";
import { watchAhead } from "./call_back.ts";
import { tellDependents } from "./dependencies.ts";
import type { Effect } from "./effects.ts";
import type { SchedulerEvent } from "./events.ts";
import { explain, statusOf } from "./explain.ts";
import { tasksInherited } from "./inherit.ts";
import { attemptsEnded } from "./on_attempts.ts";
import { clientAttached, clientEnded, clientLeft, clientPaceChanged } from "./on_clients.ts";
import { engineDraining, engineEnded, engineFailed, engineReady } from "./on_engines.ts";
import { enginesRequested, extendGrace, hostJoined, hostLost, hostReachability } from "./on_hosts.ts";
import { slotsChanged } from "./on_slots.ts";
import { abortRequested, purgeRequested, tasksSubmitted } from "./on_tasks.ts";
import { askToBeWoken, fireDue } from "./on_time.ts";
import { expireLastChances } from "./queueing.ts";
import { queueStatus } from "./queue_status.ts";
import {
  type CustomScheme,
  DEFAULT_OPTIONS,
  type EngineView,
  type SchedulerCore,
  type SchedulerOptions,
} from "./scheduler_core.ts";
import { enforceRetention } from "./settlement.ts";
import { takeSnapshot } from "./snapshot.ts";
import { SchedulerState } from "./state.ts";
import { resultsWatched } from "./watchers.ts";

/**
 * A scheduler that has seen nothing yet. Options that are not given are those of `DEFAULT_OPTIONS`. `custom` is asked
 * where the scheme is `custom`; without it that throws `TypeError`.
 */
export function createScheduler(
  options: Partial<SchedulerOptions> = {},
  custom: CustomScheme | null = null,
): SchedulerCore {
  const resolved = { ...DEFAULT_OPTIONS, ...options };
  return coreOver(new SchedulerState(resolved, resolved.seed, custom));
}

/** The face of a state. */
export function coreOver(s: SchedulerState): SchedulerCore {
  return {
    step: (event) => step(s, event),
    engines: () => engineViews(s),
    counts: () => ({ ...s.counts, settled: s.retention.size }),
    explain: (id: TaskId) => explain(s, id),
    statusOf: (id: TaskId) => statusOf(s, id),
    queueStatus: (targets, verbose) => queueStatus(s, targets, verbose),
    story: (id: TaskId) => s.story.of(id),
    snapshot: () => takeSnapshot(s),
  };
}

/** One event. What time has brought comes first, then the event, then what can be assigned is. */
function step(s: SchedulerState, event: SchedulerEvent): readonly Effect[] {
  s.now = Math.max(s.now, event.at);
  if (!s.began) begin(s);
  if (event.kind === "woke" || s.now >= s.wakeAt) s.wakeAt = Infinity;
  fireDue(s);
  handle(s, event);
  do {
    tellDependents(s);
    assignReady(s);
    expireLastChances(s);
    // What failed at its last chance may be what others were waiting for.
  } while (s.settledNow.length > 0);
  watchAhead(s);
  enforceRetention(s);
  askToBeWoken(s);
  return s.out.take();
}

function begin(s: SchedulerState): void {
  const { epoch, graceMs, knownHosts } = s.options;
  s.began = true;
  s.out.fact({ kind: "epoch-began", at: s.now, epoch });
  if (graceMs <= 0) return;
  const timer = s.timers.set(s.now + graceMs, { kind: "grace" });
  s.grace = { awaited: new Set(knownHosts), requests: [], followers: [], timer };
}

function handle(s: SchedulerState, event: SchedulerEvent): void {
  switch (event.kind) {
    case "tasks-submitted":
      return tasksSubmitted(s, event);
    case "tasks-inherited":
      return tasksInherited(s, event);
    case "attempts-ended":
      return attemptsEnded(s, event);
    case "abort-requested":
      return abortRequested(s, event);
    case "purge-requested":
      return purgeRequested(s, event);
    case "results-watched":
      return resultsWatched(s, event);
    case "host-joined":
      return hostJoined(s, event);
    case "host-lost":
      return hostLost(s, event);
    case "host-unreachable":
    case "host-reachable":
      return hostReachability(s, event);
    case "engines-requested":
      return enginesRequested(s, event);
    case "engine-ready":
      return engineReady(s, event.engine);
    case "engine-ended":
      return engineEnded(s, event);
    case "engine-failed":
      return engineFailed(s, event);
    case "engine-draining":
      return engineDraining(s, event);
    case "client-attached":
      return clientAttached(s, event);
    case "client-left":
      return clientLeft(s, event);
    case "client-pace-changed":
      return clientPaceChanged(s, event);
    case "client-ended":
      return clientEnded(s, event);
    case "slots-changed":
      return slotsChanged(s, event);
    case "stood-still":
      return extendGrace(s, event);
    case "scheduler-began":
    case "woke":
      return;
  }
}

function engineViews(s: SchedulerState): readonly EngineView[] {
  const views = [...s.registry.alive()].map(({ id, uuid, host, pid, slots, load, draining }) => (
    { id, uuid, host: host.id, pid, slots, load, draining }
  ));
  return views.sort((a, b) => a.id - b.id);
}
