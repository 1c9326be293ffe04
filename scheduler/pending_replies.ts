/**
 * Replies that come later than the handler that owes them, by a key.
 *
 * A newer question under a key replaces the older one. Used by the scheduler's shell.
 * @module
 */

interface Pending<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

export class PendingReplies<K, T> {
  readonly #pending = new Map<K, Pending<T>>();

  /** The reply to come. */
  wait(key: K): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#pending.set(key, { resolve, reject });
    return promise;
  }

  resolve(key: K, value: T): void {
    this.#take(key)?.resolve(value);
  }

  reject(key: K, error: Error): void {
    this.#take(key)?.reject(error);
  }

  #take(key: K): Pending<T> | undefined {
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    return pending;
  }
}
