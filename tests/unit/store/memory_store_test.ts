/** The store in memory: the conformance suite, and what is its own. @module */
import { match, rejects } from "node:assert/strict";
import { MemoryContents, openMemory } from "../../../store/memory_store.ts";
import { StoreError } from "../../../wire/errors.ts";
import { bytesOf } from "./conformance/store_reading.ts";
import { storeConformance } from "./store_conformance.ts";

storeConformance("memory", () => {
  const contents = new MemoryContents();
  return Promise.resolve({
    open: () => Promise.resolve(openMemory(contents)),
    openAfterCrash: () => Promise.resolve(openMemory(contents)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

Deno.test("memory: a second opening deposes the first, which is then lost", async () => {
  const contents = new MemoryContents();
  await using first = openMemory(contents);
  await using second = openMemory(contents);
  await rejects(first.journal.append(bytesOf("late")), StoreError);
  match((await first.lost).message, /another has opened it/);
  await second.journal.append(bytesOf("fine"));
});
