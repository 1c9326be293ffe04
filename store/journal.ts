/**
 * The port "what must not be forgotten": entries in order, and now and then a snapshot in the place of all before it.
 *
 * Opaque bytes; what they say is the business of the scheduler's shell. Adapters: `memory_store.ts`, `sqlite/`,
 * `jetstream/`; one conformance suite runs against each. There is one writer at a time: adapters see to it.
 * @module
 */

/** How the story of a write ends that was under way when its process died: nobody was promised anything by it. */
export const UNCONFIRMED = "it had not been confirmed";

/** Part of what a journal holds, in the order in which it is to be folded. */
export type JournalPiece =
  | { readonly kind: "snapshot"; readonly bytes: Uint8Array }
  | { readonly kind: "entry"; readonly bytes: Uint8Array }
  /** Something here could not be read. What comes after it can. */
  | { readonly kind: "damage"; readonly reason: string };

/** The journal of one cluster, open for the one controller that leads it. */
export interface Journal {
  /**
   * What was kept: the pieces of the newest whole snapshot, then the entries after it. Called once, before the first
   * `append`. A record that is damaged or half-written is passed over, and told of; good ones are never lost with it.
   */
  read(): AsyncIterable<JournalPiece>;
  /**
   * Adds an entry. Resolves when it is as durable as was asked for, in the order of the calls; calls need not wait for
   * each other. Rejects with `StoreError` when it can't be written (disk full, limits, another leads by now): from then
   * on every call does.
   */
  append(entry: Uint8Array): Promise<void>;
  /**
   * Replaces everything appended before this call by a snapshot. The pieces may take their time; appends go on
   * meanwhile and come after it. Until the last piece is in, and after a failure, what was there counts.
   */
  snapshot(pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Bytes appended since the newest snapshot began, what was found at the opening included. */
  readonly tailBytes: number;
}
