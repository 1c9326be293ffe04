/** Random writing, closing and crashing against a model in memory. @module */
import { deepEqual } from "node:assert/strict";
import { fc } from "../../../../deps/fast_check.ts";
import type { RecordChange } from "../../../../store/records.ts";
import type { StoreCase, StorePlace } from "../store_conformance.ts";
import { bytesOf, piecesOf, readJournal, readRecords } from "./store_reading.ts";

type Step =
  | { readonly do: "append"; readonly texts: readonly string[] }
  | { readonly do: "snapshot"; readonly texts: readonly string[]; readonly meanwhile: readonly string[] }
  | { readonly do: "change"; readonly changes: readonly (readonly [string, string | null])[] }
  | { readonly do: "reopen" };

const text = fc.string({ maxLength: 400 });
const id = fc.constantFrom("a", "b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("append" as const), texts: fc.array(text, { maxLength: 30 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("snapshot" as const),
      texts: fc.array(text, { maxLength: 4 }),
      meanwhile: fc.array(text, { maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("change" as const),
      changes: fc.array(fc.tuple(id, fc.option(text)), { maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "reopen" as const }) },
);

async function follow(place: StorePlace, steps: readonly Step[]): Promise<void> {
  let snapshot: string[] = [];
  let entries: string[] = [];
  const rows = new Map<string, string>();
  let store = await place.open();
  const check = async () => {
    deepEqual(await readJournal(store.journal), [
      ...snapshot.map((each) => `snapshot ${each}`),
      ...entries.map((each) => `entry ${each}`),
    ]);
    deepEqual(await readRecords(store.records), [...rows].map(([id, each]) => `${id}=${each}`));
  };
  try {
    // A place serves many runs: each begins with nothing.
    await store.journal.snapshot(piecesOf());
    await store.records.change(["a", "b", "c", "d"].map((id) => [id, null]));
    for (const each of steps) {
      if (each.do === "append") {
        await Promise.all(each.texts.map((entry) => store.journal.append(bytesOf(entry))));
        entries.push(...each.texts);
      } else if (each.do === "snapshot") {
        const done = store.journal.snapshot(piecesOf(...each.texts));
        await Promise.all([done, ...each.meanwhile.map((entry) => store.journal.append(bytesOf(entry)))]);
        [snapshot, entries] = [[...each.texts], [...each.meanwhile]];
      } else if (each.do === "change") {
        await store.records.change(
          each.changes.map(([id, row]): RecordChange => [id, row === null ? null : bytesOf(row)]),
        );
        for (const [id, row] of each.changes) {
          if (row === null) rows.delete(id);
          else rows.set(id, row);
        }
      } else {
        await store[Symbol.asyncDispose]();
        store = await place.open();
        await check();
      }
    }
    await store[Symbol.asyncDispose]();
    store = await place.open();
    await check();
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

export const randomCases: readonly StoreCase[] = [{
  name: "whatever is written, closed and opened again in any order, what was written is there",
  async run(place) {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) => follow(place, steps)), {
      numRuns: 15,
    });
  },
}];
