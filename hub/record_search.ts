/**
 * One query under way: is offered record after record, and keeps the first `limit` of those that match.
 *
 * Holds at most twice the limit, whatever is offered. Pure; the hub offers it a few records a turn, so that a search
 * through a million of them keeps nobody waiting.
 * @module
 */
import { type FieldValue, MAX_FOUND, type RecordField } from "../protocol/records.ts";
import { isCount, malformedMessage } from "../wire/message_checks.ts";
import { FIELD_READERS } from "./record_fields.ts";
import { compileQuery, compileSort, type FieldsOf, sortFields } from "./record_query.ts";
import type { TaskRecord } from "./task_record.ts";

interface Found {
  readonly order: number;
  /** The values it is sorted by. */
  readonly keys: readonly FieldValue[];
}

/** Collects what one query finds. */
export class RecordSearch {
  readonly #matches: (fields: FieldsOf) => boolean;
  readonly #sortedBy: readonly RecordField[];
  readonly #before: (a: Found, b: Found) => number;
  readonly #limit: number;
  readonly #origin: number;
  #found: Found[] = [];
  /** The last one that still counts, once there are more than enough. */
  #worst: Found | null = null;

  /** Throws `SerializationError` for what is no query. */
  constructor(conditions: unknown, sort: unknown, limit: unknown, origin: number) {
    if (!isCount(limit) || limit > MAX_FOUND) throw malformedMessage("limit", limit);
    this.#matches = compileQuery(conditions);
    this.#sortedBy = sortFields(sort).map(([field]) => field);
    const compare = compileSort(sort);
    this.#before = (a, b) => compare(a.keys, b.keys) || a.order - b.order;
    this.#limit = limit;
    this.#origin = origin;
  }

  /** Nothing that is offered from now on can matter: records come in the order of submission. */
  get isComplete(): boolean {
    return this.#limit === 0 || (this.#sortedBy.length === 0 && this.#found.length >= this.#limit);
  }

  offer(record: TaskRecord): void {
    const fields: FieldsOf = (field) => FIELD_READERS[field](record, this.#origin);
    if (this.isComplete || !this.#matches(fields)) return;
    const found: Found = { order: record.order, keys: this.#sortedBy.map(fields) };
    if (this.#worst !== null && this.#before(found, this.#worst) >= 0) return;
    this.#found.push(found);
    if (this.#found.length >= 2 * this.#limit && !this.isComplete) this.#cut();
  }

  /** The places in the order of submission of those found, in the order asked for. */
  orders(): number[] {
    this.#cut();
    return this.#found.map(({ order }) => order);
  }

  #cut(): void {
    this.#found.sort(this.#before);
    this.#found.length = Math.min(this.#found.length, this.#limit);
    if (this.#found.length === this.#limit) this.#worst = this.#found.at(-1) ?? null;
  }
}
