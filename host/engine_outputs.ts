/**
 * Takes the values that come out of an engine's process: small ones as they are, big ones into the blob folder.
 *
 * Pieces go straight to a file, so a result of any size costs no memory here. Used by `engine_feed.ts`.
 * @module
 */
import type { PipeBytes } from "../protocol/pipe_messages.ts";
import { INLINE_LIMIT_BYTES, type Payload } from "../protocol/task_spec.ts";
import type { BlobFile } from "./blob_file.ts";
import type { BlobFolder } from "./blob_folder.ts";
import { BlobFollower } from "./blob_follower.ts";

/** Told of each value that begins to come in pieces; `follow`: to read it meanwhile. */
export type OnLongOutput = (total: number, follow: () => BlobFollower) => void;

interface LongOutput {
  readonly file: BlobFile;
  readonly total: number;
}

export class EngineOutputs {
  readonly #folder: BlobFolder;
  readonly #onLong: OnLongOutput;
  readonly #longOutputs = new Map<number, LongOutput>();

  constructor(folder: BlobFolder, onLong: OnLongOutput = () => {}) {
    this.#folder = folder;
    this.#onLong = onLong;
  }

  /** Throws `RangeError` for pieces that do not follow each other. */
  addPiece(value: number, total: number, offset: number, bytes: Uint8Array): void {
    let output = this.#longOutputs.get(value);
    if (output === undefined) {
      const file = this.#folder.create();
      this.#longOutputs.set(value, output = { file, total });
      this.#onLong(total, () => new BlobFollower(file));
    }
    if (offset !== output.file.size || offset + bytes.length > output.total) {
      throw new RangeError(`Cannot take piece ${offset} of a value of which ${output.file.size} bytes are here`);
    }
    output.file.append(bytes);
  }

  /** The value as it travels on. */
  take(body: PipeBytes): Payload {
    if (typeof body !== "number") return body.length <= INLINE_LIMIT_BYTES ? body : this.#folder.store(body);
    const output = this.#longOutputs.get(body);
    if (output === undefined || output.file.size !== output.total) {
      throw new RangeError(`Cannot take value ${body}: its pieces are not complete`);
    }
    this.#longOutputs.delete(body);
    return this.#folder.adopt(output.file);
  }

  /** Drops what is not complete. */
  close(): void {
    for (const { file } of this.#longOutputs.values()) file.discard();
    this.#longOutputs.clear();
  }
}
