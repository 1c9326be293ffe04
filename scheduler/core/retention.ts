/**
 * Which finished tasks are kept, and which is to be forgotten next: oldest first, those their client was not told last.
 *
 * Only keeps the order and counts the bytes; forgetting is `settlement.ts`'s work.
 * @module
 */
import type { Payload, TaskSpec } from "../../protocol/task_spec.ts";
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

/** What a task that is kept takes besides its record, in the hub: what it was given. */
export function specBytes({ args, inputs = [] }: TaskSpec): number {
  return inputs.reduce((sum, input) => sum + (typeof input === "string" ? 0 : payloadBytes(input)), payloadBytes(args));
}

/** What a record takes in memory, roughly, in here and in the hub. */
export function recordBytes(record: FinishedRecord): number {
  const { outcome, argBytes } = record;
  const base = RECORD_BYTES + argBytes + 2 * record.printedLength;
  if (outcome.kind === "done") return base + payloadBytes(outcome.value);
  if (outcome.kind === "threw") return base + payloadBytes(outcome.error);
  return base + 2 * outcome.error.message.length + payloadBytes(outcome.error.cause);
}

/** The finished tasks that are kept. */
export class Retention {
  readonly #policy: RetentionPolicy;
  readonly #delivered = new LinkedList<FinishedRecord>();
  readonly #undelivered = new LinkedList<FinishedRecord>();
  /** How often each record is named by waiting tasks that is. */
  readonly #pins = new Map<FinishedRecord, number>();
  /** Those of them that somebody wanted forgotten meanwhile. */
  readonly #purged = new Set<FinishedRecord>();
  #bytes = 0;

  constructor(policy: RetentionPolicy) {
    this.#policy = policy;
  }

  /** All that are kept. */
  get size(): number {
    return this.#evictable + this.#pins.size;
  }

  /** Of those that may be forgotten. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Those that waiting tasks name: they count neither against the bounds nor are they forgotten. */
  get pinned(): Iterable<FinishedRecord> {
    return this.#pins.keys();
  }

  get #evictable(): number {
    return this.#delivered.size + this.#undelivered.size;
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

  /** `record` must not be pinned. */
  remove(record: FinishedRecord): void {
    this.#bytes -= recordBytes(record);
    this.#listOf(record).remove(record);
  }

  /** Its client is told now: it is like any other, and its age starts again. */
  deliver(record: FinishedRecord, now: number): void {
    if (record.delivered) return;
    if (this.#pins.has(record)) {
      record.deliver();
      return;
    }
    this.remove(record);
    record.deliver();
    record.keptSince = now;
    this.add(record);
  }

  /** `times` more it is named by waiting tasks: it is not forgotten before `unpin` was called as often. */
  pin(record: FinishedRecord, times = 1): void {
    if (times === 0) return;
    const pins = this.#pins.get(record) ?? 0;
    if (pins === 0) this.remove(record);
    this.#pins.set(record, pins + times);
  }

  /** One waiting task fewer names it. True: it is to be forgotten now. */
  unpin(record: FinishedRecord, now: number): boolean {
    const pins = this.#pins.get(record);
    if (pins === undefined) return false;
    if (pins > 1) {
      this.#pins.set(record, pins - 1);
      return false;
    }
    this.#pins.delete(record);
    record.keptSince = now;
    this.add(record);
    return this.#purged.delete(record);
  }

  /** Whether it has to stay for now; if so, it goes when it may. */
  putOffPurge(record: FinishedRecord): boolean {
    if (!this.#pins.has(record)) return false;
    this.#purged.add(record);
    return true;
  }

  /** Whether it is kept only because others name it. */
  isPurged(record: FinishedRecord): boolean {
    return this.#purged.has(record);
  }

  /** How often it is named by waiting tasks. */
  pinsOf(record: FinishedRecord): number {
    return this.#pins.get(record) ?? 0;
  }

  /** The next to be forgotten at this time, if any; still in here. */
  excess(now: number): FinishedRecord | null {
    const delivered = this.#delivered.first;
    const undelivered = this.#undelivered.first;
    if (this.#evictable > this.#policy.maxRecords || this.#bytes > this.#policy.maxBytes) {
      return delivered ?? undelivered;
    }
    const oldEnough = now - this.#policy.maxAgeMs;
    if (delivered !== null && delivered.keptSince <= oldEnough) return delivered;
    if (undelivered !== null && undelivered.keptSince <= oldEnough) return undelivered;
    return null;
  }

  /** Those that may be forgotten, told to their clients first, each part oldest first. */
  *[Symbol.iterator](): Generator<FinishedRecord> {
    yield* this.#delivered;
    yield* this.#undelivered;
  }

  #listOf(record: FinishedRecord): LinkedList<FinishedRecord> {
    return record.delivered ? this.#delivered : this.#undelivered;
  }
}
