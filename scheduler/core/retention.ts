/**
 * Which finished tasks are kept, and which is to be forgotten next: oldest first, those their client was not told last.
 *
 * Only keeps the order and counts the bytes; forgetting is `settlement.ts`'s work.
 * @module
 */
import type { Payload } from "../../protocol/task_spec.ts";
import { LinkedList } from "./linked_list.ts";
import type { RetentionPolicy } from "./scheduler_core.ts";
import type { FinishedRecord } from "./task_record.ts";

/** What a finished record takes besides what it carries, roughly. */
const RECORD_BYTES = 200;
/** Age is looked at this much later than it is up, so that a busy time costs few wake-ups. */
const AGE_SLACK = 1.01;

/** What a payload takes here: a blob lies elsewhere. */
export function payloadBytes(payload: Payload | undefined): number {
  return payload instanceof Uint8Array ? payload.byteLength : 0;
}

/** What a record takes in memory, roughly, in here and in the hub. */
export function recordBytes(record: FinishedRecord): number {
  const { outcome, report, argBytes } = record;
  const printed = report === null ? 0 : 2 * (report.stdout.length + report.stderr.length);
  const base = RECORD_BYTES + argBytes + printed;
  if (outcome.kind === "done") return base + payloadBytes(outcome.value);
  if (outcome.kind === "threw") return base + payloadBytes(outcome.error);
  return base + 2 * outcome.error.message.length + payloadBytes(outcome.error.cause);
}

/** The finished tasks that are kept. */
export class Retention {
  readonly #policy: RetentionPolicy;
  readonly #delivered = new LinkedList<FinishedRecord>();
  readonly #undelivered = new LinkedList<FinishedRecord>();
  #bytes = 0;

  constructor(policy: RetentionPolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#delivered.size + this.#undelivered.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When an age will be up; `Infinity`: never. */
  get nextAt(): number {
    const oldest = Math.min(
      this.#delivered.first?.keptSince ?? Infinity,
      this.#undelivered.first?.keptSince ?? Infinity,
    );
    return oldest + this.#policy.maxAgeMs * AGE_SLACK;
  }

  add(record: FinishedRecord): void {
    this.#bytes += recordBytes(record);
    this.#listOf(record).append(record);
  }

  remove(record: FinishedRecord): void {
    this.#bytes -= recordBytes(record);
    this.#listOf(record).remove(record);
  }

  /** Its client is told now: it is like any other, and its age starts again. */
  deliver(record: FinishedRecord, now: number): void {
    if (record.delivered) return;
    this.remove(record);
    record.delivered = true;
    record.keptSince = now;
    this.add(record);
  }

  /** The next to be forgotten at this time, if any; still in here. */
  excess(now: number): FinishedRecord | null {
    const delivered = this.#delivered.first;
    const undelivered = this.#undelivered.first;
    if (this.size > this.#policy.maxRecords || this.#bytes > this.#policy.maxBytes) return delivered ?? undelivered;
    const oldEnough = now - this.#policy.maxAgeMs;
    if (delivered !== null && delivered.keptSince <= oldEnough) return delivered;
    if (undelivered !== null && undelivered.keptSince <= oldEnough) return undelivered;
    return null;
  }

  /** Those told to their clients first, each part oldest first. */
  *[Symbol.iterator](): Generator<FinishedRecord> {
    yield* this.#delivered;
    yield* this.#undelivered;
  }

  #listOf(record: FinishedRecord): LinkedList<FinishedRecord> {
    return record.delivered ? this.#delivered : this.#undelivered;
  }
}
