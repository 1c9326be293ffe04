/**
 * Measures the peers that are installed, and ourselves among them in the same way: one process after the other, in
 * rounds, so that whatever else the machine does meets all alike.
 *
 * Where the peers are is said by the environment: `BENCH_PYTHON` (executables with colons between them; default
 * `python3`), `BENCH_NODE_MODULES` (the folder that holds `node_modules`; default the working directory),
 * `BENCH_REDIS_SERVER` (default `redis-server`).
 * @module
 */
import { ENGINES } from "./bench_cluster.ts";
import { run, runJson } from "./peer_process.ts";
import { RedisServer } from "./redis_server.ts";
import { median } from "./statistics.ts";

/** The line that every script prints. */
export interface PeerFigures {
  readonly peer: string;
  readonly version: string;
  readonly engines: number;
  readonly start_s: number;
  readonly latency_ms_p50: number;
  readonly latency_ms_p95: number;
  readonly tasks_per_s: number;
}

/** A peer that could not be measured, or not in every round. */
export interface MissingPeer {
  readonly peer: string;
  readonly reason: string;
  readonly install: string;
}

/** Medians over the rounds. */
export interface PeersReport {
  readonly rounds: number;
  readonly measured: readonly PeerFigures[];
  readonly missing: readonly MissingPeer[];
}

/** A script, and what it needs. */
interface Contender {
  readonly peer: string;
  readonly command: readonly string[];
  readonly cwd?: string;
}

type Found = readonly Contender[] | MissingPeer;

const TASKS = {
  troupe1: 20_000,
  troupe0: 200_000,
  ipyparallel: 3_000,
  dask: 3_000,
  ray: 5_000,
  piscina: 20_000,
  bullmq: 5_000,
};

const script = (name: string) => new URL(import.meta.resolve(`./peers/${name}`)).pathname;

/** Runs every contender once a round. `scale` < 1 shortens the runs. */
export async function benchPeers(
  rounds: number,
  scale: number,
  progress: (what: string) => void,
): Promise<PeersReport> {
  await using stack = new AsyncDisposableStack();
  const count = (tasks: number) => String(Math.max(500, Math.round(tasks * scale)));
  const found = [troupe(count), ...await pythonPeers(count), await piscina(count), await bullmq(count, stack)];
  const missing = new Map(found.flatMap((one) => "reason" in one ? [[one.peer, one]] : []));
  const contenders = found.flatMap((one) => "reason" in one ? [] : one);
  const series = new Map<string, PeerFigures[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const { peer, command, cwd } of contenders) {
      progress(`round ${round} of ${rounds}: ${peer}`);
      const result = await runJson<PeerFigures>(command, cwd);
      if ("failure" in result) missing.set(peer, { peer, reason: result.failure, install: "see what it said" });
      else series.set(result.value.peer, [...series.get(result.value.peer) ?? [], result.value]);
    }
  }
  return { rounds, measured: [...series.values()].map(middle), missing: [...missing.values()] };
}

function troupe(count: (tasks: number) => string): readonly Contender[] {
  const command = (tasks: number, hwm: number) => [
    Deno.execPath(),
    "run",
    "-A",
    script("troupe_bench.ts"),
    String(ENGINES),
    count(tasks),
    String(hwm),
  ];
  return [
    { peer: "troupe (hwm 1)", command: command(TASKS.troupe1, 1) },
    { peer: "troupe (hwm 0)", command: command(TASKS.troupe0, 0) },
  ];
}

function pythonPeers(count: (tasks: number) => string): Promise<readonly Found[]> {
  const peers = [
    [
      "ipyparallel",
      "ipyparallel",
      TASKS.ipyparallel,
      "pip install ipyparallel==7.1.0 (it can't ship functions on Python 3.11 and later: take 3.10)",
    ],
    ["dask.distributed", "distributed", TASKS.dask, "pip install distributed"],
    ["ray", "ray", TASKS.ray, "pip install ray"],
  ] as const;
  return Promise.all(peers.map(async ([peer, module, tasks, install]): Promise<Found> => {
    const file = peer === "dask.distributed" ? "dask_bench.py" : `${peer}_bench.py`;
    for (const python of (Deno.env.get("BENCH_PYTHON") ?? "python3").split(":")) {
      if (!await run([python, "-c", `import ${module}`])) continue;
      return [{ peer, command: [python, script(file), String(ENGINES), count(tasks)] }];
    }
    return { peer, reason: `no Python of BENCH_PYTHON imports "${module}"`, install };
  }));
}

function nodeFolder(): string {
  return Deno.env.get("BENCH_NODE_MODULES") ?? ".";
}

async function hasPackage(name: string): Promise<boolean> {
  return await run(["node", "-e", `require.resolve("${name}")`], nodeFolder());
}

async function piscina(count: (tasks: number) => string): Promise<Found> {
  const peer = "piscina";
  const install = "npm install piscina, and BENCH_NODE_MODULES=<folder>";
  if (!await hasPackage(peer)) return { peer, reason: `node finds no "${peer}" in BENCH_NODE_MODULES`, install };
  const command = ["node", script("piscina_bench.mjs"), String(ENGINES), count(TASKS.piscina)];
  return [{ peer, command, cwd: nodeFolder() }];
}

async function bullmq(count: (tasks: number) => string, stack: AsyncDisposableStack): Promise<Found> {
  const peer = "bullmq";
  const install =
    "npm install bullmq ioredis, and a Redis server (apt install redis-server, or BENCH_REDIS_SERVER=<path>)";
  if (!await hasPackage(peer)) return { peer, reason: `node finds no "${peer}" in BENCH_NODE_MODULES`, install };
  const redis = await RedisServer.start(Deno.env.get("BENCH_REDIS_SERVER") ?? "redis-server");
  if (redis === null) return { peer, reason: "there is no Redis server", install };
  stack.use(redis);
  return [1, 50].map((concurrency) => ({
    peer: `bullmq (concurrency ${concurrency})`,
    command: [
      "node",
      script("bullmq_bench.mjs"),
      ...[ENGINES, count(TASKS.bullmq), concurrency, redis.port].map(String),
    ],
    cwd: nodeFolder(),
  }));
}

function middle(series: readonly PeerFigures[]): PeerFigures {
  const [first] = series;
  if (first === undefined) throw new RangeError("Cannot sum up a peer that was not measured.");
  const of = (pick: (figures: PeerFigures) => number) => median(series.map(pick));
  return {
    ...first,
    start_s: of((one) => one.start_s),
    latency_ms_p50: of((one) => one.latency_ms_p50),
    latency_ms_p95: of((one) => one.latency_ms_p95),
    tasks_per_s: of((one) => one.tasks_per_s),
  };
}
