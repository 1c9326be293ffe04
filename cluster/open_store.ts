/**
 * Opens the store that a controller is told to use, and loads no other.
 *
 * Called by `controller.ts` before anything is accepted.
 * @module
 */
import { type OpenedJournal, openJournal } from "../scheduler/journal/open_journal.ts";
import type { NatsConnection } from "../deps/nats.ts";
import { replicasOn } from "./lead.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../wire/log.ts";
import type { ControllerConfig, StoreConfig } from "./control_line.ts";

/** An open store and what was in it. */
export interface OpenedStore extends AsyncDisposable {
  readonly journal: OpenedJournal;
  /** Resolves with the reason when it can't be written any more. */
  readonly lost: Promise<Error>;
}

/** Opens it and reads all of it. Throws `StoreError`. */
export async function openStore(
  config: ControllerConfig,
  store: StoreConfig,
  connection: NatsConnection | null,
  log: Log,
): Promise<OpenedStore> {
  await using stack = new AsyncDisposableStack();
  const opened = stack.use(await openPorts(config, store, connection));
  const journal = await openJournal(opened, { waits: store.durability !== "none", log });
  stack.use(journal.writer);
  const kept = stack.move();
  return {
    journal,
    lost: Promise.race([opened.lost, journal.writer.failed]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function openPorts(
  { cluster }: ControllerConfig,
  { path, durability }: StoreConfig,
  connection: NatsConnection | null,
): Promise<Store> {
  if (connection !== null) {
    const { openJetStream } = await import("../store/jetstream/open_jetstream.ts");
    return await openJetStream(connection, { cluster, durability, replicas: replicasOn(connection) });
  }
  if (path === null) throw new Error("a store is a file, or on a connection");
  const { openSqlite } = await import("../store/sqlite/open_sqlite.ts");
  return await openSqlite(path, { cluster, durability });
}
