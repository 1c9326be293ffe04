/**
 * Many rows on their way from one thread to the other, as one run of bytes, for the reason of `packed_pieces.ts`.
 * @module
 */
import { EntryPacker } from "../entry_packer.ts";

/** A row of `records`, or what is known of a damaged one. */
export type RecordRow =
  | { readonly id: string; readonly bytes: Uint8Array }
  | { readonly id: string; readonly damage: string };

/** Rows, and what is said of damaged ones between them. */
export interface PackedRows {
  readonly ids: readonly string[];
  /** Of the rows that stand one after the other in `bytes`. */
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
  /** Before which row, and what. */
  readonly damages: readonly (readonly [before: number, id: string, damage: string])[];
}

/** Gathers rows. */
export class RowPacker {
  readonly #ids: string[] = [];
  readonly #packer = new EntryPacker();
  readonly #damages: [number, string, string][] = [];

  /** Bytes so far. */
  get size(): number {
    return this.#packer.size;
  }

  add(id: string, bytes: Uint8Array): void {
    this.#ids.push(id);
    this.#packer.add(bytes);
  }

  /** A row that is there and can't be given. */
  addDamage(id: string, damage: string): void {
    this.#damages.push([this.#ids.length, id, damage]);
  }

  /** The rows; nothing may be added after that. */
  pack(): PackedRows {
    return { ids: this.#ids, ...this.#packer.pack(), damages: this.#damages };
  }
}

/** The rows in order. Their bytes are views of one buffer. */
export function* unpackRows({ ids, lengths, bytes, damages }: PackedRows): Iterable<RecordRow> {
  let [at, told] = [0, 0];
  for (let index = 0; index <= ids.length; index++) {
    for (let next = damages[told]; next !== undefined && next[0] <= index; next = damages[++told]) {
      yield { id: next[1], damage: next[2] };
    }
    const [id, length] = [ids[index], lengths[index]];
    if (id === undefined || length === undefined) return;
    yield { id, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}
