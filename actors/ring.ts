/**
 * A first-in first-out queue that stays fast at any length: the storage of mailboxes and of the run queue.
 *
 * Grows by doubling and gives memory back when it runs empty. Knows nothing of what it holds.
 * @module
 */

const INITIAL_SLOTS = 16;
const KEPT_SLOTS = 1024;

export class Ring<T> {
  #slots: (T | undefined)[] = new Array(INITIAL_SLOTS).fill(undefined);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    if (this.#length === 0 && this.#slots.length > KEPT_SLOTS) this.#reset();
    return item;
  }

  #grow(): void {
    const old = this.#slots;
    const slots: (T | undefined)[] = new Array(old.length * 2).fill(undefined);
    for (let i = 0; i < this.#length; i++) slots[i] = old[(this.#head + i) & (old.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }

  #reset(): void {
    this.#slots = new Array(INITIAL_SLOTS).fill(undefined);
    this.#head = 0;
  }
}
