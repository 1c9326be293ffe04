/**
 * Tables that are read and emptied a part at a time, so that no call and no commit has to wait for all of it.
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** About so many bytes are read in one part. */
export const PART_BYTES = 2 ** 20;

/** Deletes the rows of a table from its beginning, some at a time. */
export class SliceDeletion {
  readonly #slice: StatementSync;
  readonly #delete: StatementSync;

  /** `rows`: so many in one step. */
  constructor(database: DatabaseSync, table: "entries" | "pieces", rows: number) {
    this.#slice = database.prepare(
      `SELECT max(sequence) AS last FROM
        (SELECT sequence FROM ${table} WHERE sequence < ? ORDER BY sequence LIMIT ${rows})`,
    );
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE sequence <= ?`);
  }

  /** Deletes some of those before the row of this number. `true`: there are more. */
  before(sequence: number): boolean {
    const last = this.#slice.get(sequence)?.last;
    if (typeof last !== "number") return false;
    this.#delete.run(last);
    return true;
  }
}
