/** What every store promises of its blobs. @module */
import { deepEqual, equal } from "node:assert/strict";
import { contentHash } from "../../../../wire/content_hash.ts";
import type { StoreCase } from "../store_conformance.ts";
import { bytesOf, textOf } from "./store_reading.ts";

export const blobCases: readonly StoreCase[] = [
  {
    name: "blobs are found by their hash until they are deleted",
    async run(place) {
      const [one, two] = [bytesOf("one"), new Uint8Array(3_000_000).fill(7)];
      const [hashOne, hashTwo] = [contentHash(one), contentHash(two)];
      {
        await using store = await place.open();
        equal(await store.blobs.get(hashOne), null);
        await Promise.all([
          store.blobs.put(hashOne, one),
          store.blobs.put(hashTwo, two),
          store.blobs.put(hashOne, one),
        ]);
      }
      await using store = await place.open();
      deepEqual((await store.blobs.list()).toSorted(), [hashOne, hashTwo].toSorted());
      equal(textOf(await store.blobs.get(hashOne) ?? new Uint8Array()), "one");
      deepEqual(await store.blobs.get(hashTwo), two);
      await store.blobs.delete([hashOne, contentHash(bytesOf("unknown"))]);
      equal(await store.blobs.get(hashOne), null);
      deepEqual(await store.blobs.list(), [hashTwo]);
    },
  },
  {
    name: "bytes that are not what the hash says are not given out, and can be put again",
    async run(place) {
      const bytes = bytesOf("right");
      const hash = contentHash(bytes);
      await using store = await place.open();
      await store.blobs.put(hash, bytesOf("wrong"));
      equal(await store.blobs.get(hash), null);
      await store.blobs.put(hash, bytes);
      deepEqual(await store.blobs.get(hash), bytes);
    },
  },
];
