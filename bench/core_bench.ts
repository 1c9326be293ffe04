/**
 * How fast the pure core is: lives (submit, dispatch, result) a second, in one thread, with nothing around it.
 *
 * Exports `benchCore` for `bench/main.ts`; run alone it prints its figures as JSON. Events come in batches, as from
 * clients and hosts that batch by turn of the event loop.
 * @module
 */
import type {
  ContentHash,
  DispatchNumber,
  EngineId,
  EngineUuid,
  Epoch,
  HostId,
  Incarnation,
  Session,
  TaskId,
} from "../protocol/ids.ts";
import { DEFAULT_FLAGS, type TaskSpec } from "../protocol/task_spec.ts";
import type { Effect } from "../scheduler/core/effects.ts";
import type { EndedAttempt } from "../scheduler/core/events.ts";
import { createScheduler } from "../scheduler/core/scheduler.ts";
import type { SchedulerCore } from "../scheduler/core/scheduler_core.ts";

const SESSION = "benchbench" as Session;
const EPOCH = 1 as Epoch;
const ENGINES_PER_HOST = 16;
const SUBMITTED_AT_ONCE = 1_000;
const VALUE = new Uint8Array(16);
const REPORT = { runMs: 0, ageMs: 0, stdout: "", stderr: "" };
const TEMPLATE = { code: "0" as ContentHash, name: "noop", flags: DEFAULT_FLAGS, captures: null };

/** What `benchCore` measures. */
export interface CoreFigures {
  readonly livesPerSecond4Engines: number;
  readonly livesPerSecond4EnginesWithoutFacts: number;
  readonly livesPerSecond10000Engines: number;
  /** 4 engines, a million tasks in the queue all the while. */
  readonly livesPerSecondMillionQueued: number;
  /** Heap bytes of the core for each queued task, without its spec and arguments. */
  readonly bytesPerQueuedTask: number;
}

function joinEngines(core: SchedulerCore, count: number): void {
  for (let first = 0; first < count; first += ENGINES_PER_HOST) {
    const host = `host${first}` as HostId;
    const engines = Array.from({ length: Math.min(ENGINES_PER_HOST, count - first) }, (_, i) => (
      { id: first + i as EngineId, uuid: `u${first + i}` as EngineUuid, host, pid: 1, slots: 1 }
    ));
    const hello = { host, incarnation: "one" as Incarnation, hostname: "bench", pid: 1, packageVersion: "0" };
    core.step({ kind: "host-joined", at: 0, ...hello, newEngines: 0, engines, returning: [], held: [] });
  }
}

function specs(from: number, count: number): TaskSpec[] {
  return Array.from({ length: count }, (_, i) => (
    { id: `${SESSION}-${from + i}` as TaskId, template: TEMPLATE, args: VALUE }
  ));
}

/** Sorts the dispatches of some effects by host, as the results that will come. */
function collect(effects: readonly Effect[], running: Map<HostId, EndedAttempt[]>): void {
  for (const effect of effects) {
    if (effect.kind !== "dispatch") continue;
    const ended = { number: effect.number as DispatchNumber, outcome: { kind: "done", value: VALUE }, report: REPORT };
    const ofHost = running.get(effect.host);
    if (ofHost === undefined) running.set(effect.host, [ended as EndedAttempt]);
    else ofHost.push(ended as EndedAttempt);
  }
}

/** Keeps `queued` tasks in the core and lets `lives` more pass through it. */
function livesPerSecond(engines: number, queued: number, lives: number, facts: boolean): number {
  const core = createScheduler({ facts });
  joinEngines(core, engines);
  let running = new Map<HostId, EndedAttempt[]>();
  let submitted = 0;
  const submit = (at: number, count: number) => {
    for (let left = count; left > 0; left -= SUBMITTED_AT_ONCE) {
      const batch = specs(submitted, Math.min(left, SUBMITTED_AT_ONCE));
      submitted += batch.length;
      collect(
        core.step({
          kind: "tasks-submitted",
          at,
          session: SESSION,
          specs: batch,
          agesMs: null,
          more: false,
          known: [],
        }),
        running,
      );
    }
  };
  submit(0, queued + engines);
  const run = (count: number, startAt: number) => {
    let ended = 0;
    for (let at = startAt; ended < count; at++) {
      const now = running;
      running = new Map();
      for (const [host, results] of now) {
        ended += results.length;
        collect(core.step({ kind: "attempts-ended", at, host, epoch: EPOCH, results }), running);
      }
      const missing = queued + engines - core.counts().ready - core.counts().assigned;
      if (missing >= Math.min(SUBMITTED_AT_ONCE, engines)) submit(at, missing);
    }
    return ended;
  };
  run(lives / 4, 1);
  const start = performance.now();
  const ended = run(lives, lives);
  return Math.round(ended / ((performance.now() - start) / 1_000));
}

function bytesPerQueuedTask(): number {
  const count = 200_000;
  const core = createScheduler({ facts: false });
  const batches = Array.from({ length: count / SUBMITTED_AT_ONCE }, (_, i) => (
    specs(i * SUBMITTED_AT_ONCE, SUBMITTED_AT_ONCE)
  ));
  const before = Deno.memoryUsage().heapUsed;
  for (const batch of batches) {
    core.step({ kind: "tasks-submitted", at: 0, session: SESSION, specs: batch, agesMs: null, more: false, known: [] });
  }
  return Math.max(0, Math.round((Deno.memoryUsage().heapUsed - before) / core.counts().ready));
}

/** Takes some seconds. `scale` < 1 shortens the runs. */
export function benchCore(scale = 1): CoreFigures {
  return {
    livesPerSecond4Engines: livesPerSecond(4, 1_000, 400_000 * scale, true),
    livesPerSecond4EnginesWithoutFacts: livesPerSecond(4, 1_000, 400_000 * scale, false),
    livesPerSecond10000Engines: livesPerSecond(10_000, 20_000, 200_000 * scale, true),
    livesPerSecondMillionQueued: livesPerSecond(4, 1_000_000, 200_000 * scale, true),
    bytesPerQueuedTask: bytesPerQueuedTask(),
  };
}

if (import.meta.main) console.log(JSON.stringify(benchCore(), null, 2));
