/**
 * Many pieces of a journal on their way from one thread to the other, as one run of bytes: thousands of objects would
 * take longer to hand over than to read.
 * @module
 */
import { EntryPacker } from "../entry_packer.ts";
import type { JournalPiece } from "../journal.ts";

/** Pieces of one kind, and what is said of damage between them. */
export interface PackedPieces {
  readonly kind: "snapshot" | "entry";
  /** Of the pieces that stand one after the other in `bytes`. */
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
  /** Before which piece, and what. */
  readonly damages: readonly (readonly [before: number, reason: string])[];
}

/** Gathers pieces. */
export class PiecePacker {
  readonly #kind: PackedPieces["kind"];
  readonly #packer = new EntryPacker();
  readonly #damages: [number, string][] = [];

  /** All pieces are of this kind. */
  constructor(kind: PackedPieces["kind"]) {
    this.#kind = kind;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#packer.size;
  }

  add(bytes: Uint8Array): void {
    this.#packer.add(bytes);
  }

  /** What could not be read between the piece before and the next. */
  addDamage(reason: string): void {
    this.#damages.push([this.#packer.count, reason]);
  }

  /** The pieces; nothing may be added after that. */
  pack(): PackedPieces {
    return { kind: this.#kind, ...this.#packer.pack(), damages: this.#damages };
  }
}

/** The pieces in order. Their bytes are views of one buffer. */
export function* unpackPieces({ kind, lengths, bytes, damages }: PackedPieces): Iterable<JournalPiece> {
  let [at, told] = [0, 0];
  for (let index = 0; index <= lengths.length; index++) {
    for (let damage = damages[told]; damage !== undefined && damage[0] <= index; damage = damages[++told]) {
      yield { kind: "damage", reason: damage[1] };
    }
    const length = lengths[index];
    if (length === undefined) return;
    yield { kind, bytes: bytes.subarray(at, at + length) };
    at += length;
  }
}
