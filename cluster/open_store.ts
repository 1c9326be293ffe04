/**
 * Opens the store that a controller is told to use, and loads no other.
 *
 * Called by `controller.ts` before anything is accepted.
 * @module
 */
import { type OpenedJournal, openJournal } from "../scheduler/journal/open_journal.ts";
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
export async function openStore(config: ControllerConfig, store: StoreConfig, log: Log): Promise<OpenedStore> {
  await using stack = new AsyncDisposableStack();
  const opened = stack.use(await openPorts(config, store));
  const journal = await openJournal(opened, { waits: store.durability !== "none", log });
  stack.use(journal.writer);
  const kept = stack.move();
  return { journal, lost: opened.lost, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function openPorts({ cluster }: ControllerConfig, { kind, path, durability }: StoreConfig): Promise<Store> {
  if (kind === "sqlite" && path !== null) {
    const { openSqlite } = await import("../store/sqlite/open_sqlite.ts");
    return await openSqlite(path, { cluster, durability });
  }
  throw new Error(`no store "${kind}"`);
}
