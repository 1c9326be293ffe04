/** What every journal promises of its entries. @module */
import { deepEqual, equal } from "node:assert/strict";
import type { JournalPiece } from "../../../../store/journal.ts";
import type { StoreCase } from "../store_conformance.ts";
import { appendAll, bytesOf, readJournal } from "./store_reading.ts";

export const journalCases: readonly StoreCase[] = [
  {
    name: "a new journal holds nothing",
    async run(place) {
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), []);
      equal(store.journal.tailBytes, 0);
    },
  },
  {
    name: "entries come back in the order of the calls, and go on after them",
    async run(place) {
      {
        await using store = await place.open();
        await appendAll(store, "a", "b", "c");
        await appendAll(store, "d");
        equal(store.journal.tailBytes, 4);
      }
      {
        await using store = await place.open();
        equal(store.journal.tailBytes, 4);
        deepEqual(await readJournal(store.journal), ["entry a", "entry b", "entry c", "entry d"]);
        await appendAll(store, "e");
        equal(store.journal.tailBytes, 5);
      }
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), ["a", "b", "c", "d", "e"].map((text) => `entry ${text}`));
    },
  },
  {
    name: "an entry whose append has resolved is there after a crash",
    async run(place) {
      await using store = await place.open("process");
      await appendAll(store, "a", "b");
      await using after = await place.openAfterCrash();
      deepEqual(await readJournal(after.journal), ["entry a", "entry b"]);
    },
  },
  {
    name: "calls need not wait for each other, and resolve in their order",
    async run(place) {
      await using store = await place.open();
      const order: number[] = [];
      const calls = Array.from({ length: 3_000 }, async (_, index) => {
        await store.journal.append(bytesOf(String(index)));
        order.push(index);
      });
      await Promise.all(calls);
      deepEqual(order, order.toSorted((a, b) => a - b));
      await store[Symbol.asyncDispose]();
      await using again = await place.open();
      deepEqual(await readJournal(again.journal), order.map((index) => `entry ${index}`));
    },
  },
  {
    name: "empty and big entries come back as they were",
    async run(place) {
      const sizes = [0, 1, 3_892, 3_893, 70_000, 5_000_000, 0];
      const entries = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
      {
        await using store = await place.open();
        await Promise.all(entries.map((entry) => store.journal.append(entry)));
      }
      await using store = await place.open();
      const found: JournalPiece[] = await Array.fromAsync(store.journal.read());
      deepEqual(found.map((piece) => "bytes" in piece ? piece.bytes.length : piece.reason), sizes);
      deepEqual(
        found.map((piece) => "bytes" in piece && piece.bytes.every((byte, i) => byte === piece.bytes[i])),
        sizes.map(() => true),
      );
      deepEqual(found[4], { kind: "entry", bytes: entries[4] });
    },
  },
  {
    name: "the caller may use the bytes again as soon as append has returned",
    async run(place) {
      const entry = bytesOf("before");
      {
        await using store = await place.open();
        const appended = store.journal.append(entry);
        entry.fill(0);
        await appended;
      }
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), ["entry before"]);
    },
  },
];
