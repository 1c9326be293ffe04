/**
 * Encoded bytes that are too big to travel inline: where they are, once a host has them.
 *
 * The bytes stay here until the task is settled, so that they can be given to another host when the first one is lost.
 * Moved by `blob_transfer.ts`.
 * @module
 */
import type { ContentHash, HostId } from "../protocol/ids.ts";
import type { PayloadMessage } from "../protocol/messages.ts";
import { contentHash } from "../wire/content_hash.ts";

/** Bytes on their way to a host. */
export class BigValue {
  readonly bytes: Uint8Array;
  #hash: ContentHash | null;
  /** The host that holds it; `null` until then. */
  home: HostId | null = null;
  /** Why no host takes it. */
  failure: Error | null = null;
  /** Resolves when `home` or `failure` is set; `null` while nobody moves it. Never rejects. */
  moving: Promise<void> | null = null;

  constructor(bytes: Uint8Array, hash: ContentHash | null = null) {
    this.bytes = bytes;
    this.#hash = hash;
  }

  /** Computed at first use: reading a gigabyte takes a second or two. */
  get hash(): ContentHash {
    return this.#hash ??= contentHash(this.bytes);
  }

  /** As it travels; `null` while no host has it. */
  get message(): PayloadMessage | null {
    return this.home === null ? null : [this.hash, this.bytes.length, this.home];
  }
}
