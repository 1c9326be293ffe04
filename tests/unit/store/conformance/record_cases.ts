/** What every store promises of its rows. @module */
import { deepEqual } from "node:assert/strict";
import type { StoreCase } from "../store_conformance.ts";
import { bytesOf, readRecords } from "./store_reading.ts";

export const recordCases: readonly StoreCase[] = [
  {
    name: "rows come back in the order in which they were first put, the deleted ones apart",
    async run(place) {
      {
        await using store = await place.open();
        deepEqual(await readRecords(store.records), []);
        await store.records.change([["b", bytesOf("1")], ["a", bytesOf("2")], ["c", bytesOf("3")]]);
        await store.records.change([["b", bytesOf("4")], ["a", null], ["unknown", null]]);
        deepEqual(await readRecords(store.records), ["b=4", "c=3"]);
      }
      await using store = await place.open();
      await store.records.change([["a", bytesOf("")]]);
      deepEqual(await readRecords(store.records), ["b=4", "c=3", "a="]);
    },
  },
  {
    name: "within a batch the last change to a row counts",
    async run(place) {
      await using store = await place.open();
      await store.records.change([["a", bytesOf("1")], ["a", null], ["b", null], ["b", bytesOf("2")], [
        "b",
        bytesOf("3"),
      ]]);
      deepEqual(await readRecords(store.records), ["b=3"]);
      await store.records.change([]);
    },
  },
  {
    name: "ids may be of any form and length",
    async run(place) {
      const ids = ["c1-1", "a.b", "*", ">", "with space", "ä/ö\\", "x".repeat(2_000), "\u{1f600}"];
      {
        await using store = await place.open();
        await store.records.change(ids.map((id) => [id, bytesOf("+")]));
        await store.records.change([["*", null], [">", null]]);
      }
      await using store = await place.open();
      deepEqual(await readRecords(store.records), ids.filter((id) => id !== "*" && id !== ">").map((id) => `${id}=+`));
    },
  },
  {
    name: "many rows, and big ones, come back whole; changes that resolved are there after a crash",
    async run(place) {
      await using store = await place.open("process");
      const rows = Array.from({ length: 500 }, (_, index) => `row ${index} ${"x".repeat(index * 20)}`);
      rows.push("y".repeat(2_500_000));
      await store.records.change(rows.map((text, index) => [`id${index}`, bytesOf(text)]));
      await using after = await place.openAfterCrash();
      deepEqual(await readRecords(after.records), rows.map((text, index) => `id${index}=${text}`));
    },
  },
];
