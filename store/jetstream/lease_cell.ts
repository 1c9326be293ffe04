/**
 * The one value that says who leads, in a key-value bucket of NATS: changed only by who knows its revision.
 *
 * `lease.ts` says what the value means, and knows nothing of NATS: tests put a simulated cell in this one's place.
 * @module
 */
import type { NatsConnection, QueuedIterator } from "../../deps/nats.ts";
import { jetstream, JetStreamApiError, StorageType } from "../../deps/nats_jetstream.ts";
import { type KV, type KvEntry, Kvm, type KvWatchEntry } from "../../deps/nats_kv.ts";
import { leaseBucket } from "../../protocol/subjects.ts";
import { JetStreamAccess } from "./jetstream_access.ts";
import { isPassing, isWrongSequence, jetStreamError } from "./jetstream_errors.ts";
import { systemClock } from "../../wire/clock.ts";

const KEY = "leader";
/** A NATS cluster that has just started, or lost a server, has no leader for its streams for some seconds. */
const PATIENCE_MS = 30_000;
/** Longer than for what follows: a bucket of several replicas takes its time to be made. */
const OPEN_TIMEOUT_MS = 5_000;

/** What was read. Reads may be older than the newest write. */
export interface CellValue {
  /** Counts up with every change. */
  readonly revision: number;
  readonly text: string;
}

/** A value that several processes agree on. */
export interface LeaseCell {
  /** `null`: there is none yet. Rejects while the server does not answer; with `StoreError` if it never will. */
  read(): Promise<CellValue | null>;
  /**
   * Writes if the newest revision is `expected` (0: there is none), and gives the new one; `null` if it is another.
   * Rejects when no answer came: then it may be written or not; with `StoreError` if there will never be one.
   */
  write(text: string, expected: number): Promise<number | null>;
  /** Calls `changed` soon after each write, and with what is there now; what was missed meanwhile is left out. */
  watch(changed: (value: CellValue) => void): Disposable;
}

/** Options of `openLeaseCell`. */
export interface LeaseCellOptions {
  readonly cluster: string;
  /** Copies on as many servers of a NATS cluster; default 1. */
  readonly replicas?: number;
  /** How long one read or write waits for its answer, ms: a part of the lease. */
  readonly timeoutMs: number;
  /** How long the opening waits for a server that is away, ms; default 30,000. */
  readonly patience?: number;
}

/** Opens the cell of a cluster; the bucket is made if it is not there, and gets more replicas if it has fewer. Throws `StoreError`. */
export async function openLeaseCell(connection: NatsConnection, options: LeaseCellOptions): Promise<LeaseCell> {
  const { cluster, replicas = 1, timeoutMs, patience = PATIENCE_MS } = options;
  const access = await JetStreamAccess.open(connection, { cluster, patienceMs: patience, clock: systemClock });
  await access.persist("Cannot open", () => makeBucket(connection, leaseBucket(cluster), replicas));
  const kvm = new Kvm(jetstream(connection, { timeout: timeoutMs }));
  return new KvCell(await access.persist("Cannot open", () => kvm.open(leaseBucket(cluster))), cluster);
}

async function makeBucket(connection: NatsConnection, bucket: string, replicas: number): Promise<void> {
  const client = jetstream(connection, { timeout: OPEN_TIMEOUT_MS });
  const kv = await new Kvm(client).create(bucket, { history: 1, replicas, storage: StorageType.File });
  const { replicas: present } = await kv.status();
  if (present >= replicas) return;
  const { streams } = await client.jetstreamManager();
  await streams.update(`KV_${bucket}`, { num_replicas: replicas });
}

/** What the client returns for a watch; it keeps the consumer there that it has made, and lets nobody end it otherwise. */
interface KvWatch extends QueuedIterator<KvWatchEntry> {
  readonly _data?: { delete(): Promise<boolean> };
}

class KvCell implements LeaseCell {
  readonly #kv: KV;
  readonly #cluster: string;

  constructor(kv: KV, cluster: string) {
    this.#kv = kv;
    this.#cluster = cluster;
  }

  async read(): Promise<CellValue | null> {
    const entry = await this.#kv.get(KEY).catch((error) => {
      throw this.#rejection(error);
    });
    return entry === null ? null : valueOf(entry);
  }

  async write(text: string, expected: number): Promise<number | null> {
    try {
      return await this.#kv.put(KEY, text, { previousSeq: expected });
    } catch (error) {
      if (isWrongSequence(error)) return null;
      throw this.#rejection(error);
    }
  }

  #rejection(error: unknown): unknown {
    return isPassing(error) ? error : jetStreamError("Cannot lead with", this.#cluster, error);
  }

  watch(changed: (value: CellValue) => void): Disposable {
    let stop = () => {};
    const end = (entries: KvWatch) => {
      entries.stop();
      // Else the server would keep it for minutes. If it can't be told, that is what happens.
      entries._data?.delete().catch(() => {});
    };
    let isStopped = false;
    void (async () => {
      while (!isStopped) {
        try {
          const entries = await this.#kv.watch({ key: KEY }) as KvWatch;
          stop = () => end(entries);
          if (isStopped) stop();
          for await (const entry of entries) changed(valueOf(entry));
        } catch (error) {
          // Whoever waits looks by himself too, when he has heard nothing for long.
          if (!isPassing(error) && !(error instanceof JetStreamApiError)) return;
        }
        if (!isStopped) await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    return {
      [Symbol.dispose]: () => {
        isStopped = true;
        stop();
      },
    };
  }
}

function valueOf(entry: KvEntry): CellValue {
  return { revision: entry.revision, text: entry.string() };
}
