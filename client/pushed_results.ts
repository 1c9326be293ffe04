/**
 * Big results that hosts send piece by piece while engines still write them, until the news of the end names them.
 *
 * It is a favour of the hosts: what is not complete, or not what the news names, is fetched by `blob_transfer.ts`. Called by
 * `client_tasks.ts` for each piece, by `settlement.ts` in the end.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import type { ResultPiece } from "../protocol/messages.ts";
import type { BlobRef } from "../protocol/task_spec.ts";
import type { Clock } from "../wire/clock.ts";
import type { EncodedValue } from "../wire/scattered_value.ts";
import { ValueIntake } from "../wire/value_intake.ts";
import { happensInTime } from "./waiting.ts";

/** Without a piece for so long, what is missing is asked for. */
const PIECE_LIMIT_MS = 5_000;

interface PushedResult {
  readonly host: string;
  readonly value: ValueIntake;
  hash: ContentHash | null;
  /** Who waits for the next piece. */
  told: (() => void) | null;
}

/** The pushed results of one client, by the counters of their tasks. */
export class PushedResults {
  readonly #clock: Clock;
  readonly #results = new Map<number, PushedResult>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A piece from a host. `awaited`: the task is not settled. Whether more is wanted. */
  add(host: string, [counter, total, offset, piece, hash]: ResultPiece, awaited: boolean): boolean {
    // Another attempt begins again.
    if (offset === 0 && awaited) this.#begin(counter, host, total);
    const result = this.#results.get(counter);
    if (result === undefined || result.host !== host || result.value.total !== total) return false;
    if (result.value.filled !== offset) return false;
    result.value.add(piece);
    result.hash = hash;
    result.told?.();
    return true;
  }

  /** A settled task's result, as soon as it is complete; `null`: it has to be fetched. */
  async take(counter: number, { hash, size }: BlobRef): Promise<EncodedValue | null> {
    const result = this.#results.get(counter);
    if (result === undefined) return null;
    let goesOn = result.value.total === size;
    while (goesOn && result.value.filled < size) {
      goesOn = await happensInTime(
        (callback) => {
          result.told = callback;
          return () => void (result.told = null);
        },
        { timeout: PIECE_LIMIT_MS },
        this.#clock,
      ) && this.#results.get(counter) === result;
    }
    if (this.#results.get(counter) === result) this.#results.delete(counter);
    return goesOn && result.hash === hash ? result.value.take() : null;
  }

  /** The task has ended in another way. */
  forget(counter: number): void {
    const result = this.#results.get(counter);
    this.#results.delete(counter);
    result?.told?.();
  }

  /** Nothing comes any more. */
  close(): void {
    for (const counter of [...this.#results.keys()]) this.forget(counter);
  }

  #begin(counter: number, host: string, total: number): void {
    this.forget(counter);
    this.#results.set(counter, { host, value: new ValueIntake(total), hash: null, told: null });
  }
}
