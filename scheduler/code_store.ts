/**
 * Function code by its hash, for as long as somebody may still want it run; and which host has which already.
 *
 * The code is opaque here: checked against its hash when it comes, passed on when it is first needed somewhere. Owned
 * by the scheduler's shell.
 * @module
 */
import type { ContentHash, HostId, Session } from "../protocol/ids.ts";
import type { CodeMessage, PayloadMessage } from "../protocol/messages.ts";
import { contentHash } from "../wire/content_hash.ts";
import { SerializationError } from "../wire/errors.ts";

/** The code that the tasks of a cluster run. */
export class CodeStore {
  readonly #sources = new Map<ContentHash, PayloadMessage>();
  readonly #bySession = new Map<Session, Set<ContentHash>>();
  readonly #byHost = new Map<HostId, Set<ContentHash>>();

  /** Keeps code that a session sent. Throws where the bytes are not those of the hash. */
  add(session: Session, codes: readonly CodeMessage[]): void {
    for (const [hash, source] of codes) {
      if (!this.#sources.has(hash)) this.#sources.set(hash, this.#checked(hash, source));
      this.#set(this.#bySession, session).add(hash);
    }
  }

  has(hash: ContentHash): boolean {
    return this.#sources.has(hash);
  }

  /** The code to send along with the first task that needs it on a host; `null` where the host has it. */
  forHost(host: HostId, hash: ContentHash): CodeMessage | null {
    const known = this.#set(this.#byHost, host);
    const source = this.#sources.get(hash);
    if (known.has(hash) || source === undefined) return null;
    known.add(hash);
    return [hash, source];
  }

  /** A host begins anew, or is gone: it has no code. */
  forgetHost(host: HostId): void {
    this.#byHost.delete(host);
  }

  /** A session is gone and has no unfinished task: code that only it used is dropped. */
  forgetSession(session: Session): void {
    const hashes = this.#bySession.get(session);
    if (hashes === undefined) return;
    this.#bySession.delete(session);
    for (const hash of hashes) {
      if (![...this.#bySession.values()].some((others) => others.has(hash))) this.#drop(hash);
    }
  }

  #drop(hash: ContentHash): void {
    this.#sources.delete(hash);
    for (const known of this.#byHost.values()) known.delete(hash);
  }

  /** Bytes are copied: they are a view of a batch that would stay alive with them. */
  #checked(hash: ContentHash, source: PayloadMessage): PayloadMessage {
    if (!(source instanceof Uint8Array)) return source;
    if (contentHash(source) === hash) return source.slice();
    throw new SerializationError(
      `Cannot take the code "${hash.slice(0, 12)}…": its bytes have another hash; was the message changed on its way?`,
    );
  }

  #set<K>(sets: Map<K, Set<ContentHash>>, key: K): Set<ContentHash> {
    let set = sets.get(key);
    if (set === undefined) sets.set(key, set = new Set());
    return set;
  }
}
