/**
 * How fast the pure core is: lives (submit, dispatch, result) a second, in one thread, with nothing around it.
 *
 * Exports `benchCore` for `bench/main.ts`; run alone it prints its figures as JSON. Events come in batches, as from
 * clients and hosts that batch by turn of the event loop. Tasks that wait for tasks are in `graph_bench.ts`.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import type { TaskSpec } from "../protocol/task_spec.ts";
import { createScheduler } from "../scheduler/core/scheduler.ts";
import { BENCH_SESSION, BenchHosts, submitBatch, TEMPLATE, VALUE } from "./bench_hosts.ts";
import { benchCoreMemory, benchGraphs, type CoreMemoryFigures, type GraphFigures } from "./graph_bench.ts";

const SUBMITTED_AT_ONCE = 1_000;

/** What `benchCore` measures. */
export interface CoreFigures extends GraphFigures, CoreMemoryFigures {
  readonly livesPerSecond4Engines: number;
  readonly livesPerSecond4EnginesWithoutFacts: number;
  readonly livesPerSecond10000Engines: number;
  /** 4 engines, a million tasks in the queue all the while. */
  readonly livesPerSecondMillionQueued: number;
}

function specs(from: number, count: number): TaskSpec[] {
  return Array.from({ length: count }, (_, i) => (
    { id: `${BENCH_SESSION}-${from + i}` as TaskId, template: TEMPLATE, args: VALUE }
  ));
}

/** Keeps `queued` tasks in the core and lets `lives` more pass through it. */
function livesPerSecond(engines: number, queued: number, lives: number, facts: boolean): number {
  const core = createScheduler({ facts });
  const hosts = new BenchHosts(core, engines);
  let submitted = 0;
  const submit = (at: number, count: number) => {
    for (let left = count; left > 0; left -= SUBMITTED_AT_ONCE) {
      const batch = specs(submitted, Math.min(left, SUBMITTED_AT_ONCE));
      submitted += batch.length;
      hosts.collect(submitBatch(core, batch, at));
    }
  };
  submit(0, queued + engines);
  const run = (count: number, startAt: number) => {
    let ended = 0;
    for (let at = startAt; ended < count; at++) {
      ended += hosts.answer(at);
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

/** Takes some seconds. `scale` < 1 shortens the runs. */
export function benchCore(scale = 1): CoreFigures {
  return {
    livesPerSecond4Engines: livesPerSecond(4, 1_000, 400_000 * scale, true),
    livesPerSecond4EnginesWithoutFacts: livesPerSecond(4, 1_000, 400_000 * scale, false),
    livesPerSecond10000Engines: livesPerSecond(10_000, 20_000, 200_000 * scale, true),
    livesPerSecondMillionQueued: livesPerSecond(4, 1_000_000, 200_000 * scale, true),
    ...benchGraphs(scale),
    ...benchCoreMemory(scale),
  };
}

if (import.meta.main) console.log(JSON.stringify(benchCore(), null, 2));
