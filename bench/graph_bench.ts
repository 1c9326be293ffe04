/**
 * How fast the pure core is with tasks that wait for tasks: chains, layers, a big graph at once; and what it keeps.
 *
 * Exports `benchGraphs` and `benchCoreMemory` for `core_bench.ts`. One thread, no I/O.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import { DEFAULT_FLAGS, type DependencySpec, type TaskSpec } from "../protocol/task_spec.ts";
import { createScheduler } from "../scheduler/core/scheduler.ts";
import { BENCH_SESSION, BenchHosts, submitBatch, TEMPLATE, VALUE } from "./bench_hosts.ts";

/** What `benchGraphs` measures, in ms. */
export interface GraphFigures {
  /** A chain of 100,000, each after the one before, from submission to the last result, 4 engines. */
  readonly chainRunMs: number;
  /** The same chain when its first task fails. */
  readonly chainFailMs: number;
  /** Two layers of 1,000, each of the second after all of the first, to the last result. */
  readonly layersMs: number;
  /** A graph of 100,000 tasks, each after two earlier ones, in one batch: until the first dispatch. */
  readonly firstDispatchMs: number;
}

/** What `benchCoreMemory` measures, in bytes of heap. */
export interface CoreMemoryFigures {
  /** A queued task: its record, without the spec that the shell made. */
  readonly bytesPerQueuedTask: number;
  /** The same with its id; arguments and flags are shared. */
  readonly bytesPerQueuedTaskWithSpec: number;
  readonly bytesPerFinishedTask: number;
  readonly bytesPerForgottenTask: number;
}

/** As on a real clock: no small whole number. */
const NOW = 1_800_000_000_000.5;
const KEEP_ALL = { maxRecords: 10_000_000, maxAgeMs: 1e9, maxBytes: 1e12 };

function after(number: number, ids: readonly number[]): TaskSpec {
  const spec: DependencySpec = { ids: ids.map(idOf), all: true, success: true, failure: false };
  return { id: idOf(number), template: { ...TEMPLATE, flags: { ...DEFAULT_FLAGS, after: spec } }, args: VALUE };
}

function plain(number: number): TaskSpec {
  return { id: idOf(number), template: TEMPLATE, args: VALUE };
}

function idOf(number: number): TaskId {
  return `${BENCH_SESSION}-${number}` as TaskId;
}

function chain(length: number): TaskSpec[] {
  return Array.from({ length }, (_, i) => i === 0 ? plain(0) : after(i, [i - 1]));
}

/** What earlier parts left behind is not for this one to collect. */
function timed(run: () => void): number {
  heapBytes();
  const start = performance.now();
  run();
  return Math.round(performance.now() - start);
}

/** Submits, and answers every dispatch with success until nothing is left. */
function runToEnd(specs: readonly TaskSpec[]): number {
  const core = createScheduler({ retention: KEEP_ALL });
  const hosts = new BenchHosts(core, 4);
  const ms = timed(() => {
    hosts.collect(submitBatch(core, specs, 1));
    hosts.answerAll(2);
  });
  const { settled } = core.counts();
  if (settled !== specs.length) throw new Error(`Only ${settled} of ${specs.length} tasks have ended.`);
  return ms;
}

function failChain(length: number): number {
  const core = createScheduler({ retention: KEEP_ALL });
  submitBatch(core, chain(length), 1);
  const ms = timed(() => void core.step({ kind: "abort-requested", at: 2, ids: [idOf(0)] }));
  if (core.counts().settled !== length) throw new Error("The failure has not gone through the chain.");
  return ms;
}

function layers(width: number): TaskSpec[] {
  const first = Array.from({ length: width }, (_, i) => i);
  return [...first.map(plain), ...first.map((i) => after(width + i, first))];
}

function firstDispatch(count: number): number {
  const core = createScheduler();
  new BenchHosts(core, 4);
  const graph = Array.from({ length: count }, (_, i) => i < 4 ? plain(i) : after(i, [i >> 1, i - 1 - (i % 3)]));
  let dispatched = 0;
  const ms = timed(() => {
    dispatched = submitBatch(core, graph, 1).filter(({ kind }) => kind === "dispatch").length;
  });
  if (dispatched === 0) throw new Error("Nothing was dispatched.");
  return ms;
}

/** Takes some seconds. */
export function benchGraphs(scale = 1): GraphFigures {
  const long = Math.round(100_000 * scale);
  const wide = Math.round(1_000 * Math.sqrt(scale));
  return {
    chainRunMs: runToEnd(chain(long)),
    chainFailMs: failChain(long),
    layersMs: runToEnd(layers(wide)),
    firstDispatchMs: firstDispatch(long),
  };
}

/** Bytes of heap that are still in use, as far as the collector can tell. Needs `--v8-flags=--expose-gc`. */
function heapBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  return Deno.memoryUsage().heapUsed;
}

/** What the core keeps of a task in each state. Without `--v8-flags=--expose-gc` the figures are rough. */
export function benchCoreMemory(scale = 1): CoreMemoryFigures {
  const count = Math.round(200_000 * scale);
  const per = (bytes: number) => Math.max(0, Math.round(bytes / count));
  const core = createScheduler({ facts: false, hwm: 0, retention: KEEP_ALL });
  const empty = heapBytes();
  let specs: TaskSpec[] = Array.from({ length: count }, (_, i) => plain(i));
  const withSpecs = heapBytes();
  submitBatch(core, specs, NOW + 1);
  specs = [];
  const queued = heapBytes();
  const hosts = new BenchHosts(core, 4);
  hosts.collect(core.step({ kind: "woke", at: NOW + 2 }));
  hosts.answerAll(NOW + 3);
  const finished = heapBytes();
  core.step({ kind: "purge-requested", at: NOW + 1e6, ids: null });
  const forgotten = heapBytes();
  return {
    bytesPerQueuedTask: per(queued - withSpecs),
    bytesPerQueuedTaskWithSpec: per(queued - empty),
    bytesPerFinishedTask: per(finished - empty),
    bytesPerForgottenTask: per(forgotten - empty),
  };
}
