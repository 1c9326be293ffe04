/**
 * Whether a store can still be written: one that has failed once rejects everything from then on.
 *
 * Shared by the adapters, so that "lost" means the same in all of them. Does no I/O.
 * @module
 */
import { StoreError } from "../wire/errors.ts";

/** The word on one store. */
export class StoreHealth {
  readonly #lost = Promise.withResolvers<Error>();
  #failure: StoreError | null = null;

  /** Resolves with the first failure. */
  get lost(): Promise<Error> {
    return this.#lost.promise;
  }

  /** The first failure; `null` while all is well. */
  get failure(): StoreError | null {
    return this.#failure;
  }

  /** Takes note of a failure; the first one stays the reason. Gives the reason. */
  fail(error: StoreError): StoreError {
    if (this.#failure === null) {
      this.#failure = error;
      this.#lost.resolve(error);
    }
    return this.#failure;
  }

  /** After this everything is refused, without the store being lost. */
  close(what: string): void {
    this.#failure ??= new StoreError(`Cannot use ${what}: it was closed; open it again.`);
  }

  /** Throws once it failed or was closed. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
