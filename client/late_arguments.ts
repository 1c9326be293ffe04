/**
 * Arguments that are on their way while their task has its place in the queue already: a file that is read, a text that
 * is parsed.
 *
 * The task waits where it stands, and what was submitted after it to the same engines stays behind it. Made by
 * `direct_submission.ts`, looked at by `direct_queue.ts`.
 * @module
 */
import { asError } from "../wire/as_error.ts";
import { BigValue } from "./big_value.ts";

/** What a task is called with, once it is there. */
export class LateArguments {
  /** Resolves when `value` or `failure` is set. Never rejects. */
  readonly arriving: Promise<void>;
  #value: Uint8Array | BigValue | null = null;
  #failure: Error | null = null;

  constructor(coming: Promise<Uint8Array | BigValue>) {
    this.arriving = coming.then(
      (value) => void (this.#value = value),
      (error) => void (this.#failure = asError(error)),
    );
  }

  /** `null` until it is there. */
  get value(): Uint8Array | BigValue | null {
    return this.#value;
  }

  /** Why it will not come. */
  get failure(): Error | null {
    return this.#failure;
  }
}
