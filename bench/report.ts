/**
 * What `bench/main.ts` prints: one document, every part optional since each can be run alone.
 *
 * Types only. Read by `targets.ts` and `table.ts`.
 * @module
 */
import type { AutoFigures } from "./auto_bench.ts";
import type { Carrier } from "./bench_cluster.ts";
import type { CoreFigures } from "./core_bench.ts";
import type { CpuPerTask } from "./cpu_per_task.ts";
import type { DurabilityFigure } from "./durability_bench.ts";
import type { Latency } from "./latency_bench.ts";
import type { LeakFigures, ShippingFigures } from "./leak_bench.ts";
import type { Machine } from "./machine.ts";
import type { MemoryFigures } from "./memory_bench.ts";
import type { PeersReport } from "./peers_bench.ts";
import type { RawNats } from "./raw_nats_bench.ts";
import type { RecoveryFigures } from "./recovery_bench.ts";
import type { StoresReport } from "./store_bench.ts";
import type { RestartFigure } from "./restart_bench.ts";
import type { SoakFigure } from "./soak_bench.ts";
import type { StartTimes } from "./start_bench.ts";
import type { TakeoverFigures } from "./takeover_bench.ts";
import type { Throughput } from "./throughput_bench.ts";
import type { ValuesFigures } from "./values_bench.ts";

/** A figure on each carrier; one that could not be had says why. */
export type PerCarrier<T> = Partial<Record<Carrier, T | { readonly missing: string }>>;

/** Two figures side by side: one with a high-water mark of 1, one without any. */
export interface PerMark<T> {
  readonly hwm1: T;
  readonly hwm0: T;
}

/** The parts, by the names that the command line takes. */
export interface BenchParts {
  /** The yardstick. */
  readonly raw?: PerCarrier<RawNats>;
  readonly core?: CoreFigures;
  readonly start?: StartTimes;
  readonly memory?: MemoryFigures;
  readonly latency?: PerCarrier<Latency>;
  readonly throughput?: PerCarrier<PerMark<Throughput>>;
  readonly auto?: AutoFigures;
  readonly cpu?: PerCarrier<PerMark<CpuPerTask>>;
  readonly values?: PerCarrier<ValuesFigures>;
  readonly shipping?: ShippingFigures;
  readonly recovery?: RecoveryFigures;
  readonly leak?: LeakFigures;
  /** Clusters with each store, against one without. */
  readonly durability?: PerMark<readonly DurabilityFigure[]>;
  readonly store?: StoresReport;
  readonly restart?: readonly RestartFigure[];
  readonly soak?: readonly SoakFigure[];
  readonly takeover?: TakeoverFigures;
  readonly peers?: PeersReport;
}

/** A part. */
export type PartName = keyof BenchParts;

/** The document. */
export interface BenchReport extends BenchParts {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly seconds: number;
  readonly failures: readonly PartFailure[];
  readonly ratios: readonly Ratio[];
}

/** A part that was asked for and has no figures. */
export interface PartFailure {
  readonly part: PartName;
  readonly reason: string;
}

/** A figure over another of the same run, and what it was to be. */
export interface Ratio {
  readonly what: string;
  readonly value: number;
  /** What `value` is divided by; `null`, and `ratio` with it, where it was not measured. */
  readonly yardstick: number | null;
  readonly yardstickName: string;
  readonly ratio: number | null;
  /** `null` where there is none. */
  readonly target: Target | null;
  readonly reached: boolean | null;
}

/** Bound of a ratio, or of the value itself where the yardstick is 1. */
export interface Target {
  readonly bound: "at least" | "at most";
  readonly ratio: number;
}
