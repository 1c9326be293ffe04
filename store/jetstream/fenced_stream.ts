/**
 * A stream that one controller writes: each message names the one before it, and the server refuses it otherwise.
 *
 * So a controller that was deposed, and does not know it, can write nothing after its successor's first message. That
 * holds only with one message under way: of several, a later one may name just the number that the successor's message
 * was given. (What waits meanwhile goes into the next message together, see `message_log.ts`.)
 * @module
 */
import { StoreError } from "../../wire/errors.ts";
import type { JetStreamAccess } from "./jetstream_access.ts";
import { jetStreamError, lastSequence } from "./jetstream_errors.ts";
import type { StoreStream } from "./stream_setup.ts";

const MESSAGE_ID = "Nats-Msg-Id";
/** One that writes as fast as it can may come in between, but not each time. */
const OPENING_ATTEMPTS = 1_000;

/** The writing end. */
export class FencedStream {
  readonly stream: StoreStream;
  readonly #access: JetStreamAccess;
  /** Makes the ids of messages differ from those of all other controllers. */
  readonly #writer = crypto.randomUUID();
  #written = 0;
  #last: number;

  private constructor(access: JetStreamAccess, stream: StoreStream, last: number) {
    this.#access = access;
    this.stream = stream;
    this.#last = last;
  }

  /**
   * Writes a first message, of the kind `claim`, which shuts out whoever wrote before. Resolves when that is the newest
   * message. Throws `StoreError`.
   */
  static async open(access: JetStreamAccess, stream: StoreStream, claim: Uint8Array): Promise<FencedStream> {
    const { state } = await access.persist("Cannot open", () => access.manager.streams.info(stream.name));
    const fenced = new FencedStream(access, stream, state.last_seq);
    for (let attempt = 1;; attempt++) {
      try {
        await fenced.#write("claim", claim);
        return fenced;
      } catch (error) {
        if (!(error instanceof DeposedError) || attempt === OPENING_ATTEMPTS) {
          throw jetStreamError("Cannot open", access.cluster, error);
        }
        // From the refusal itself: asking for it would take longer than one that is still writing takes for a message.
        fenced.#last = error.last;
      }
    }
  }

  /** The number of the newest message. */
  get last(): number {
    return this.#last;
  }

  /**
   * Writes a message on the stream's subject and `.kind`; resolves with its number when the server has it. To be called
   * again only then. Rejects with `StoreError` when another writes by now, or the server can't.
   */
  async write(kind: string, bytes: Uint8Array): Promise<number> {
    try {
      return await this.#write(kind, bytes);
    } catch (error) {
      throw jetStreamError(
        "Cannot write",
        this.#access.cluster,
        error instanceof DeposedError ? this.#deposed() : error,
      );
    }
  }

  async #write(kind: string, bytes: Uint8Array): Promise<number> {
    const { subject } = this.stream;
    const expected = this.#last;
    const id = `${this.#writer}-${this.#written++}`;
    const answer = await this.#access.persist("Cannot write", async () => {
      try {
        const options = { msgID: id, expect: { lastSequence: expected } };
        const { seq } = await this.#access.client.publish(`${subject}.${kind}`, bytes, options);
        return seq;
      } catch (error) {
        const last = lastSequence(error);
        if (last === null) throw error;
        // Perhaps an attempt that got no answer has arrived all the same, longer ago than the server remembers ids.
        return await this.#isWritten(expected + 1, id) ? expected + 1 : new DeposedError(last);
      }
    });
    if (answer instanceof DeposedError) throw answer;
    this.#last = answer;
    return answer;
  }

  async #isWritten(sequence: number, id: string): Promise<boolean> {
    const message = await this.#access.message(this.stream.name, { seq: sequence });
    return message?.header.get(MESSAGE_ID) === id;
  }

  #deposed(): StoreError {
    return new StoreError(
      `Cannot write the store of "${this.#access.cluster}" in JetStream: another controller leads by now; ` +
        "this one must not go on.",
    );
  }
}

/** Another has written. */
class DeposedError extends Error {
  /** The number of the newest message by then. */
  readonly last: number;

  constructor(last: number) {
    super(`another has written message ${last}`);
    this.last = last;
  }
}
