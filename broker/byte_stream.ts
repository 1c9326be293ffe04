/**
 * What the broker needs of a TCP connection, and the writing side of one.
 *
 * `Deno.TcpConn` is such a stream; tests hand in their own. The writer empties an outbound buffer: whatever was queued
 * within one turn of the event loop leaves in one write, and what is queued meanwhile waits for the next one.
 * @module
 */
import type { OutboundBuffer } from "./outbound_buffer.ts";

/** Bytes in both directions, as in `Deno.Conn`. */
export interface ByteStream {
  /** Gives the number of bytes read, `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Gives the number of bytes written, at least one. */
  write(bytes: Uint8Array): Promise<number>;
  /** No more will be written. */
  closeWrite(): Promise<void>;
  /** Ends both directions; reads and writes under way reject. */
  close(): void;
}

const DISCONNECTS = [
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.BrokenPipe,
  Deno.errors.TimedOut,
  Deno.errors.UnexpectedEof,
  Deno.errors.NotConnected,
  // Closed on this side while it was read or written.
  Deno.errors.BadResource,
  Deno.errors.Interrupted,
];

/** Whether a read or write failed because the connection has ended, on either side. */
export function isDisconnect(error: unknown): boolean {
  return DISCONNECTS.some((each) => error instanceof each);
}

/** Writes what an outbound buffer holds to a stream. */
export class StreamWriter {
  readonly #stream: ByteStream;
  readonly #buffer: OutboundBuffer;
  readonly #failed: () => void;
  #writing = false;
  #closing = false;
  #idle: Promise<void> = Promise.resolve();
  readonly #easedBytes: number;
  #easing: PromiseWithResolvers<void> | undefined;

  /** `failed` is called when the stream takes nothing any more; for `easedBytes` see `eased`. */
  constructor(stream: ByteStream, buffer: OutboundBuffer, easedBytes: number, failed: () => void) {
    this.#stream = stream;
    this.#buffer = buffer;
    this.#easedBytes = easedBytes;
    this.#failed = failed;
  }

  /** Resolves when all that is queued has been written, or the stream has failed. Never rejects. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  /** Resolves when no more than `easedBytes` wait to be written, or nothing will be written any more. */
  get eased(): Promise<void> {
    if (!this.#writing || this.#buffer.pendingBytes <= this.#easedBytes) return Promise.resolve();
    return (this.#easing ??= Promise.withResolvers()).promise;
  }

  /** Something was queued. */
  wake(): void {
    if (this.#writing) return;
    this.#writing = true;
    this.#idle = this.#writeAll();
  }

  /** Writes what is queued, then ends this direction of the stream. */
  finish(): void {
    this.#closing = true;
    this.wake();
  }

  async #writeAll(): Promise<void> {
    // The microtask runs when the chunk or the batch at hand has been routed to its end.
    await undefined;
    try {
      for (let piece = this.#buffer.take(); piece !== undefined; piece = this.#buffer.take()) {
        for (let written = 0; written < piece.length;) {
          written += await this.#stream.write(written === 0 ? piece : piece.subarray(written));
        }
        this.#buffer.written();
        if (this.#buffer.pendingBytes <= this.#easedBytes) this.#ease();
      }
      if (this.#closing) await this.#stream.closeWrite();
    } catch {
      this.#failed();
    }
    this.#writing = false;
    this.#ease();
  }

  #ease(): void {
    this.#easing?.resolve();
    this.#easing = undefined;
  }
}
