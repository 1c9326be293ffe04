/**
 * The engine's end of the pipe: standard input and output, taken before any task runs.
 *
 * Writes are synchronous: a result is out before the next task starts. Keeps the functions it needs, so that a task
 * which patches or replaces `Deno.stdin` and `Deno.stdout` does not reach them. Used by `main.ts` alone.
 * @module
 */
import { pipeFrame, PipeParser } from "../wire/pipe_frames.ts";
import { PIECE_BYTES, PIPE_KEY_BYTES, type PipeBytes, TO_HOST, type ToHostMessage } from "../protocol/pipe_messages.ts";

const READ_BYTES = 256 * 1024;

export class EnginePipe {
  readonly #key: number;
  readonly #parser: PipeParser;
  readonly #read: (buffer: Uint8Array) => Promise<number | null>;
  readonly #write: (bytes: Uint8Array) => number;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #longValues = 0;

  private constructor(key: number) {
    this.#key = key;
    this.#parser = new PipeParser(key);
    this.#read = Deno.stdin.read.bind(Deno.stdin);
    this.#write = Deno.stdout.writeSync.bind(Deno.stdout);
  }

  /** Reads the key, the first thing the host says. `null`: the host is gone already. */
  static open(): EnginePipe | null {
    const head = new Uint8Array(PIPE_KEY_BYTES);
    for (let at = 0; at < head.length;) {
      const count = Deno.stdin.readSync(head.subarray(at));
      if (count === null) return null;
      at += count;
    }
    return new EnginePipe(new DataView(head.buffer).getUint32(0));
  }

  send(message: ToHostMessage): void {
    let rest: Uint8Array = pipeFrame(this.#key, message);
    for (;;) {
      const count = this.#write(rest);
      if (count === rest.length) return;
      rest = rest.subarray(count);
    }
  }

  /** A value as it goes into a message: a long one is sent ahead in pieces. */
  place(bytes: Uint8Array): PipeBytes {
    if (bytes.length <= PIECE_BYTES) return bytes;
    const value = ++this.#longValues;
    for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
      const piece = bytes.subarray(offset, offset + PIECE_BYTES);
      this.send([TO_HOST.piece, value, bytes.length, offset, piece]);
    }
    return value;
  }

  /** Waits for more and hands over each message in it; `false` at the end of the input. */
  async receive(handle: (message: readonly unknown[]) => void): Promise<boolean> {
    const count = await this.#read(this.#buffer);
    if (count === null) return false;
    this.#parser.feed(this.#buffer.slice(0, count), handle);
    return true;
  }
}
