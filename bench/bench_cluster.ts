/**
 * A cluster to measure on: started through the public interface, with the ids of all its processes.
 *
 * Called by every part of the benchmark that needs engines. `nats` starts a `nats-server` of its own on loopback.
 * @module
 */
import { clusterStatus } from "../cluster/cluster_status.ts";
import { type Client, Cluster, type LoadBalancedView } from "../mod.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { ownChildren } from "./process_meter.ts";

/** What carries the messages: the controller's own broker, or a real server beside. */
export type Carrier = "embedded" | "nats-server";

/** How many engines all figures are for. */
export const ENGINES = 4;
const WARM_UP_TASKS = 2_000;

/** Processes of a cluster on this machine. */
export interface ClusterProcesses {
  readonly host: number;
  readonly controller: number;
  readonly engines: readonly number[];
  readonly natsServer: number | undefined;
}

/** A running one. Disposing ends all its processes. */
export interface BenchCluster extends AsyncDisposable {
  readonly client: Client;
  readonly view: LoadBalancedView;
  readonly processes: ClusterProcesses;
  /** From the start to ready engines, without the client, ms. */
  readonly startMs: number;
}

/** What every task of the benchmark does: give back its argument. */
export const noop = (x: number): number => x;

/** Starts one and connects. */
export async function startBenchCluster(carrier: Carrier, hwm: number | "auto"): Promise<BenchCluster> {
  await using stack = new AsyncDisposableStack();
  const server = carrier === "embedded" ? null : stack.use(await NatsServer.start());
  const began = performance.now();
  const cluster = stack.use(await Cluster.start({ n: ENGINES, hwm, ...(server === null ? {} : { nats: server.url }) }));
  const startMs = performance.now() - began;
  const client = stack.use(await cluster.connect());
  await client.waitForEngines(ENGINES, { timeout: 30_000 });
  const processes = await processesOf(cluster.name);
  const kept = stack.move();
  return {
    client,
    view: client.loadBalancedView(),
    processes,
    startMs,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Lets all compilers see the code that will be measured. */
export async function warmUp(view: LoadBalancedView): Promise<void> {
  await view.map(noop, Array.from({ length: WARM_UP_TASKS }, (_, x) => x));
}

async function processesOf(name: string): Promise<ClusterProcesses> {
  const status = await clusterStatus(name);
  const host = status.hosts[0]?.pid;
  const engines = status.engines.flatMap((engine) => engine.pid ?? []);
  if (host === undefined || engines.length !== ENGINES) {
    throw new Error(`Cannot measure the cluster "${name}": ${engines.length} of its ${ENGINES} engines are known.`);
  }
  return { host, controller: status.pid, engines, natsServer: ownChildren("nats-server").at(-1) };
}
