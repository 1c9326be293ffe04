/**
 * A byte stream in memory: what the client sends is handed in, what it gets is kept, and every way to fail is at hand.
 * @module
 */
import type { ByteStream } from "../../../broker/byte_stream.ts";
import { within } from "../../../testing/within.ts";
import { bytesOf, latin1 } from "./recording_sink.ts";

/** The server's end of a connection. */
export class FakeStream implements ByteStream {
  /** All that was written. */
  written = "";
  /** Sizes of the writes. */
  readonly writes: number[] = [];
  /** At most so many bytes a write. */
  writeSize = Infinity;
  /** Both directions were ended by the server. */
  closed = false;
  /** The server said that it writes no more. */
  writeClosed = false;
  readonly #incoming: (Uint8Array | null | Error)[] = [];
  readonly #waiting = new Set<() => void>();
  #wakeReader: (() => void) | undefined;
  #stalled: PromiseWithResolvers<void> | undefined;
  #writeError: Error | undefined;

  /** The client sends; `null`: it ends its half; an error: the connection is reset. */
  send(bytes: string | null | Error): void {
    this.#incoming.push(typeof bytes === "string" ? bytesOf(bytes) : bytes);
    this.#wakeReader?.();
  }

  /** Writes hang until the result is called. */
  stall(): () => void {
    this.#stalled = Promise.withResolvers();
    return () => {
      this.#stalled?.resolve();
      this.#stalled = undefined;
    };
  }

  /** Writes fail from now on. */
  breakWrites(error: Error): void {
    this.#writeError = error;
  }

  /** Resolves when this holds; looked at after each call of the server. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => holds() && resolve();
    this.#waiting.add(look);
    look();
    await within(promise, what);
    this.#waiting.delete(look);
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#incoming.length === 0) {
      if (this.closed) throw new Deno.errors.BadResource("closed");
      this.#tell();
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const next = this.#incoming.shift();
    if (next instanceof Error) throw next;
    if (next === null || next === undefined) return null;
    into.set(next.subarray(0, into.length));
    if (next.length > into.length) this.#incoming.unshift(next.subarray(into.length));
    return Math.min(next.length, into.length);
  }

  async write(bytes: Uint8Array): Promise<number> {
    const part = bytes.slice(0, this.writeSize);
    await this.#stalled?.promise;
    if (this.closed) throw new Deno.errors.BadResource("closed");
    if (this.#writeError !== undefined) throw this.#writeError;
    this.written += latin1(part);
    this.writes.push(part.length);
    this.#tell();
    return part.length;
  }

  closeWrite(): Promise<void> {
    this.writeClosed = true;
    this.#tell();
    return Promise.resolve();
  }

  close(): void {
    if (this.closed) throw new Deno.errors.BadResource("closed twice");
    this.closed = true;
    this.#stalled?.resolve();
    this.#wakeReader?.();
    this.#tell();
  }

  #tell(): void {
    for (const look of this.#waiting) look();
  }
}
