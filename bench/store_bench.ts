/**
 * What a journal takes: appends a second with many under way, and how long a lone one waits, for each store and promise.
 *
 * Exports for `bench/main.ts`; run alone (`deno run -A bench/store_bench.ts`) it prints its figures as JSON.
 * @module
 */
import { dialNats } from "../bus/nats_transport.ts";
import { openJetStream } from "../store/jetstream/open_jetstream.ts";
import { openSqlite } from "../store/sqlite/open_sqlite.ts";
import type { Durability, Store } from "../store/store.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { elapsedMs, median, rounded, type Spread, spread } from "./statistics.ts";

/** One store with one promise. */
export interface StoreFigures {
  /** With `underWay` entries on their way at a time; median over the rounds. */
  readonly appendsPerSecond: number;
  readonly underWay: number;
  /** One append after the other, ms. */
  readonly loneMs: Spread;
  /** From the opening of the store, as the last round left it, to the last entry read, ms. */
  readonly readMs: number;
  /** How many entries that were. */
  readonly entries: number;
}

/** Each promise of one store. */
export type PerDurability = Readonly<Record<Durability, StoreFigures>>;

/** The stores that there are here. */
export interface StoresReport {
  readonly sqlite: PerDurability;
  readonly jetstream: PerDurability | { readonly missing: string };
}

/** What is known of a task takes about as much. */
const ENTRY = new Uint8Array(300).fill(7);
/** As many as a controller has under way that is flooded with tasks. */
const UNDER_WAY = 2_048;

/** Measures `entries` appends a round, and `calls` lone ones. */
export async function benchStores(
  entries: number,
  calls: number,
  rounds: number,
  natsServerMissing: string | null,
): Promise<StoresReport> {
  return {
    sqlite: await perDurability(async (durability) => {
      await using folder = await temporaryFolder();
      let opened = 0;
      return await benchStore(
        (isAgain) =>
          openSqlite(`${folder.path}/${isAgain ? opened : opened += 1}.db`, { durability, cluster: "bench" }),
        { entries, calls, rounds },
      );
    }),
    jetstream: natsServerMissing === null
      ? await perDurability(async (durability) => {
        await using server = await NatsServer.start({ jetstream: true });
        const connection = await dialNats({ servers: server.url });
        let opened = 0;
        const figures = await benchStore(
          (isAgain) => openJetStream(connection, { durability, cluster: `bench-${isAgain ? opened : opened += 1}` }),
          { entries, calls, rounds },
        );
        await connection.close();
        return figures;
      })
      : { missing: natsServerMissing },
  };
}

async function perDurability(measure: (durability: Durability) => Promise<StoreFigures>): Promise<PerDurability> {
  return { none: await measure("none"), process: await measure("process"), power: await measure("power") };
}

interface StoreAmounts {
  readonly entries: number;
  readonly calls: number;
  readonly rounds: number;
}

async function benchStore(
  open: (isAgain: boolean) => Promise<Store>,
  { entries, calls, rounds }: StoreAmounts,
): Promise<StoreFigures> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const store = await open(false);
    // Closed within the time: with `none` that is when it is written.
    const ms = await elapsedMs(async () => {
      await appendMany(store, entries);
      await store[Symbol.asyncDispose]();
    });
    rates.push(entries / ms * 1_000);
  }
  let found = 0;
  const readMs = await elapsedMs(async () => {
    await using store = await open(true);
    for await (const piece of store.journal.read()) if (piece.kind === "entry") found++;
  });
  await using store = await open(false);
  const series: number[] = [];
  for (let call = 0; call < calls; call++) series.push(await elapsedMs(() => store.journal.append(ENTRY)));
  return {
    appendsPerSecond: Math.round(median(rates)),
    underWay: UNDER_WAY,
    loneMs: spread(series),
    readMs: rounded(readMs),
    entries: found,
  };
}

/** As a controller does: what a turn brings is appended together, and no turn waits for the one before. */
async function appendMany(store: Store, entries: number): Promise<void> {
  let left = entries;
  const append = async () => {
    while (left > 0) {
      left--;
      await store.journal.append(ENTRY);
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, append));
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "troupe-bench-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

if (import.meta.main) console.log(JSON.stringify(await benchStores(50_000, 200, 3, null), null, 2));
