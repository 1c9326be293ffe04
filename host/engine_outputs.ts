/**
 * Takes the values that come out of an engine's process: small ones as they are, big ones into the blob folder.
 *
 * Pieces go straight to a file, so a result of any size costs no memory here. Used by `engine_feed.ts`.
 * @module
 */
import type { PipeBytes } from "../protocol/pipe_messages.ts";
import { INLINE_LIMIT_BYTES, type Payload } from "../protocol/task_spec.ts";
import { EngineError } from "../wire/errors.ts";
import type { BlobFile } from "./blob_file.ts";
import type { BlobFolder } from "./blob_folder.ts";
import { BlobFollower } from "./blob_follower.ts";

/** Told of each value that begins to come in pieces; `follow`: to read it meanwhile. */
export type OnLongOutput = (total: number, follow: () => BlobFollower) => void;

interface LongOutput {
  /** `null`: not even that could be made. */
  readonly file: BlobFile | null;
  readonly total: number;
  /** Bytes that came, also where they could not be kept. */
  size: number;
  /** Why it can't be kept. */
  failure: unknown;
}

export class EngineOutputs {
  readonly #folder: BlobFolder;
  readonly #onLong: OnLongOutput;
  readonly #longOutputs = new Map<number, LongOutput>();

  constructor(folder: BlobFolder, onLong: OnLongOutput = () => {}) {
    this.#folder = folder;
    this.#onLong = onLong;
  }

  /**
   * Throws `RangeError` for pieces that do not follow each other. A piece that can't be kept (the disk is full, say) is no
   * fault of the engine: `take` tells of it.
   */
  addPiece(value: number, total: number, offset: number, bytes: Uint8Array): void {
    let output = this.#longOutputs.get(value);
    if (output === undefined) this.#longOutputs.set(value, output = this.#begin(total));
    if (offset !== output.size || offset + bytes.length > output.total) {
      throw new RangeError(`Cannot take piece ${offset} of a value of which ${output.size} bytes are here`);
    }
    output.size += bytes.length;
    if (output.failure !== null) return;
    try {
      output.file?.append(bytes);
    } catch (error) {
      output.failure = error;
      output.file?.discard();
    }
  }

  #begin(total: number): LongOutput {
    try {
      const file = this.#folder.create();
      this.#onLong(total, () => new BlobFollower(file));
      return { file, total, size: 0, failure: null };
    } catch (failure) {
      return { file: null, total, size: 0, failure };
    }
  }

  /** The value as it travels on. Throws `EngineError` where it can't be kept here. */
  take(body: PipeBytes): Payload {
    if (typeof body !== "number") {
      if (body.length <= INLINE_LIMIT_BYTES) return body;
      return this.#keep(body.length, () => this.#folder.store(body));
    }
    const output = this.#longOutputs.get(body);
    if (output === undefined || output.size !== output.total) {
      throw new RangeError(`Cannot take value ${body}: its pieces are not complete`);
    }
    this.#longOutputs.delete(body);
    return this.#keep(output.total, () => {
      if (output.file === null || output.failure !== null) throw output.failure;
      return this.#folder.adopt(output.file);
    });
  }

  #keep(size: number, keep: () => Payload): Payload {
    try {
      return keep();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError(
        `its result of ${size} bytes can't be kept on its host (${why}); make room for "${this.#folder.path}", or return less`,
        { cause },
      );
    }
  }

  /** Drops what is not complete. */
  close(): void {
    for (const { file } of this.#longOutputs.values()) file?.discard();
    this.#longOutputs.clear();
  }
}
