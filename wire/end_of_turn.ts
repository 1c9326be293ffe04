/**
 * One act at the end of this turn of the event loop, however often it is asked for: so many messages leave as one.
 *
 * Used by what gathers messages, at clients and hosts.
 * @module
 */

export class EndOfTurn {
  readonly #act: () => void;
  #isDue = false;

  constructor(act: () => void) {
    this.#act = act;
  }

  /** The act is wanted. */
  ask(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#act();
    });
  }
}
