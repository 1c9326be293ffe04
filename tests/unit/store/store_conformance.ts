/**
 * What every store promises, as one suite: `storeConformance` registers it for an adapter.
 *
 * Run by the adapters for memory and SQLite here, and by the one for JetStream in `tests/broker`.
 * @module
 */
import type { Durability, Store } from "../../../store/store.ts";
import { blobCases } from "./conformance/blob_cases.ts";
import { closingCases } from "./conformance/closing_cases.ts";
import { journalCases } from "./conformance/journal_cases.ts";
import { randomCases } from "./conformance/random_cases.ts";
import { recordCases } from "./conformance/record_cases.ts";
import { snapshotCases } from "./conformance/snapshot_cases.ts";

/** A place where one store lies. */
export interface StorePlace extends AsyncDisposable {
  /** Opens it, as its controller does. Whoever has it open must have closed it. */
  open(durability?: Durability): Promise<Store>;
  /** Opens what is there at this moment, while the controller that has it open is taken for dead. */
  openAfterCrash(): Promise<Store>;
}

/** One promise. */
export interface StoreCase {
  readonly name: string;
  readonly run: (place: StorePlace) => Promise<void>;
}

const CASES: readonly StoreCase[] = [
  ...journalCases,
  ...snapshotCases,
  ...recordCases,
  ...blobCases,
  ...closingCases,
  ...randomCases,
];

/** Registers one test a case, each with a place of its own. `missing`: why none can run on this machine. */
export function storeConformance(kind: string, makePlace: () => Promise<StorePlace>, missing?: string): void {
  for (const { name, run } of CASES) {
    Deno.test({
      name: missing === undefined ? `${kind}: ${name}` : `${kind}: ${name} [skipped: ${missing}]`,
      ignore: missing !== undefined,
      async fn() {
        await using place = await makePlace();
        await run(place);
      },
    });
  }
}
