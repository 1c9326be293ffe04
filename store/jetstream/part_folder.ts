/**
 * Things too big for a message, under a name each, in a stream with one message a part.
 *
 * A thing counts from its last message, which says how many parts it has; deleting it leaves nothing behind. (The object
 * store of NATS leaves a message for everything that was ever in it.) Snapshots and blobs lie in such folders.
 * @module
 */
import type { JetStreamAccess } from "./jetstream_access.ts";
import { readStretch } from "./stream_reader.ts";
import type { StoreStream } from "./stream_setup.ts";

const END = "end";

/** A folder. */
export class PartFolder {
  readonly #access: JetStreamAccess;
  readonly #stream: StoreStream;

  /** `stream`: one that keeps one message a subject. */
  constructor(access: JetStreamAccess, stream: StoreStream) {
    this.#access = access;
    this.#stream = stream;
  }

  /** Puts a thing, one chunk after the other, in place of what may be there. Names are words without points. */
  async put(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let parts = 0;
    for await (const chunk of chunks) {
      const size = this.#access.bodyBytes;
      for (let at = 0; at < chunk.length; at += size) {
        await this.#publish(`${name}.${parts++}`, chunk.subarray(at, at + size));
      }
    }
    await this.#publish(`${name}.${END}`, new TextEncoder().encode(String(parts)));
  }

  /** Is it there, whole or damaged? */
  async has(name: string): Promise<boolean> {
    return await this.#end(name) !== null;
  }

  /** The parts of a thing in order; `null` for one that is missing. Nothing if it is not there. */
  async *get(name: string): AsyncGenerator<Uint8Array | null> {
    const end = await this.#end(name);
    if (end === null) return;
    const subject = `${this.#stream.subject}.${name}`;
    let expected = 0;
    const stretch = { stream: this.#stream.name, subject: `${subject}.*`, first: 1, last: end.sequence };
    for await (const message of readStretch(this.#access, stretch)) {
      const part = Number(message.subject.slice(subject.length + 1));
      if (Number.isNaN(part)) continue;
      for (; expected < part; expected++) yield null;
      yield message.bytes;
      expected = part + 1;
    }
    for (; expected < end.parts; expected++) yield null;
  }

  /** Names of all that are there. */
  async list(): Promise<string[]> {
    const { subject, name } = this.#stream;
    const { state } = await this.#access.persist(
      "Cannot read",
      () => this.#access.manager.streams.info(name, { subjects_filter: `${subject}.>` }),
    );
    const names = new Set<string>();
    for (const each of Object.keys(state.subjects ?? {})) names.add(each.slice(subject.length + 1).split(".")[0] ?? "");
    return [...names];
  }

  /** Deletes a thing, or what there is of it. */
  async delete(name: string): Promise<void> {
    const filter = `${this.#stream.subject}.${name}.*`;
    await this.#access.persist("Cannot write", () => this.#access.manager.streams.purge(this.#stream.name, { filter }));
  }

  async #publish(name: string, bytes: Uint8Array): Promise<void> {
    // Twice is once: the second message on a subject replaces the first.
    await this.#access.persist(
      "Cannot write",
      () => this.#access.client.publish(`${this.#stream.subject}.${name}`, bytes),
    );
  }

  async #end(name: string): Promise<{ readonly sequence: number; readonly parts: number } | null> {
    const query = { last_by_subj: `${this.#stream.subject}.${name}.${END}` };
    const message = await this.#access.message(this.#stream.name, query);
    return message === null ? null : { sequence: message.seq, parts: Number(new TextDecoder().decode(message.data)) };
  }
}
