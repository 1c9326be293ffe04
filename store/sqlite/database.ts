/**
 * One SQLite file as a store: carries out batches of requests, each batch one transaction.
 *
 * Synchronous, and slow where the disk is: it lives in a thread of its own, which `database_worker.ts` is. Knows nothing
 * of promises and of who asks. Throws SQLite's own errors; `database_errors.ts` has the words for them.
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { STORE_SCHEMA } from "../store.ts";
import { BlobTable } from "./blob_table.ts";
import type { DatabaseConfig, DatabaseFound, DatabaseRequest, WriteRequest } from "./database_requests.ts";
import { checkDatabase, createTables } from "./database_schema.ts";
import { EntryTable } from "./entry_table.ts";
import { RecordTable } from "./record_table.ts";
import { PAGE_BYTES } from "./salvage.ts";
import { SnapshotTable } from "./snapshot_table.ts";

/** `process` keeps the order of writes, so that a power cut costs the newest of them and never the file. */
const SYNCHRONOUS = { none: "OFF", process: "NORMAL", power: "FULL" } as const;
const WAL_LIMIT_BYTES = 16 * 2 ** 20;
/** Free pages beyond this many, and beyond half of the file, go back to the disk. */
const FREE_PAGES = 1_024;
const VACUUM_PAGES = 256;

/** An open database. */
export class Database implements Disposable {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #entries: EntryTable;
  readonly #snapshots: SnapshotTable;
  readonly #records: RecordTable;
  readonly #blobs: BlobTable;

  /** Opens it, makes what is missing, and checks that it is ours and readable. */
  constructor(config: DatabaseConfig) {
    const database = new DatabaseSync(config.path);
    try {
      // First of all, and before the file is looked into: without it a second process could open it as well.
      database.exec("PRAGMA locking_mode=EXCLUSIVE");
      database.exec("PRAGMA cell_size_check=ON");
      checkDatabase(database, config);
      database.exec(`PRAGMA page_size=${PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL`);
      database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=${SYNCHRONOUS[config.durability]}`);
      database.exec(`PRAGMA fullfsync=${config.durability === "power" ? "ON" : "OFF"}`);
      database.exec(`PRAGMA journal_size_limit=${WAL_LIMIT_BYTES}`);
      if (config.maxBytes > 0) database.exec(`PRAGMA max_page_count=${Math.ceil(config.maxBytes / PAGE_BYTES)}`);
      createTables(database, config.cluster, STORE_SCHEMA);
      this.#database = database;
      this.#begin = database.prepare("BEGIN IMMEDIATE");
      this.#commit = database.prepare("COMMIT");
      this.#snapshots = new SnapshotTable(database);
      this.#entries = new EntryTable(database, this.#snapshots.newest.nextEntry);
      this.#records = new RecordTable(database);
      this.#blobs = new BlobTable(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** What was in it. */
  get found(): DatabaseFound {
    return { tailBytes: this.#entries.tailBytes() };
  }

  /** Carries out all of them or, when it throws, none. Gives an answer to each. */
  run(requests: readonly DatabaseRequest[]): unknown[] {
    this.#begin.run();
    try {
      const answers = requests.map((request) => this.#answer(request));
      this.#commit.run();
      return answers;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Removes a part of what a snapshot has replaced. `true`: there is more. */
  tidy(): boolean {
    this.#begin.run();
    try {
      const more = this.#compact() || this.#shrink();
      this.#commit.run();
      return more;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Closes it; SQLite takes the log in and removes it. */
  [Symbol.dispose](): void {
    this.#database.close();
  }

  #answer(request: DatabaseRequest): unknown {
    switch (request.kind) {
      case "read-snapshot":
        return this.#snapshots.read(request.after);
      case "read-entries":
        return this.#entries.read(request.after);
      case "read-records":
        return this.#records.read(request.after);
      case "get-blob":
        return this.#blobs.get(request.hash);
      case "list-blobs":
        return this.#blobs.list();
      default:
        return this.#write(request);
    }
  }

  #write(request: WriteRequest): void {
    switch (request.kind) {
      case "append":
        return this.#entries.append(request.lengths, request.bytes);
      case "snapshot-begin":
        return this.#snapshots.begin(this.#entries.next);
      case "snapshot-piece":
        return this.#snapshots.add(request.bytes);
      case "snapshot-end":
        return this.#snapshots.end();
      case "snapshot-drop":
        return this.#snapshots.drop();
      case "change":
        return this.#records.change(request.changes);
      case "put-blob":
        return this.#blobs.put(request.hash, request.bytes);
      case "delete-blobs":
        return this.#blobs.delete(request.hashes);
    }
  }

  #compact(): boolean {
    const { nextEntry, firstPiece } = this.#snapshots.newest;
    return this.#entries.deleteBefore(nextEntry) || this.#snapshots.deleteBefore(firstPiece);
  }

  /** Gives pages back to the disk where most of the file is free. */
  #shrink(): boolean {
    const [free, pages] = [this.#pragma("freelist_count"), this.#pragma("page_count")];
    if (free < FREE_PAGES || free < pages / 2) return false;
    // All of its steps, each of which frees a page: `exec` would take one.
    this.#database.prepare(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`).all();
    return true;
  }

  #pragma(name: string): number {
    return Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  }

  #rollBack(): void {
    // After some errors (a full disk among them) SQLite has done it itself.
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }
}
