/**
 * The attempts that have not ended, by the name they were dispatched under: epoch and number.
 *
 * A name that is not here is stale: whatever is said of it changes nothing.
 * @module
 */
import type { DispatchNumber, Epoch } from "../../protocol/ids.ts";
import { PagedTable } from "../../wire/paged_table.ts";
import type { Attempt } from "./task_record.ts";

/** Looks attempts up by epoch and number. */
export class Dispatches {
  readonly #epoch: Epoch;
  readonly #own: PagedTable<Attempt> = new PagedTable();
  /** Of earlier epochs: found on hosts by a new controller life. */
  readonly #earlier: Map<string, Attempt> = new Map();

  constructor(epoch: Epoch) {
    this.#epoch = epoch;
  }

  get size(): number {
    return this.#own.size + this.#earlier.size;
  }

  get(epoch: Epoch, number: DispatchNumber): Attempt | null {
    const found = epoch === this.#epoch ? this.#own.get(number) : this.#earlier.get(`${epoch}:${number}`);
    return found ?? null;
  }

  add(attempt: Attempt): void {
    if (attempt.epoch === this.#epoch) this.#own.set(attempt.number, attempt);
    else this.#earlier.set(`${attempt.epoch}:${attempt.number}`, attempt);
  }

  delete(attempt: Attempt): void {
    if (attempt.epoch === this.#epoch) this.#own.take(attempt.number);
    else this.#earlier.delete(`${attempt.epoch}:${attempt.number}`);
  }

  *[Symbol.iterator](): Generator<Attempt> {
    yield* this.#earlier.values();
    yield* this.#own;
  }
}
