/**
 * The port "rows by id": what is kept of finished tasks, so that a snapshot need not contain them all again.
 *
 * Opaque bytes. Rows are put and deleted in batches; a batch is whole or not there.
 * @module
 */

/** A change to one row; `null` deletes it. What is not there is deleted without a word. */
export type RecordChange = readonly [id: string, bytes: Uint8Array | null];

/** The rows of one cluster. */
export interface Records {
  /** Resolves when the batch is as durable as was asked for. */
  change(changes: readonly RecordChange[]): Promise<void>;
  /** All rows, in the order in which they were first put. A damaged row is told of and passed over. */
  all(): AsyncIterable<
    { readonly id: string; readonly bytes: Uint8Array } | { readonly id: string; readonly damage: string }
  >;
}
