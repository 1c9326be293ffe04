/**
 * A store: the three ports together, opened by a controller before it does anything else.
 *
 * Types only. `cluster/open_store.ts` chooses the adapter and loads no other.
 * @module
 */
import type { Blobs } from "./blobs.ts";
import type { Journal } from "./journal.ts";
import type { Records } from "./records.ts";

/** `memory`: nothing outlives the controller, and nothing is written. */
export type StoreKind = "memory" | "sqlite" | "jetstream";

export const STORE_KINDS: readonly StoreKind[] = ["memory", "sqlite", "jetstream"];

/**
 * What what was promised survives. `none`: nothing, but most of it is there after a crash all the same; `process`: the
 * death of the controller's process; `power`: that of the machine.
 */
export type Durability = "none" | "process" | "power";

export const DURABILITIES: readonly Durability[] = ["none", "process", "power"];

/** Raised whenever an older reader would misread what is stored. */
export const STORE_SCHEMA = 1;

/** An open store of one cluster. Disposing of it writes what is under way, and gives the store free. */
export interface Store extends AsyncDisposable {
  readonly journal: Journal;
  readonly records: Records;
  readonly blobs: Blobs;
  /** Resolves with the reason when it can't be written any more: its controller must not go on. */
  readonly lost: Promise<Error>;
}
