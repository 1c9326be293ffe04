/**
 * What a store costs: no-op tasks a second through clusters with each, against one without, round by round in turn.
 *
 * All run on one `nats-server` with JetStream, each with a controller of its own, so that nothing else differs.
 * @module
 */
import { type Client, Cluster, type LoadBalancedView } from "../mod.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { ENGINES, noop, warmUp } from "./bench_cluster.ts";
import { elapsedMs, median, rounded } from "./statistics.ts";

type Store = NonNullable<Parameters<typeof Cluster.start>[0]>["store"];
type Durability = NonNullable<Parameters<typeof Cluster.start>[0]>["durability"];

const STORES: readonly (readonly [string, Store, Durability])[] = [
  ["memory", "memory", undefined],
  ["sqlite none", "sqlite", "none"],
  ["sqlite process", "sqlite", "process"],
  ["sqlite power", "sqlite", "power"],
  ["jetstream none", "jetstream", "none"],
  ["jetstream process", "jetstream", "process"],
];

/** Of one store. */
export interface DurabilityFigure {
  readonly store: string;
  /** Tasks a second, median of the rounds. */
  readonly rate: number;
  /** Median over the rounds of the ratio to the round of the cluster without a store. */
  readonly ratio: number;
}

/** One after the other, `rounds` times; `hwm` as in the cluster's options. */
export async function benchDurability(
  hwm: number,
  tasks: number,
  rounds: number,
): Promise<readonly DurabilityFigure[]> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start({ jetstream: true }));
  const views: LoadBalancedView[] = [];
  for (const [index, [, store, durability]] of STORES.entries()) {
    const name = `bench-${crypto.randomUUID().slice(0, 8)}-${index}`;
    const options = { n: ENGINES, hwm, name, nats: server.url, ...(store !== undefined && { store }) };
    const cluster = stack.use(await Cluster.start(durability === undefined ? options : { ...options, durability }));
    const client: Client = stack.use(await cluster.connect());
    const view = client.loadBalancedView();
    await warmUp(view);
    views.push(view);
  }
  const inputs = Array.from({ length: tasks }, (_, x) => x);
  const rates = STORES.map((): number[] => []);
  // The first round, in which compilers still work, does not count.
  for (let round = -1; round < rounds; round++) {
    for (const [index, view] of views.entries()) {
      const rate = tasks / await elapsedMs(() => view.map(noop, inputs)) * 1_000;
      if (round >= 0) rates[index]?.push(rate);
    }
  }
  const without = rates[0] ?? [];
  return STORES.map(([store], index) => {
    const own = rates[index] ?? [];
    return {
      store,
      rate: Math.round(median(own)),
      ratio: rounded(median(own.map((rate, round) => rate / (without[round] ?? rate)))),
    };
  });
}
