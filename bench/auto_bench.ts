/**
 * What `--hwm auto` costs and gains: no-op tasks beside `hwm` 0, and short tasks mixed with long ones beside `hwm` 1.
 *
 * Two clusters at a time, which take turns, so that what else the machine does meets both. Exports `benchAuto` for
 * `bench/main.ts`.
 * @module
 */
import type { LoadBalancedView } from "../mod.ts";
import { noop, startBenchCluster, warmUp } from "./bench_cluster.ts";
import { elapsedMs, median, rounded } from "./statistics.ts";

/** Medians of both, and the median of the ratios round by round. */
export interface Compared {
  readonly auto: number;
  readonly other: number;
  /** `auto` over the other. */
  readonly ratio: number;
}

/** 2,000 tasks of 1 ms with 20 of 500 ms among them: total time, s, beside `hwm` 1. */
export interface MixedTimes {
  /** One function, with the time as its argument. */
  readonly oneFunction: Compared;
  /** A function for the short ones, another for the long ones. */
  readonly twoFunctions: Compared;
}

/** What `benchAuto` measures. */
export interface AutoFigures {
  /** No-op tasks a second, beside `hwm` 0. */
  readonly noop: Compared;
  /** Tasks that keep the processor busy. */
  readonly spinning: MixedTimes;
  /** Tasks that wait. */
  readonly sleeping: MixedTimes;
}

type Wait = (ms: number) => unknown;

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

function spinLong(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
  if (ms < 0) throw new RangeError("never");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function sleepLong(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(() => resolve(), ms));
}

const SHORT_MS = 1;
const LONG_MS = 500;
const SHORT_TASKS = 2_000;
const LONG_TASKS = 20;

/** The times of all tasks: a long one somewhere in each hundred short ones, the same in each run. */
function mixedMs(scale: number): number[] {
  const times: number[] = [];
  const every = SHORT_TASKS / LONG_TASKS;
  for (let i = 0; i < LONG_TASKS * scale; i++) {
    const hundred = new Array<number>(every).fill(SHORT_MS);
    hundred.splice((i * 37) % every, 0, LONG_MS);
    times.push(...hundred);
  }
  return times;
}

async function runMixed(view: LoadBalancedView, times: readonly number[], short: Wait, long: Wait): Promise<number> {
  const ms = await elapsedMs(() => Promise.all(times.map((time) => view.apply(time === LONG_MS ? long : short, time))));
  return ms / 1_000;
}

/** Both in turn, `rounds` times. */
async function compare(
  rounds: number,
  auto: () => Promise<number>,
  other: () => Promise<number>,
): Promise<Compared> {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < rounds; i++) {
    if (i % 2 === 0) pairs.push([await auto(), await other()]);
    else {
      const late = await other();
      pairs.push([await auto(), late]);
    }
  }
  return {
    auto: rounded(median(pairs.map(([mine]) => mine))),
    other: rounded(median(pairs.map(([, its]) => its))),
    ratio: rounded(median(pairs.map(([mine, its]) => mine / its))),
  };
}

async function compareNoop(tasks: number, rounds: number): Promise<Compared> {
  await using auto = await startBenchCluster("embedded", "auto");
  await using unlimited = await startBenchCluster("embedded", 0);
  const inputs = Array.from({ length: tasks }, (_, x) => x);
  const rate = async (view: LoadBalancedView) => tasks / await elapsedMs(() => view.map(noop, inputs)) * 1_000;
  for (const { view } of [auto, unlimited]) {
    await warmUp(view);
    await rate(view);
  }
  return await compare(rounds, () => rate(auto.view), () => rate(unlimited.view));
}

async function compareMixed(short: Wait, long: Wait, scale: number, rounds: number): Promise<MixedTimes> {
  await using auto = await startBenchCluster("embedded", "auto");
  await using one = await startBenchCluster("embedded", 1);
  for (const { view } of [auto, one]) await warmUp(view);
  const times = mixedMs(scale);
  const both = (long: Wait) => (
    compare(rounds, () => runMixed(auto.view, times, short, long), () => runMixed(one.view, times, short, long))
  );
  return { oneFunction: await both(short), twoFunctions: await both(long) };
}

/** Takes a minute or two. `scale` < 1 shortens the runs. */
export async function benchAuto(tasks: number, rounds: number, scale = 1): Promise<AutoFigures> {
  return {
    noop: await compareNoop(tasks, rounds),
    spinning: await compareMixed(spin, spinLong, scale, rounds),
    sleeping: await compareMixed(sleep, sleepLong, scale, rounds),
  };
}

if (import.meta.main) console.log(JSON.stringify(await benchAuto(100_000, 3), null, 2));
