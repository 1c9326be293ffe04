/**
 * The figures of a run over the yardsticks of the same run, and whether they reach what was set out to reach.
 *
 * Pure. Called by `main.ts`.
 * @module
 */
import type { Compared } from "./auto_bench.ts";
import type { Carrier } from "./bench_cluster.ts";
import type { PeerFigures } from "./peers_bench.ts";
import type { BenchParts, PerCarrier, Ratio, Target } from "./report.ts";
import { rounded } from "./statistics.ts";

const CARRIERS: readonly Carrier[] = ["embedded", "nats-server"];
const OWN = { hwm1: "troupe (hwm 1)", hwm0: "troupe (hwm 0)" };

const atLeast = (ratio: number): Target => ({ bound: "at least", ratio });
const atMost = (ratio: number): Target => ({ bound: "at most", ratio });

/** What there is on a carrier, if there is anything. */
export function on<T extends object>(figures: PerCarrier<T> | undefined, carrier: Carrier): T | undefined {
  const found = figures?.[carrier];
  return found === undefined || "missing" in found ? undefined : found;
}

/** All ratios that the parts of a run allow. */
export function ratiosOf(parts: BenchParts): readonly Ratio[] {
  return [
    ...peerRatios(parts),
    ...CARRIERS.flatMap((carrier) => yardstickRatios(parts, carrier)),
    ...autoRatios(parts),
    ...memory(parts),
    ...CARRIERS.flatMap((carrier) => valueRatios(parts, carrier)),
    ...clientRatios(parts),
    ...coreRatios(parts),
    ...recoveryRatios(parts),
    ...takeoverRatios(parts),
  ];
}

function ratio(what: string, value: number, yardstick: number | undefined, name: string, target: Target | null): Ratio {
  const quotient = yardstick === undefined ? null : rounded(value / yardstick);
  return {
    what,
    value,
    yardstick: yardstick ?? null,
    yardstickName: name,
    ratio: quotient,
    target,
    reached: quotient === null || target === null ? null : holds(quotient, target),
  };
}

function holds(quotient: number, { bound, ratio }: Target): boolean {
  return bound === "at least" ? quotient >= ratio : quotient <= ratio;
}

function peerRatios({ peers }: BenchParts): readonly Ratio[] {
  if (peers === undefined) return [];
  const find = (name: string): PeerFigures | undefined => peers.measured.find((one) => one.peer === name);
  const [hwm1, hwm0] = [find(OWN.hwm1), find(OWN.hwm0)];
  if (hwm1 === undefined || hwm0 === undefined) return [];
  const rate = (name: string) => find(name)?.tasks_per_s;
  const start = (name: string) => find(name)?.start_s;
  return [
    ratio("tasks/s, hwm 1", hwm1.tasks_per_s, rate("ipyparallel"), "ipyparallel", atLeast(25)),
    ratio("tasks/s, hwm 0", hwm0.tasks_per_s, rate("ipyparallel"), "ipyparallel", atLeast(250)),
    ratio("tasks/s, hwm 0", hwm0.tasks_per_s, rate("piscina"), "piscina", atLeast(3)),
    ratio("start, s", hwm1.start_s, start("ipyparallel"), "ipyparallel", atMost(1 / 5)),
    ratio("start, s", hwm1.start_s, start("dask.distributed"), "dask.distributed", atMost(1)),
  ];
}

function yardstickRatios(parts: BenchParts, carrier: Carrier): readonly Ratio[] {
  const raw = on(parts.raw, carrier);
  const latency = on(parts.latency, carrier);
  const throughput = on(parts.throughput, carrier);
  const list: Ratio[] = [];
  if (latency !== undefined) {
    const name = `one raw request on ${carrier}`;
    const { apply, rawRequest } = latency;
    list.push(ratio(`latency p50, ms (${carrier})`, apply.p50, rawRequest.p50, name, atMost(2)));
    list.push(ratio(`latency p95, ms (${carrier})`, apply.p95, rawRequest.p95, name, null));
  }
  if (throughput !== undefined) {
    const name = `raw echoes/s on ${carrier}`;
    const { hwm1, hwm0 } = throughput;
    list.push(ratio(`tasks/s, hwm 1 (${carrier})`, hwm1.median, raw?.echoesPerSecond, name, null));
    list.push(ratio(`tasks/s, hwm 0 (${carrier})`, hwm0.median, raw?.echoesPerSecond, name, null));
  }
  return list;
}

/** Round by round, since what else the machine does meets both of a round alike: not one median over the other. */
function autoRatios({ auto }: BenchParts): readonly Ratio[] {
  if (auto === undefined) return [];
  const list = [compared("tasks/s, hwm auto", auto.noop, "hwm 0", atLeast(0.6))];
  for (const how of ["spinning", "sleeping"] as const) {
    const { oneFunction, twoFunctions } = auto[how];
    list.push(compared(`mixed ${how} tasks of one function, hwm auto, s`, oneFunction, "hwm 1", atMost(1.03)));
    list.push(compared(`mixed ${how} tasks of two functions, hwm auto, s`, twoFunctions, "hwm 1", atMost(1.03)));
  }
  return list;
}

function compared(what: string, { auto, other, ratio }: Compared, yardstickName: string, target: Target): Ratio {
  return { what, value: auto, yardstick: other, yardstickName, ratio, target, reached: holds(ratio, target) };
}

/** The core against what it was to be, in the units of the figures. */
function coreRatios({ core }: BenchParts): readonly Ratio[] {
  if (core === undefined) return [];
  const rate = (what: string, value: number, lives: number) =>
    ratio(`core: lives/s, ${what}`, value, lives, `${lives.toLocaleString("en")}/s`, atLeast(1));
  const ms = (what: string, value: number, most: number) =>
    ratio(`core: ${what}, ms`, value, most, `${most.toLocaleString("en")} ms`, atMost(1));
  const bytes = (what: string, value: number, most: number) =>
    ratio(`core: bytes of a ${what} task`, value, most, `${most} bytes`, atMost(1));
  return [
    rate("4 engines", core.livesPerSecond4Engines, 200_000),
    rate("10,000 engines", core.livesPerSecond10000Engines, 100_000),
    rate("1,000,000 queued", core.livesPerSecondMillionQueued, 100_000),
    ms("a chain of 100,000 runs", core.chainRunMs, 1_000),
    ms("a chain of 100,000 fails", core.chainFailMs, 1_000),
    ms("two layers of 1,000, all to all", core.layersMs, 3_000),
    ms("first dispatch of a graph of 100,000", core.firstDispatchMs, 500),
    bytes("queued", core.bytesPerQueuedTaskWithSpec, 1_024),
    bytes("finished", core.bytesPerFinishedTask, 200),
  ];
}

/** ms against what they may be. */
function recoveryRatios({ recovery }: BenchParts): readonly Ratio[] {
  if (recovery === undefined) return [];
  const { engineKilled, hostKilled, loopAborted, engineBack } = recovery;
  const ms = (what: string, value: number, most: number) =>
    ratio(`${what}, ms`, value, most, `${most.toLocaleString("en")} ms`, atMost(1));
  return [
    ms("engine killed: its task runs elsewhere, p50", engineKilled.p50, 500),
    ms("engine killed: its task runs elsewhere, p99", engineKilled.p99, 1_000),
    ms("host killed: its tasks run elsewhere, p99", hostKilled.p99, 4_000),
    ms("busy loop aborted: the client knows, p99", loopAborted.p99, 3_000),
    ms("busy loop aborted: its engine is back, p99", engineBack.p99, 3_000),
  ];
}

function takeoverRatios({ takeover }: BenchParts): readonly Ratio[] {
  if (takeover === undefined) return [];
  const { p99, lost, ranTwice } = takeover;
  return [
    ratio("a standby takes over, p99, ms", p99, 5_000, "5,000 ms", atMost(1)),
    ratio("a standby takes over: tasks lost or run twice", lost + ranTwice, 1, "none", atMost(0)),
  ];
}

function valueRatios({ values }: BenchParts, carrier: Carrier): readonly Ratio[] {
  const figures = on(values, carrier);
  if (figures === undefined) return [];
  const { megabytes, roundTripMs, rawMs, eightEnginesMs, oneEngineMs } = figures;
  const raw = `the same bytes through raw messages on ${carrier}`;
  return [
    ratio(`${megabytes} MB there and back, ms (${carrier})`, roundTripMs, rawMs, raw, atMost(2)),
    ratio(`${megabytes} MB to 8 engines, ms (${carrier})`, eightEnginesMs, oneEngineMs, "to one engine", atMost(2)),
  ];
}

function clientRatios({ shipping, leak }: BenchParts): readonly Ratio[] {
  const list: Ratio[] = [];
  if (shipping !== undefined) {
    list.push(ratio("apply of a plain function again, µs", shipping.plainMicros, 20, "20 µs", atMost(1)));
    list.push(ratio("apply of a capturing function again, µs", shipping.capturingMicros, 300, "300 µs", atMost(1)));
  }
  if (leak !== undefined) {
    list.push(ratio(`MB held after ${leak.tasks} dropped results`, Math.max(0, leak.grownMb), 50, "50 MB", atMost(1)));
  }
  return list;
}

function memory({ memory }: BenchParts): readonly Ratio[] {
  if (memory === undefined) return [];
  const largest = Math.max(...memory.idle.engines.map((engine) => engine.rss));
  return [ratio("RSS of the largest idle engine, MB", largest, 65, "65 MB", atMost(1))];
}
