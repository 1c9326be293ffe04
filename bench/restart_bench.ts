/**
 * How long a cluster stands still whose controller is killed while 100,000 tasks wait: from the kill to the first task
 * that the next life dispatches.
 *
 * Tasks say when they began, on the clock of this machine. With a mark of 1, what the old life had dispatched begins
 * within moments of the kill; whatever begins later was dispatched by the new one.
 * @module
 */
import { clusterStatus } from "../cluster/cluster_status.ts";
import { Cluster } from "../mod.ts";
import { within } from "../testing/within.ts";
import { ENGINES, warmUp } from "./bench_cluster.ts";
import { median, rounded } from "./statistics.ts";

const TASK_MS = 20;
/** By then the tasks that engines held have begun. */
const OLD_MS = 5 * TASK_MS;
const LIMIT_MS = 60_000;

/** Of one store; ms. */
export interface RestartFigure {
  readonly store: string;
  readonly median: number;
  readonly worst: number;
  readonly kills: number;
}

const begins = async (_index: number): Promise<number> => {
  const at = Date.now();
  await new Promise((resolve) => setTimeout(resolve, TASK_MS));
  return at;
};

/** `kills` controllers of clusters without a store, then as many with one, each with so many tasks waiting. */
export async function benchRestart(queued: number, kills: number): Promise<readonly RestartFigure[]> {
  const figures: RestartFigure[] = [];
  for (const store of ["memory", "sqlite"] as const) {
    const times: number[] = [];
    for (let i = 0; i < kills; i++) times.push(await standstill(store, queued));
    figures.push({ store, median: rounded(median(times)), worst: rounded(Math.max(...times)), kills });
  }
  return figures;
}

async function standstill(store: "memory" | "sqlite", queued: number): Promise<number> {
  const name = `bench-${crypto.randomUUID().slice(0, 8)}`;
  await using cluster = await Cluster.start({ n: ENGINES, name, store });
  await using client = await cluster.connect();
  const view = client.loadBalancedView();
  await warmUp(view);
  const result = view.with({ ordered: false }).map(begins, Array.from({ length: queued }, (_, x) => x));
  const controller = (await clusterStatus(name)).pid;
  await client.queueStatus();
  const killedAt = Date.now();
  Deno.kill(controller, "SIGKILL");
  const first = async () => {
    for await (const began of result) if (began > killedAt + OLD_MS) return began;
    throw new Error("Cannot measure the standstill: all tasks had begun before the controller was killed.");
  };
  const began = await within(first(), "a task of the new life", LIMIT_MS);
  result.abort();
  return began - killedAt;
}
