/** What the SQLite adapter makes of damaged, cut and foreign files: nothing good is lost, and nothing is hidden. @module */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { JournalPart } from "../../../store/sqlite/database_requests.ts";
import { MendedDatabase } from "../../../store/sqlite/mended_database.ts";
import { openSqlite } from "../../../store/sqlite/open_sqlite.ts";
import { unpackPieces } from "../../../store/sqlite/packed_pieces.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { StoreError } from "../../../wire/errors.ts";
import { bytesOf, piecesOf, readJournal, readRecords, textOf } from "./conformance/store_reading.ts";
import { SqlitePlace } from "./sqlite_place.ts";

const OPTIONS = { durability: "process", cluster: "test" } as const;
const BLOB = bytesOf("function () {}");

function entryText(index: number): string {
  return `entry number ${index} ${"x".repeat(index % 50)} end${index}`;
}

/** A store with a snapshot, entries, rows and a blob; the entries one commit each where `commits`. */
async function fill(place: SqlitePlace, entries: number, commits = false): Promise<void> {
  await using store = await place.open();
  await store.journal.append(bytesOf("old"));
  await store.journal.snapshot(piecesOf("first piece", "second piece"));
  for (let i = 0; i < entries; i++) {
    const appended = store.journal.append(bytesOf(entryText(i)));
    if (commits) await appended;
  }
  await store.records.change(Array.from({ length: 20 }, (_, index) => [`id${index}`, bytesOf(`row ${index}`)]));
  await store.blobs.put(contentHash(BLOB), BLOB);
}

/** The path of a copy made while the newest commits are in the log only. */
async function copyWithLog(place: SqlitePlace, entries: number): Promise<string> {
  await using store = await place.open();
  for (let i = 0; i < entries; i++) await store.journal.append(bytesOf(entryText(i)));
  return await place.copy();
}

async function change(path: string, at: (bytes: Uint8Array) => void): Promise<void> {
  const bytes = await Deno.readFile(path);
  at(bytes);
  await Deno.writeFile(path, bytes);
}

async function readAll(path: string): Promise<{ journal: string[]; records: string[] }> {
  await using store = await openSqlite(path, OPTIONS);
  return { journal: await readJournal(store.journal), records: await readRecords(store.records) };
}

/** Without a thread of its own, which takes longer to start than all this. */
function readInThisThread(path: string): string[] {
  using database = new MendedDatabase({ path, cluster: "test", durability: "process", maxBytes: 0 });
  const found: string[] = [];
  for (const kind of ["read-snapshot", "read-entries"] as const) {
    for (let after: number | null = 0; after !== null;) {
      const [part] = database.run([{ kind, after }]) as [JournalPart];
      for (const piece of unpackPieces(part.pieces)) {
        found.push(piece.kind === "damage" ? `damage ${piece.reason}` : `${piece.kind} ${textOf(piece.bytes)}`);
      }
      after = part.next;
    }
  }
  return found;
}

function flip(bytes: Uint8Array, at: number, bits: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ bits;
}

function placeOf(bytes: Uint8Array, text: string): number {
  const at = new TextDecoder("latin1").decode(bytes).indexOf(text);
  ok(at > 0, `"${text}" is in the file`);
  return at;
}

Deno.test("sqlite: a flipped byte in an entry costs this entry, and its neighbours in the same row are read", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 30);
  await change(place.path, (bytes) => flip(bytes, placeOf(bytes, "end11"), 1));
  const { journal, records } = await readAll(place.path);
  const texts = Array.from({ length: 30 }, (_, index) => `entry ${entryText(index)}`);
  // "old" is number 1.
  texts[11] = "damage entry 13 is damaged, as the checksum says";
  deepEqual(journal, ["snapshot first piece", "snapshot second piece", ...texts]);
  equal(records.length, 20);
});

Deno.test("sqlite: a damaged length of an entry hides none of those after it", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 30);
  await change(place.path, (bytes) => flip(bytes, placeOf(bytes, "entry number 11") - 7, 0x10));
  const { journal } = await readAll(place.path);
  equal(journal.length, 32);
  equal(journal[13], "damage entry 13 is damaged, as the checksum says");
});

Deno.test("sqlite: damaged pieces, rows and blobs are told of or not given out", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 3);
  await change(place.path, (bytes) => {
    flip(bytes, placeOf(bytes, "first piece"), 1);
    flip(bytes, placeOf(bytes, "row 7"), 1);
    flip(bytes, placeOf(bytes, "function ()"), 1);
  });
  await using store = await openSqlite(place.path, OPTIONS);
  const journal = await readJournal(store.journal);
  deepEqual(journal.slice(0, 2), [
    "damage a piece of the snapshot is damaged, as the checksum says",
    "snapshot second piece",
  ]);
  const records = await readRecords(store.records);
  equal(records.length, 20);
  match(records[7] ?? "", /^id7!the row of "id7" is damaged/);
  equal(await store.blobs.get(contentHash(BLOB)), null);
});

Deno.test("sqlite: a page of zeros costs the rows on it; the rest is saved into a new file, the old one is kept", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 2_000);
  await change(place.path, (bytes) => {
    const page = Math.floor(placeOf(bytes, "end1000") / 4_096) * 4_096;
    bytes.fill(0, page, page + 4_096);
  });
  const { journal, records } = await readAll(place.path);
  match(journal[0] ?? "", /^damage the store ".*" was damaged \(.*\): \d+ rows were saved .* "(.*)\.damaged-1"$/);
  const found = journal.filter((line) => line.startsWith("entry"));
  ok(found.length > 1_850 && found.length < 2_000, `${found.length} of 2000 entries were saved`);
  const missing = journal.filter((line) => /^damage entr.* missing$/.test(line));
  equal(missing.length, 1, `told of: ${missing}`);
  equal(records.length, 20);
  ok((await Deno.stat(`${place.path}.damaged-1`)).isFile);
  const again = await readAll(place.path);
  deepEqual(again.journal, journal.slice(1));
});

Deno.test("sqlite: without its first page a store is saved from its rows alone", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 500);
  await change(place.path, (bytes) => bytes.fill(0xff, 0, 4_096));
  const { journal, records } = await readAll(place.path);
  equal(journal.filter((line) => line.startsWith("entry")).length, 500);
  equal(journal.filter((line) => line.startsWith("snapshot")).length, 2);
  equal(journal.filter((line) => line.startsWith("damage")).length, 1);
  equal(records.length, 20);
});

Deno.test("sqlite: a damaged frame in the log costs its own rows, and not all commits after it", async () => {
  await using place = await SqlitePlace.make();
  const path = await copyWithLog(place, 200);
  const frames = Math.floor(((await Deno.stat(`${path}-wal`)).size - 32) / 4_120);
  await change(`${path}-wal`, (bytes) => flip(bytes, 32 + Math.floor(frames / 2) * 4_120 + 4_000, 1));
  const { journal } = await readAll(path);
  match(journal[0] ?? "", /1 pages of its log are damaged/);
  const found = journal.filter((line) => line.startsWith("entry"));
  deepEqual(found, Array.from({ length: 200 }, (_, index) => `entry ${entryText(index)}`));
});

Deno.test("sqlite: a log without its header is read all the same", async () => {
  await using place = await SqlitePlace.make();
  const path = await copyWithLog(place, 50);
  await change(`${path}-wal`, (bytes) => bytes.fill(0, 0, 32));
  const { journal } = await readAll(path);
  equal(journal.filter((line) => line.startsWith("entry")).length, 50, journal[0]);
});

Deno.test("sqlite: a log that was cut keeps every commit before the cut, and tells of the half one", async () => {
  await using place = await SqlitePlace.make();
  const path = await copyWithLog(place, 100);
  const size = (await Deno.stat(`${path}-wal`)).size;
  for (const cut of [1, 5_000, 100_000]) {
    const copy = `${path}-${cut}`;
    await Deno.copyFile(path, copy);
    await Deno.copyFile(`${path}-wal`, `${copy}-wal`);
    await Deno.truncate(`${copy}-wal`, size - cut);
    const { journal } = await readAll(copy);
    const found = journal.filter((line) => line.startsWith("entry"));
    deepEqual(found, Array.from({ length: found.length }, (_, index) => `entry ${entryText(index)}`));
    ok(found.length >= 99 - Math.ceil(cut / 4_120), `${found.length} after a cut of ${cut} bytes`);
  }
});

Deno.test("sqlite: a file that was cut gives what is left, and says so", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 2_000);
  await Deno.truncate(place.path, 100_000);
  const { journal } = await readAll(place.path);
  match(journal[0] ?? "", /was damaged/);
  const found = journal.filter((line) => line.startsWith("entry")).length;
  ok(found > 500 && found < 2_000, `${found} entries were saved`);
});

Deno.test("sqlite: a snapshot whose end is damaged counts all the same when what it replaced is gone", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 5);
  {
    // The end of the snapshot is the last row of its table.
    const database = new DatabaseSync(place.path);
    database.exec("UPDATE pieces SET checksum = checksum + 1 WHERE is_end = 1; DELETE FROM entries WHERE sequence = 1");
    database.close();
  }
  const { journal } = await readAll(place.path);
  deepEqual(journal.slice(0, 2), ["snapshot first piece", "snapshot second piece"]);
  equal(journal.filter((line) => line.startsWith("entry")).length, 5);
});

Deno.test("sqlite: whatever bytes are flipped, what is given is what was written, and what is missing is told of", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 300);
  const path = await copyWithLog(place, 100);
  const [file, wal] = [await Deno.readFile(path), await Deno.readFile(`${path}-wal`)];
  const written = [...range(300), ...range(100)].map((index) => `entry ${entryText(index)}`);
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const random = randomFrom(seed);
  for (let round = 0; round < 100; round++) {
    const copy = `${place.folder}/round${round}.db`;
    const [fileCopy, walCopy] = [file.slice(), wal.slice()];
    const target = random() < 0.5 ? fileCopy : walCopy;
    const flips = Array.from({ length: 3 }, () => Math.floor(random() * target.length));
    for (const at of flips) flip(target, at, 1 + Math.floor(random() * 255));
    await Deno.writeFile(copy, fileCopy);
    await Deno.writeFile(`${copy}-wal`, walCopy);
    const where = `seed ${seed}, round ${round}, ${target === fileCopy ? "file" : "log"} at ${flips}`;
    try {
      const journal = readInThisThread(copy);
      const entries = journal.filter((line) => line.startsWith("entry"));
      ok(isPartOf(entries, written), `only what was written, in order: ${where}`);
      if (entries.length < written.length) ok(journal.some((line) => line.startsWith("damage")), `told of: ${where}`);
    } catch (error) {
      ok(error instanceof StoreError || /malformed|not a database/.test(String(error)), `${where}: ${error}`);
    }
  }
});

Deno.test("sqlite: what is no store is refused, and stays as it is", async () => {
  await using place = await SqlitePlace.make();
  await Deno.writeTextFile(place.path, "a letter to somebody\n".repeat(1_000));
  await rejects(place.open(), { name: "StoreError", message: /is no store, or damaged beyond repair/ });
  equal(await Deno.readTextFile(place.path), "a letter to somebody\n".repeat(1_000));
  const other = `${place.folder}/other.db`;
  const database = new DatabaseSync(other);
  database.exec("CREATE TABLE letters(text TEXT); INSERT INTO letters VALUES('hello')");
  database.close();
  await rejects(openSqlite(other, OPTIONS), { name: "StoreError", message: /a database of another program/ });
});

Deno.test("sqlite: a store of a newer schema or of another cluster is refused, and stays as it is", async () => {
  await using place = await SqlitePlace.make();
  await fill(place, 1);
  await rejects(openSqlite(place.path, { ...OPTIONS, cluster: "other" }), {
    name: "StoreError",
    message: /belongs to the cluster "test", and this one is "other"; start that one, or name another store/,
  });
  const database = new DatabaseSync(place.path);
  database.exec("PRAGMA user_version=7");
  database.close();
  const before = await Deno.readFile(place.path);
  await rejects(place.open(), { name: "StoreError", message: /newer version of Troupe .*schema 7, .* up to 1/ });
  const after = await Deno.readFile(place.path);
  deepEqual([...after.entries()].filter(([at, byte]) => byte !== before[at]), []);
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function isPartOf(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const each of whole) if (each === part[at]) at++;
  return at === part.length;
}

/** mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
