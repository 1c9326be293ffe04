/** Where the SQLite adapter ends: locks, full disks, folders, sizes. @module */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "../../../store/sqlite/open_sqlite.ts";
import { StoreError } from "../../../wire/errors.ts";
import { appendAll, bytesOf, piecesOf, readJournal } from "./conformance/store_reading.ts";
import { SqlitePlace } from "./sqlite_place.ts";

const OPTIONS = { durability: "process", cluster: "test" } as const;
/** 300 bytes, as the facts of a task take. */
const ENTRY = "x".repeat(300);

function rowCount(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true });
  return Number(database.prepare("SELECT count(*) AS n FROM entries").get()?.n);
}

Deno.test("sqlite: a store that is open can't be opened again, and can when it was closed", async () => {
  await using place = await SqlitePlace.make();
  {
    await using _store = await place.open();
    await rejects(place.open(), {
      name: "StoreError",
      message: `Cannot open the store "${place.path}": another controller has it open (pid ${Deno.pid}); ` +
        "stop that one, or name another store.",
    });
  }
  await using _again = await place.open();
});

Deno.test("sqlite: a folder that is not there is made, and nobody else can read what is in it", async () => {
  await using place = await SqlitePlace.make();
  const path = `${place.folder}/a/b/journal.db`;
  {
    await using store = await openSqlite(path, OPTIONS);
    await appendAll(store, "a");
    for (const name of [path, `${path}-wal`, `${path}.lock`]) equal((await Deno.stat(name)).mode ?? 0, 0o100600, name);
  }
  equal((await Deno.stat(`${place.folder}/a`)).mode ?? 0, 0o40700);
});

Deno.test("sqlite: a path that can't be is refused before anything is there", async () => {
  await using place = await SqlitePlace.make();
  await Deno.writeTextFile(`${place.folder}/file`, "");
  await rejects(openSqlite(`${place.folder}/file/journal.db`, OPTIONS), {
    name: "StoreError",
    message: /^Cannot open the store ".*\/file\/journal\.db": .*check the path\.$/,
  });
  await Deno.mkdir(place.path);
  await rejects(place.open(), StoreError);
});

Deno.test("sqlite: an opening that is aborted leaves nothing open", async () => {
  await using place = await SqlitePlace.make();
  const controller = new AbortController();
  const opening = place.open("process", { signal: controller.signal });
  controller.abort(new RangeError("no longer wanted"));
  await rejects(opening, { name: "RangeError", message: "no longer wanted" });
  await using store = await place.open();
  await appendAll(store, "a");
});

for (const durability of ["none", "process", "power"] as const) {
  Deno.test(`sqlite, ${durability}: when there is no more room everything rejects, and what was written stays`, async () => {
    await using place = await SqlitePlace.make();
    let written = 0;
    {
      await using store = await place.open(durability, { maxBytes: 300_000 });
      const failing = (async () => {
        for (;;) {
          await store.journal.append(bytesOf(ENTRY));
          written++;
        }
      })();
      await rejects(failing, { name: "StoreError", message: /^Cannot write the store .*the disk is full.*make room/ });
      match((await store.lost).message, /the disk is full/);
      for (
        const call of [() => store.journal.append(bytesOf("a")), () => store.records.change([["a", bytesOf("b")]])]
      ) {
        await rejects(call(), { name: "StoreError", message: /the disk is full/ });
      }
      await rejects(store.journal.snapshot(piecesOf("a")), { name: "StoreError", message: /the disk is full/ });
    }
    await using store = await place.open(durability);
    const { length } = await readJournal(store.journal);
    if (durability !== "none") ok(length >= written && written > 300, `${length} of ${written} confirmed entries`);
    await appendAll(store, "b");
  });
}

Deno.test("sqlite: entries of one turn share a commit and rows", async () => {
  await using place = await SqlitePlace.make();
  {
    await using store = await place.open("power");
    await appendAll(store, ...Array.from({ length: 1_000 }, () => ENTRY));
  }
  ok(rowCount(place.path) < 100, `${rowCount(place.path)} rows for 1000 entries`);
});

Deno.test("sqlite: a snapshot removes what it replaced, and the file does not grow for ever", async () => {
  await using place = await SqlitePlace.make();
  for (let round = 0; round < 6; round++) {
    await using store = await place.open();
    for (let turn = 0; turn < 10; turn++) {
      await appendAll(store, ...Array.from({ length: 500 }, () => ENTRY));
      await store.journal.snapshot(piecesOf("state", ENTRY));
    }
  }
  const { size } = await Deno.stat(place.path);
  ok(size < 2_000_000, `${size} bytes after 9 MB were written and replaced`);
  await using store = await place.open();
  deepEqual(await readJournal(store.journal), ["snapshot state", `snapshot ${ENTRY}`]);
});

Deno.test("sqlite: a file that became empty gives its room back to the disk", async () => {
  await using place = await SqlitePlace.make();
  {
    await using store = await place.open();
    await appendAll(store, ...Array.from({ length: 300 }, () => "x".repeat(100_000)));
  }
  const before = (await Deno.stat(place.path)).size;
  {
    await using store = await place.open();
    await store.journal.snapshot(piecesOf("state"));
    // Each answer comes after a step of the tidying at most: enough of them, and all is done.
    for (let i = 0; i < 200; i++) {
      await store.blobs.list();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  const after = (await Deno.stat(place.path)).size;
  ok(after < before / 4, `${before} bytes before, ${after} after`);
});
