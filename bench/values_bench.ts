/**
 * Big values: a `Float64Array` to one engine and back, and to eight, beside the same bytes through raw NATS messages.
 *
 * Exports `benchValues` for `bench/main.ts`; run alone (`deno run -A bench/values_bench.ts [embedded | nats-server]
 * [megabytes]`) it prints its figures as JSON. Linux only: it reads the peak memory of each process.
 * @module
 */
import { clusterStatus } from "../cluster/cluster_status.ts";
import { Cluster } from "../mod.ts";
import { NatsServer } from "../testing/nats_server.ts";
import type { Carrier } from "./bench_cluster.ts";
import { peakMemoryMb } from "./process_meter.ts";
import { openRawPair, type RawPair } from "./raw_nats_bench.ts";
import { elapsedMs, median, rounded } from "./statistics.ts";

/** One array of `megabytes` (of 1,000,000 bytes). Times are medians, ms. */
export interface ValuesFigures {
  readonly megabytes: number;
  /** The same bytes in raw messages of 512 KB to an echo process and back. */
  readonly rawMs: number;
  /** To one engine and back. */
  readonly roundTripMs: number;
  /** To one engine; the reply is a number. */
  readonly oneEngineMs: number;
  /** To eight engines by one `apply`; the replies are numbers. */
  readonly eightEnginesMs: number;
  /** The most that each process ever held, MB of 1024 × 1024 bytes. */
  readonly peakMb: {
    readonly client: number;
    readonly controller: number;
    readonly host: number;
    readonly largestEngine: number;
  };
}

const BROADCAST_ENGINES = 8;
const PIECE = new Uint8Array(512 * 1024);
const PIECES_UNDER_WAY = 8;
const SUBJECT = "bench.echo";
const REPLIES = "bench.values";

/** `rounds` rounds of everything, in turns, so that what else the machine does meets all of them alike. */
export async function benchValues(carrier: Carrier, megabytes: number, rounds: number): Promise<ValuesFigures> {
  await using stack = new AsyncDisposableStack();
  const raw = stack.use(await openRawPair(carrier));
  const server = carrier === "embedded" ? null : stack.use(await NatsServer.start());
  const options = { n: BROADCAST_ENGINES, ...(server === null ? {} : { nats: server.url }) };
  const cluster = stack.use(await Cluster.start(options));
  const client = stack.use(await cluster.connect());
  await client.waitForEngines(BROADCAST_ENGINES, { timeout: 60_000 });
  const [one, all] = [client.at(client.ids[0] ?? 0), client.directView()];
  const status = await clusterStatus(cluster.name);
  await all.apply((array: Float64Array) => array.length, new Float64Array(10_000));

  const series = { raw: [] as number[], roundTrip: [] as number[], one: [] as number[], eight: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    // Another content each time: what a host has already is not sent again.
    const fresh = () => new Float64Array(megabytes * 125_000).fill(Math.random());
    const [there, single, broadcast] = [fresh(), fresh(), fresh()];
    series.raw.push(await elapsedMs(() => echo(raw, megabytes * 1e6)));
    series.roundTrip.push(await elapsedMs(() => one.apply((array: Float64Array) => array.fill(1), there)));
    series.one.push(await elapsedMs(() => one.apply((array: Float64Array) => array.length, single)));
    series.eight.push(await elapsedMs(() => all.apply((array: Float64Array) => array.length, broadcast)));
  }
  const engines = status.engines.flatMap(({ pid }) => pid === null || pid === undefined ? [] : [peakMemoryMb(pid)]);
  return {
    megabytes,
    rawMs: rounded(median(series.raw)),
    roundTripMs: rounded(median(series.roundTrip)),
    oneEngineMs: rounded(median(series.one)),
    eightEnginesMs: rounded(median(series.eight)),
    peakMb: {
      client: peakMemoryMb(Deno.pid),
      controller: peakMemoryMb(status.pid),
      host: peakMemoryMb(status.hosts[0]?.pid ?? 0),
      largestEngine: Math.max(...engines),
    },
  };
}

/** Resolves when all bytes came back. */
function echo({ connection }: RawPair, size: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const pieces = Math.ceil(size / PIECE.length);
  let [sent, received] = [0, 0];
  const send = () => {
    for (; sent < pieces && sent - received < PIECES_UNDER_WAY; sent++) {
      connection.publish(SUBJECT, PIECE, { reply: REPLIES });
    }
  };
  connection.subscribe(REPLIES, {
    max: pieces,
    callback: (error) => {
      if (error) return reject(error);
      received++;
      if (received === pieces) resolve();
      else send();
    },
  });
  send();
  return promise;
}

if (import.meta.main) {
  const carrier: Carrier = Deno.args[0] === "nats-server" ? "nats-server" : "embedded";
  console.log(JSON.stringify(await benchValues(carrier, Number(Deno.args[1] ?? 100), Number(Deno.args[2] ?? 3))));
}
