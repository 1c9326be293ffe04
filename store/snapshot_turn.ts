/**
 * One snapshot at a time: a second one would not know what it replaces.
 * @module
 */

/** Whose turn it is. */
export class SnapshotTurn {
  #taken = false;

  /** Runs `work`, of which the first part runs at once. Rejects with a `TypeError` while another one is at work. */
  async take(work: () => Promise<void>): Promise<void> {
    if (this.#taken) throw new TypeError("Cannot begin a snapshot: another one is being written; await it first.");
    this.#taken = true;
    try {
      await work();
    } finally {
      this.#taken = false;
    }
  }
}
