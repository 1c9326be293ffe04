/**
 * Encoded bytes that are too big to travel inline: where they are, once a host has them.
 *
 * The bytes stay here until the task is settled, so that they can be given to another host when the first one is lost;
 * those that another client placed never were here.
 * Moved by `blob_transfer.ts`.
 * @module
 */
import type { ContentHash, EngineId, HostId } from "../protocol/ids.ts";
import type { PayloadMessage } from "../protocol/messages.ts";
import type { BlobRef } from "../protocol/task_spec.ts";

/** Bytes on their way to a host. */
export class BigValue {
  /** `null`: only a host has them. */
  readonly bytes: Uint8Array | null;
  readonly size: number;
  #hash: ContentHash | null;
  /** The engines whose direct tasks it is for, as far as they are known: it goes to a host of these where that can be. */
  readonly engines = new Set<EngineId>();
  /** The host that holds it; `null` until then. */
  home: HostId | null;
  /** Why no host takes it. */
  failure: Error | null = null;
  /** Resolves when `home` or `failure` is set; `null` while nobody moves it. Never rejects. */
  moving: Promise<void> | null = null;

  constructor(bytes: Uint8Array, hash?: ContentHash | null);
  /** One that a host has. */
  constructor(ref: BlobRef);
  constructor(value: Uint8Array | BlobRef, hash: ContentHash | null = null) {
    const isHere = value instanceof Uint8Array;
    this.bytes = isHere ? value : null;
    this.size = isHere ? value.length : value.size;
    this.#hash = isHere ? hash : value.hash;
    this.home = isHere ? null : value.home;
  }

  /** `null` while nobody knows it: the first host that has the value says it, which need not be read for that here. */
  get hash(): ContentHash | null {
    return this.#hash;
  }

  /** A host has all of it, and found out or checked its hash. */
  placedAt(home: HostId, hash: ContentHash): void {
    this.home = home;
    this.#hash = hash;
  }

  /** Whether it has this hash, as far as that is known: what was never placed is not asked for. */
  isKnownAs(hash: ContentHash): boolean {
    return this.#hash === hash;
  }

  /** As it travels; `null` while no host has it. */
  get message(): PayloadMessage | null {
    return this.home === null || this.#hash === null ? null : [this.#hash, this.size, this.home];
  }
}
