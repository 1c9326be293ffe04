/**
 * Waits for engines to come up: all of the first ones, or some by their ids; and for the news that they can't.
 *
 * Owned by `host_service.ts`, told by the host's actor.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import { EngineError } from "../wire/errors.ts";

interface Waiter {
  readonly ids: readonly EngineId[];
  resolve(): void;
  reject(error: Error): void;
}

export class EngineGate {
  readonly #wanted: number;
  readonly #onProgress: ((ready: number, wanted: number) => void) | undefined;
  readonly #first = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<Error>();
  readonly #shutDown = Promise.withResolvers<"stop">();
  readonly #up = new Set<EngineId>();
  /** Given up, perhaps before anybody asked for them. */
  readonly #givenUp = new Map<EngineId, EngineError>();
  readonly #waiters = new Set<Waiter>();
  #stopping = false;

  constructor(wanted: number, onProgress?: (ready: number, wanted: number) => void) {
    this.#wanted = wanted;
    this.#onProgress = onProgress;
    this.#first.promise.catch(() => {});
    // A host that only runs a controller waits for nothing.
    if (wanted === 0) this.#first.resolve();
  }

  /** Resolves when as many engines are ready as were wanted; rejects when one of them is given up. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  /** Resolves with the reason when the host ended without having been asked to. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** Resolves when a client has ended the cluster. */
  get shutDown(): Promise<"stop"> {
    return this.#shutDown.promise;
  }

  /** A client has ended the engines, and wants all else to end. */
  shutdown(): void {
    this.#shutDown.resolve("stop");
  }

  /** Resolves when these are ready. */
  allReady(ids: readonly EngineId[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = ids.find((id) => this.#givenUp.has(id));
    if (failed !== undefined) return Promise.reject(this.#givenUp.get(failed));
    this.#waiters.add({ ids, resolve, reject });
    this.#settle();
    return promise;
  }

  /** These are about to be restarted. */
  expectAgain(ids: readonly EngineId[]): void {
    for (const id of ids) {
      this.#up.delete(id);
      this.#givenUp.delete(id);
    }
  }

  engineReady(id: EngineId): void {
    this.#up.add(id);
    this.#onProgress?.(this.#up.size, this.#wanted);
    this.#settle();
  }

  engineFailed(id: EngineId | null, reason: string, givenUp: boolean): void {
    if (givenUp) this.#giveUp(id, `Cannot start engine ${id ?? "(without an id yet)"}: ${reason}`);
  }

  /** It was stopped for good, perhaps by another order than the one that waits for it. */
  engineGone(id: EngineId, reason: string): void {
    if (!this.#stopping) this.#giveUp(id, `Cannot wait for engine ${id}: ${reason}`);
  }

  /** No controller takes this host. */
  refused(error: Error): void {
    this.#failed.resolve(error);
    this.#first.reject(error);
  }

  stopping(): void {
    this.#stopping = true;
  }

  hostEnded(reason: string): void {
    if (this.#stopping) return;
    const error = new EngineError(`The host ended: ${reason}`);
    this.#failed.resolve(error);
    this.#first.reject(error);
    for (const waiter of this.#waiters) this.#end(waiter, () => waiter.reject(error));
  }

  #giveUp(id: EngineId | null, message: string): void {
    const error = new EngineError(message);
    if (id !== null) this.#givenUp.set(id, error);
    if (id !== null) this.#up.delete(id);
    this.#first.reject(error);
    for (const waiter of this.#waiters) {
      if (id === null || waiter.ids.includes(id)) this.#end(waiter, () => waiter.reject(error));
    }
  }

  #settle(): void {
    if (this.#up.size >= this.#wanted) this.#first.resolve();
    for (const waiter of this.#waiters) {
      if (waiter.ids.every((id) => this.#up.has(id))) this.#end(waiter, waiter.resolve);
    }
  }

  #end(waiter: Waiter, settle: () => void): void {
    this.#waiters.delete(waiter);
    settle();
  }
}
