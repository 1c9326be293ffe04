/**
 * Opens a store in JetStream: its streams are made or found, and whoever wrote them before is shut out.
 *
 * Loaded by `cluster/open_store.ts` only where JetStream is asked for. Who may open it is the business of `lease.ts`; but
 * the last to open it is the only one that can write, whatever anybody believes.
 * @module
 */
import type { NatsConnection } from "../../deps/nats.ts";
import { type Clock, systemClock } from "../../wire/clock.ts";
import type { Durability, Store } from "../store.ts";
import { StoreHealth } from "../store_health.ts";
import { JetStreamAccess } from "./jetstream_access.ts";
import { JetStreamBlobs } from "./jetstream_blobs.ts";
import { jetStreamError } from "./jetstream_errors.ts";
import { JetStreamJournal } from "./jetstream_journal.ts";
import { JetStreamRecords } from "./jetstream_records.ts";
import { PartFolder } from "./part_folder.ts";
import { ensureStream, type StreamRole } from "./stream_setup.ts";

/** How long a server may be away, unless told otherwise. */
const PATIENCE_MS = 30_000;

/** Options of `openJetStream`. */
export interface JetStreamOptions {
  /**
   * `none`: calls do not wait for the server. `process`: the server has it, in a file; its death or ours costs nothing.
   * `power`: the same, since that is what JetStream offers: a server writes to the disk every `sync_interval`, by default
   * 2 minutes, so that a power cut may cost what came since, unless `replicas` are on other machines, or the server is
   * configured with `sync_interval: always` (nats-server 2.10 or later).
   */
  readonly durability: Durability;
  /** Whose store it is: the names of all streams contain it. */
  readonly cluster: string;
  /** Copies on as many servers of a NATS cluster; default 1. */
  readonly replicas?: number;
  /** No stream may grow beyond this many bytes. Default: as the account allows. */
  readonly maxBytes?: number;
  /** How long what is written waits for a server that is away before it fails, ms; default 30,000. */
  readonly patience?: number;
  /** Default: that of the machine. */
  readonly clock?: Clock;
  /** Ends the opening. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the store on a connection, which stays the caller's to close, after the store.
 *
 * Throws `StoreError`: no JetStream for this server or account, no room, no permission for the subjects, streams of a
 * newer version.
 */
export async function openJetStream(connection: NatsConnection, options: JetStreamOptions): Promise<Store> {
  const { cluster, durability, replicas = 1, maxBytes = -1, patience = PATIENCE_MS, clock = systemClock, signal } =
    options;
  signal?.throwIfAborted();
  const access = await JetStreamAccess.open(connection, { cluster, patienceMs: patience, clock });
  const ensure = async (role: StreamRole) => {
    signal?.throwIfAborted();
    return await ensureStream(access, role, { replicas, maxBytes });
  };
  const health = new StoreHealth();
  const stream = await ensure("journal");
  const snapshots = await ensure("snapshots");
  const blobs = await ensure("blobs");
  const records = await JetStreamRecords.open(access, await ensure("records"), health);
  signal?.throwIfAborted();
  const journal = await JetStreamJournal.open({ access, stream, snapshots, health, durability });
  void access.closed.then(() => {
    health.fail(jetStreamError("Cannot write", cluster, new Error("the connection to NATS has ended")));
  });
  return {
    journal,
    records,
    blobs: new JetStreamBlobs(new PartFolder(access, blobs), health, () => journal.prove()),
    lost: health.lost,
    async [Symbol.asyncDispose]() {
      health.close(`the store of "${cluster}" in JetStream`);
      await journal.idle;
      await records.idle;
    },
  };
}
