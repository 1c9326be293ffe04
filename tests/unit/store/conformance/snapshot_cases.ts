/** What every journal promises of its snapshots. @module */
import { deepEqual, equal, rejects } from "node:assert/strict";
import type { StoreCase } from "../store_conformance.ts";
import { appendAll, bytesOf, piecesOf, readJournal } from "./store_reading.ts";

export const snapshotCases: readonly StoreCase[] = [
  {
    name: "a snapshot replaces what was appended before it began; what is appended meanwhile comes after it",
    async run(place) {
      {
        await using store = await place.open();
        await appendAll(store, "a", "b");
        const { promise: gate, resolve } = Promise.withResolvers<void>();
        const done = store.journal.snapshot(async function* () {
          yield bytesOf("one");
          await gate;
          yield bytesOf("two");
        }());
        equal(store.journal.tailBytes, 0);
        await appendAll(store, "during");
        resolve();
        await done;
        equal(store.journal.tailBytes, 6);
        await appendAll(store, "z");
      }
      await using store = await place.open();
      equal(store.journal.tailBytes, 7);
      deepEqual(await readJournal(store.journal), ["snapshot one", "snapshot two", "entry during", "entry z"]);
    },
  },
  {
    name: "an append of the same turn as a snapshot, but before it, is in the snapshot's place",
    async run(place) {
      {
        await using store = await place.open();
        const before = store.journal.append(bytesOf("before"));
        const done = store.journal.snapshot(piecesOf("state"));
        const after = store.journal.append(bytesOf("after"));
        await Promise.all([before, done, after]);
      }
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), ["snapshot state", "entry after"]);
    },
  },
  {
    name: "the newest snapshot counts, also one without pieces",
    async run(place) {
      {
        await using store = await place.open();
        await appendAll(store, "a");
        await store.journal.snapshot(piecesOf("old 1", "old 2"));
        await appendAll(store, "b");
        await store.journal.snapshot(piecesOf("new"));
      }
      {
        await using store = await place.open();
        deepEqual(await readJournal(store.journal), ["snapshot new"]);
        await store.journal.snapshot(piecesOf());
        await appendAll(store, "c");
      }
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), ["entry c"]);
    },
  },
  {
    name: "a snapshot whose pieces fail changes nothing, and the next one is possible",
    async run(place) {
      {
        await using store = await place.open();
        await store.journal.snapshot(piecesOf("old"));
        await appendAll(store, "a", "b");
        const failing = store.journal.snapshot(async function* () {
          yield bytesOf("half");
          await store.journal.append(bytesOf("c"));
          throw new RangeError("no more pieces");
        }());
        await rejects(failing, { name: "RangeError", message: "no more pieces" });
        equal(store.journal.tailBytes, 3);
      }
      {
        await using store = await place.open();
        deepEqual(await readJournal(store.journal), ["snapshot old", "entry a", "entry b", "entry c"]);
        await store.journal.snapshot(piecesOf("whole"));
      }
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), ["snapshot whole"]);
    },
  },
  {
    name: "a snapshot that a crash cut short does not count",
    async run(place) {
      await using store = await place.open("process");
      await store.journal.snapshot(piecesOf("old"));
      await appendAll(store, "a");
      const [half, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const done = store.journal.snapshot(async function* () {
        yield bytesOf("half");
        yield bytesOf("more");
        half.resolve();
        await gate.promise;
      }());
      await half.promise;
      await appendAll(store, "b");
      {
        await using after = await place.openAfterCrash();
        deepEqual(await readJournal(after.journal), ["snapshot old", "entry a", "entry b"]);
        await after.journal.snapshot(piecesOf("new"));
        await appendAll(after, "c");
      }
      gate.resolve();
      await Promise.allSettled([done]);
    },
  },
  {
    name: "a second snapshot at the same time is refused",
    async run(place) {
      await using store = await place.open();
      const gate = Promise.withResolvers<void>();
      const first = store.journal.snapshot(async function* () {
        await gate.promise;
        yield bytesOf("first");
      }());
      await rejects(store.journal.snapshot(piecesOf("second")), { name: "TypeError", message: /another one/ });
      gate.resolve();
      await first;
      await store.journal.snapshot(piecesOf("third"));
    },
  },
  {
    name: "big pieces, and many, come back as they were",
    async run(place) {
      const texts = ["x".repeat(3_000_000), ...Array.from({ length: 300 }, (_, index) => `piece ${index}`)];
      {
        await using store = await place.open();
        await store.journal.snapshot(piecesOf(...texts));
      }
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), texts.map((text) => `snapshot ${text}`));
    },
  },
];
