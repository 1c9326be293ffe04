/**
 * Opens a store in a SQLite file: the folder, the lock, the thread of the database, in this order.
 *
 * Loaded by `cluster/open_store.ts` only where SQLite is asked for. Needs read, and write in the folder of the store.
 * @module
 */
import type { Durability, Store } from "../store.ts";
import { DatabaseLink } from "./database_link.ts";
import { fileError } from "./database_errors.ts";
import { SqliteBlobs, SqliteJournal, SqliteRecords } from "./sqlite_store.ts";
import { lockStore } from "./store_lock.ts";

/** Options of `openSqlite`. */
export interface SqliteOptions {
  /**
   * `none`: calls do not wait, and the system writes when it likes. `process`: committed; the death of the process costs
   * nothing, a power cut may cost the newest commits. `power`: committed and on the disk.
   */
  readonly durability: Durability;
  /** Whose store it is; that of another cluster is refused. */
  readonly cluster: string;
  /** The database may not grow beyond this many bytes. Default: as the disk allows. */
  readonly maxBytes?: number;
  /** Ends the opening. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the store in the file `path`, which is made, with its folder, where there is none. Beside it lie `path-wal`, the
 * newest commits, and `path.lock`.
 *
 * Throws `StoreError`: another controller has it open, it can't be written, it is of a newer version, of another cluster
 * or no store at all. Nothing in it is changed then.
 *
 * @example
 * ```ts
 * import { openSqlite } from "./open_sqlite.ts";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using store = await openSqlite(`${folder}/journal.db`, { durability: "process", cluster: "demo" });
 *   await store.journal.append(new TextEncoder().encode("accepted 1"));
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openSqlite(path: string, options: SqliteOptions): Promise<Store> {
  const { durability, cluster, maxBytes = 0, signal } = options;
  signal?.throwIfAborted();
  await makeFolder(path);
  const lock = await lockStore(path);
  try {
    // Of the system's own accord it would be readable by all, and so would the log beside it.
    await Deno.open(path, { write: true, create: true, mode: 0o600 }).then((file) => file.close(), (error) => {
      throw fileError("Cannot open", path, error);
    });
    const { link, found } = await DatabaseLink.open({ path, cluster, durability, maxBytes }, lock, signal);
    return {
      journal: new SqliteJournal(link, durability, found.tailBytes),
      records: new SqliteRecords(link),
      blobs: new SqliteBlobs(link),
      lost: link.health.lost,
      [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function makeFolder(path: string): Promise<void> {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (end <= 0) return;
  await Deno.mkdir(path.slice(0, end), { recursive: true, mode: 0o700 }).catch((error) => {
    throw fileError("Cannot open", path, error);
  });
}
