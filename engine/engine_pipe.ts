/**
 * The engine's end of the pipe: standard input and output, taken before any task runs.
 *
 * Writes are synchronous: a result is out before the next task starts. Reads come through Node's socket, which waits for
 * the pipe in the event loop: `Deno.stdin` reads it in another thread, at twice the time for a short task. Keeps the
 * functions it needs, so that a task which patches or replaces `Deno.stdin` and `Deno.stdout` does not reach them. Used
 * by `main.ts` alone.
 * @module
 */
import { Socket } from "node:net";
import { joinBytes } from "../wire/join_bytes.ts";
import { pieceStart, pipeFrame, PipeParser, type ReceivePart } from "../wire/pipe_frames.ts";
import {
  PIECE_BYTES,
  PIPE_KEY_BYTES,
  type PipeBytes,
  TO_ENGINE,
  TO_HOST,
  type ToHostMessage,
} from "../protocol/pipe_messages.ts";

/** Node's own option, missing from its types: a socket over a descriptor that is open. */
interface DescriptorOptions {
  readonly fd: number;
  readonly readable: boolean;
  readonly writable: boolean;
}

/** What is told of the input. */
export interface PipeListener {
  /** Bytes have come, and are about to be read. */
  batchStart(): void;
  message(message: readonly unknown[]): void;
  /** A part of a long value; a view. */
  part(value: number, total: number, offset: number, part: Uint8Array): void;
  /** All messages of one read have been told. */
  batchEnd(): void;
  /** The input ended; `why` says what is wrong with it, or with the handling of a message. Told once, nothing after it. */
  ended(why?: unknown): void;
}

export class EnginePipe {
  readonly #key: number;
  readonly #parser: PipeParser;
  readonly #write: (bytes: Uint8Array) => number;
  #longValues = 0;

  private constructor(key: number) {
    this.#key = key;
    this.#parser = new PipeParser(key, TO_ENGINE.piece);
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
    this.#writeAll(pipeFrame(this.#key, message));
  }

  /** A value as it goes into a message: a long one is sent ahead in pieces, from where its parts lie. */
  place(parts: readonly Uint8Array[]): PipeBytes {
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    if (total <= PIECE_BYTES) return joinBytes(parts);
    const value = ++this.#longValues;
    const reader = new PartReader(parts);
    for (let offset = 0; offset < total; offset += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, total - offset);
      this.#writeAll(pieceStart(this.#key, [TO_HOST.piece, value, total, offset], length));
      for (let left = length; left > 0;) {
        const bytes = reader.next(left);
        this.#writeAll(bytes);
        left -= bytes.length;
      }
    }
    return value;
  }

  #writeAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#write(at === 0 ? bytes : bytes.subarray(at));
  }

  /** From now on each message is told as it comes. */
  listen(listener: PipeListener): void {
    const options: DescriptorOptions = { fd: 0, readable: true, writable: false };
    const socket = new Socket(options as object);
    let over = false;
    const end = (why?: unknown) => {
      if (!over) listener.ended(why);
      over = true;
    };
    const tell = (message: readonly unknown[]) => listener.message(message);
    const tellPart: ReceivePart = (value, total, offset, part) => listener.part(value, total, offset, part);
    socket.on("data", (chunk: Uint8Array) => {
      if (over) return;
      try {
        listener.batchStart();
        this.#parser.feed(chunk, tell, tellPart);
        listener.batchEnd();
      } catch (error) {
        end(error);
      }
    });
    socket.on("end", () => end());
    socket.on("close", () => end());
    socket.on("error", end);
  }
}

/** Goes over parts without joining them. */
class PartReader {
  readonly #parts: readonly Uint8Array[];
  #part = 0;
  #at = 0;

  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts;
  }

  /** At most so many bytes, as they lie together; there must be some left. */
  next(length: number): Uint8Array {
    for (;;) {
      const part = this.#parts[this.#part];
      if (part === undefined) throw new RangeError("Cannot read on: all parts have been read");
      if (this.#at < part.length) {
        const bytes = part.subarray(this.#at, this.#at + length);
        this.#at += bytes.length;
        return bytes;
      }
      this.#part++;
      this.#at = 0;
    }
  }
}
