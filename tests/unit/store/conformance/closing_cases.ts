/** What every store promises of its end. @module */
import { deepEqual, rejects } from "node:assert/strict";
import { contentHash } from "../../../../wire/content_hash.ts";
import { StoreError } from "../../../../wire/errors.ts";
import type { StoreCase } from "../store_conformance.ts";
import { bytesOf, piecesOf, readJournal, readRecords } from "./store_reading.ts";

export const closingCases: readonly StoreCase[] = [
  {
    name: "closing writes what is under way, whatever the durability",
    async run(place) {
      for (const durability of ["none", "process", "power"] as const) {
        const store = await place.open(durability);
        const calls = [store.journal.append(bytesOf(durability)), store.records.change([[durability, bytesOf("+")]])];
        await store[Symbol.asyncDispose]();
        await Promise.all(calls);
      }
      await using store = await place.open();
      deepEqual(await readJournal(store.journal), ["entry none", "entry process", "entry power"]);
      deepEqual(await readRecords(store.records), ["none=+", "process=+", "power=+"]);
    },
  },
  {
    name: "a store that was closed refuses everything, and closing it twice is nothing",
    async run(place) {
      const store = await place.open();
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      const bytes = bytesOf("late");
      await rejects(store.journal.append(bytes), StoreError);
      await rejects(store.journal.snapshot(piecesOf("late")), StoreError);
      await rejects(store.records.change([["late", bytes]]), StoreError);
      await rejects(store.blobs.put(contentHash(bytes), bytes), StoreError);
      await rejects(store.blobs.get(contentHash(bytes)), StoreError);
      await rejects(readJournal(store.journal), StoreError);
    },
  },
];
