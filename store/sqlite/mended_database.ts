/**
 * A database that is opened although it is damaged: what can be read of it is written into a new file.
 *
 * The damaged file is kept beside it. Everything else goes through to `database.ts`. Synchronous; used by
 * `database_worker.ts`.
 * @module
 */
import { UNCONFIRMED } from "../journal.ts";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../wire/errors.ts";
import { STORE_SCHEMA } from "../store.ts";
import { Database } from "./database.ts";
import type { DatabaseConfig, DatabaseFound, DatabaseRequest, JournalPart, RecordPart } from "./database_requests.ts";
import { createTables, newerSchema, otherCluster } from "./database_schema.ts";
import { PAGE_BYTES, salvage, type SavedRows } from "./salvage.ts";
import { readWal } from "./wal_frames.ts";

const DAMAGED = /malformed|not a database/;

/** An open database, mended where it has to be. */
export class MendedDatabase implements Disposable {
  readonly #config: DatabaseConfig;
  #database: Database;
  /** What there is to tell of damage, and has not been told. */
  readonly #notes: string[] = [];

  /** As that of `Database`. */
  constructor(config: DatabaseConfig) {
    this.#config = config;
    finishMending(config.path);
    const wal = readFile(`${config.path}-wal`);
    const { damaged, unfinishedBytes } = readWal(wal, PAGE_BYTES);
    if (unfinishedBytes > 0) {
      this.#notes.push(
        `a transaction at the end of the log is half-written (${unfinishedBytes} bytes); ${UNCONFIRMED}`,
      );
    }
    this.#database = damaged > 0 ? this.#mend(`${damaged} pages of its log are damaged`) : this.#open();
  }

  /** What was in it. */
  get found(): DatabaseFound {
    return this.#mending(() => this.#database.found);
  }

  /** As that of `Database`. Damage that shows only now is mended too. */
  run(requests: readonly DatabaseRequest[]): unknown[] {
    const answers = this.#mending(() => this.#database.run(requests));
    requests.forEach(({ kind }, index) => {
      if (kind === "read-snapshot" || kind === "read-entries") {
        answers[index] = toldInJournal(answers[index] as JournalPart, this.#notes.splice(0));
      } else if (kind === "read-records") {
        answers[index] = toldInRecords(answers[index] as RecordPart, this.#notes.splice(0));
      }
    });
    return answers;
  }

  /** As that of `Database`. */
  tidy(): boolean {
    return this.#database.tidy();
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }

  #open(): Database {
    try {
      return new Database(this.#config);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return this.#mend(`SQLite says "${error.message}"`);
    }
  }

  #mending<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#database[Symbol.dispose]();
      this.#database = this.#mend(`SQLite says "${error.message}"`);
      return work();
    }
  }

  /** Gives a new database with what could be saved. Where that is nothing, the file is no store, and stays as it is. */
  #mend(reason: string): Database {
    const { path, cluster } = this.#config;
    const saved = salvage(readFile(path), readFile(`${path}-wal`));
    const owner = saved.meta.get("cluster");
    if (saved.schema > STORE_SCHEMA && owner !== undefined) {
      throw new StoreError(newerSchema(`"${path}"`, saved.schema));
    }
    if (owner !== undefined && owner !== cluster) throw new StoreError(otherCluster(`"${path}"`, owner, cluster));
    if (saved.count === 0 && owner === undefined) {
      throw new StoreError(
        `Cannot open the store "${path}": it is no store, or damaged beyond repair (${reason}); ` +
          "move it away, bring back a copy, or name another file.",
      );
    }
    writeMended(path, cluster, saved);
    const kept = finishMending(path);
    this.#notes.push(
      `the store "${path}" was damaged (${reason}): ${saved.count} rows were saved into a new file, ` +
        `and the damaged one is kept as "${kept}"`,
    );
    return new Database(this.#config);
  }
}

function isDamage(error: unknown): error is Error {
  return error instanceof Error && error.name !== "StoreError" && DAMAGED.test(error.message);
}

/** The notes are told before what was found. */
function toldInJournal(part: JournalPart, notes: readonly string[]): JournalPart {
  const told = notes.map((note) => [0, note] as const);
  return { ...part, pieces: { ...part.pieces, damages: [...told, ...part.pieces.damages] } };
}

function toldInRecords(part: RecordPart, notes: readonly string[]): RecordPart {
  const told = notes.map((note) => [0, "", note] as const);
  return { ...part, rows: { ...part.rows, damages: [...told, ...part.rows.damages] } };
}

function writeMended(path: string, cluster: string, saved: SavedRows): void {
  const unfinished = `${path}.mending`;
  for (const file of [unfinished, `${unfinished}-journal`]) remove(file);
  const database = new DatabaseSync(unfinished);
  try {
    database.exec(`PRAGMA page_size=${PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL`);
    createTables(database, cluster, STORE_SCHEMA);
    database.exec("BEGIN");
    for (const table of ["entries", "pieces", "records", "blobs"] as const) {
      for (const values of saved[table].values()) {
        // Of two with one number, which a damaged tree may hold, one is as good as the other.
        database.prepare(`INSERT OR REPLACE INTO ${table} VALUES(${values.map(() => "?").join(", ")})`).run(...values);
      }
    }
    database.exec("COMMIT");
  } finally {
    database.close();
  }
  Deno.renameSync(unfinished, `${path}.mended`);
}

/** Puts a mended file in the place of the damaged one, which it gives the new name of. A crash in between is no harm. */
function finishMending(path: string): string | null {
  if (!exists(`${path}.mended`)) return null;
  let number = 1;
  while (exists(`${path}.damaged-${number}`)) number++;
  const kept = `${path}.damaged-${number}`;
  // The log first: without its file it says nothing, but beside the new file it would be taken for a part of that.
  for (const suffix of ["-wal", ""]) {
    if (exists(`${path}${suffix}`)) Deno.renameSync(`${path}${suffix}`, `${kept}${suffix}`);
  }
  Deno.renameSync(`${path}.mended`, path);
  return kept;
}

function readFile(path: string): Uint8Array {
  return exists(path) ? Deno.readFileSync(path) : new Uint8Array(0);
}

function remove(path: string): void {
  if (exists(path)) Deno.removeSync(path);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
