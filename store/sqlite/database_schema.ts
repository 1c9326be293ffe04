/**
 * The tables of a store, and whether a file holds such a store: of this schema, and of this cluster.
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../wire/errors.ts";
import { STORE_SCHEMA } from "../store.ts";

/** "Trup" in the header of the file says whose it is. */
const APPLICATION_ID = 0x5472_7570;

const TABLE_NAMES = ["meta", "entries", "pieces", "records", "blobs"];

const TABLES = `
  CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS entries(sequence INTEGER PRIMARY KEY, count INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS pieces(
    sequence INTEGER PRIMARY KEY, snapshot INTEGER NOT NULL, next_entry INTEGER NOT NULL, is_end INTEGER NOT NULL,
    checksum INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS records(
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, checksum INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS blobs(
    sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL);
`;

/** Throws `StoreError` unless the file is empty or a store of this or an older schema. Changes nothing. */
export function checkDatabase(database: DatabaseSync, { path, cluster }: { path: string; cluster: string }): void {
  const tables = new Set(database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map(nameOf));
  const isOurs = pragma(database, "application_id") === APPLICATION_ID || TABLE_NAMES.every((name) => tables.has(name));
  if (tables.size === 0 && pragma(database, "page_count") <= 1) return;
  if (tables.size > 0 && !isOurs) {
    throw new StoreError(
      `Cannot open the store "${path}": it is a database of another program; name another file, or move this one away.`,
    );
  }
  const schema = pragma(database, "user_version");
  if (schema > STORE_SCHEMA) throw new StoreError(newerSchema(`"${path}"`, schema));
  // As SQLite would say it, had it looked: tables that are not there would be made anew, and hide what is lost.
  if (!TABLE_NAMES.every((name) => tables.has(name))) throw new Error("database is malformed: tables are missing");
  const owner = database.prepare("SELECT value FROM meta WHERE name = 'cluster'").get()?.value;
  if (owner !== undefined && owner !== cluster) throw new StoreError(otherCluster(`"${path}"`, String(owner), cluster));
}

function nameOf(row: Readonly<Record<string, unknown>>): string {
  return String(row.name);
}

/** What to say of a store that a newer Troupe has written. */
export function newerSchema(store: string, schema: number): string {
  return `Cannot open the store ${store}: a newer version of Troupe has written it (schema ${schema}, this version reads ` +
    `up to ${STORE_SCHEMA}); start that version, or name another store.`;
}

/** What to say of a store of another cluster. */
export function otherCluster(store: string, owner: string, cluster: string): string {
  return `Cannot open the store ${store}: it belongs to the cluster "${owner}", and this one is "${cluster}"; ` +
    "start that one, or name another store.";
}

/** Makes the tables that are not there yet, and writes down whose they are. */
export function createTables(database: DatabaseSync, cluster: string, schema: number): void {
  database.exec(`BEGIN IMMEDIATE; ${TABLES}`);
  database.prepare("INSERT OR IGNORE INTO meta VALUES('cluster', ?)").run(cluster);
  database.exec(`PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${schema}; COMMIT`);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
