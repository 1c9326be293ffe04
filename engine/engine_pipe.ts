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
import { pieceFrame, pipeFrame, PipeParser } from "../wire/pipe_frames.ts";
import { PIECE_BYTES, PIPE_KEY_BYTES, type PipeBytes, TO_HOST, type ToHostMessage } from "../protocol/pipe_messages.ts";

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
    this.#parser = new PipeParser(key);
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

  /** A value as it goes into a message: a long one is sent ahead in pieces. */
  place(bytes: Uint8Array): PipeBytes {
    if (bytes.length <= PIECE_BYTES) return bytes;
    const value = ++this.#longValues;
    for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
      const piece = bytes.subarray(offset, offset + PIECE_BYTES);
      const { frame, bytes: room } = pieceFrame(
        this.#key,
        [TO_HOST.piece, value, bytes.length, offset],
        piece.length,
      );
      room.set(piece);
      this.#writeAll(frame);
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
    socket.on("data", (chunk: Uint8Array) => {
      if (over) return;
      try {
        listener.batchStart();
        this.#parser.feed(chunk, tell);
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
