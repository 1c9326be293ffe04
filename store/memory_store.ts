/**
 * The three ports in memory: for tests, and as the plainest statement of what the other adapters do.
 *
 * What is in it lives in a `MemoryContents` that can be opened again, as after a crash. Nothing is written anywhere.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import { contentHash } from "../wire/content_hash.ts";
import { StoreError } from "../wire/errors.ts";
import type { Blobs } from "./blobs.ts";
import type { Journal, JournalPiece } from "./journal.ts";
import type { RecordChange, Records } from "./records.ts";
import type { Store } from "./store.ts";
import { SnapshotTurn } from "./snapshot_turn.ts";
import { StoreHealth } from "./store_health.ts";

/** What one in-memory store holds: hand it to a second `openMemory`, as a disk outlives a process. */
export class MemoryContents {
  /** Pieces of the newest whole snapshot. */
  snapshot: readonly Uint8Array[] = [];
  /** Entries since that snapshot began. */
  entries: Uint8Array[] = [];
  /** Rows by id, in the order of their first putting. */
  readonly rows: Map<string, Uint8Array> = new Map();
  /** Bytes by their hash. */
  readonly blobs: Map<ContentHash, Uint8Array> = new Map();
  /** Whoever has it open; a later opening takes it away from an earlier one. */
  owner: object | null = null;
}

/**
 * Opens a store in memory.
 *
 * A second opening of the same contents deposes the first, whose calls then reject: as with a controller that was taken
 * for dead.
 *
 * @example
 * ```ts
 * import { MemoryContents, openMemory } from "./memory_store.ts";
 *
 * const contents = new MemoryContents();
 * const before = openMemory(contents);
 * await before.journal.append(new Uint8Array([1]));
 * await using after = openMemory(contents);
 * for await (const piece of after.journal.read()) console.log(piece.kind); // entry
 * ```
 */
export function openMemory(contents: MemoryContents = new MemoryContents()): Store {
  const owner = {};
  contents.owner = owner;
  const health = new StoreHealth();
  const check = () => {
    if (contents.owner !== owner) {
      health.fail(new StoreError("Cannot use the store in memory: another has opened it; this one must not go on."));
    }
    health.check();
  };
  return {
    journal: new MemoryJournal(contents, check),
    records: new MemoryRecords(contents, check),
    blobs: new MemoryBlobs(contents, check),
    lost: health.lost,
    [Symbol.asyncDispose]: () => {
      health.close("the store in memory");
      if (contents.owner === owner) contents.owner = null;
      return Promise.resolve();
    },
  };
}

class MemoryJournal implements Journal {
  readonly #contents: MemoryContents;
  readonly #check: () => void;
  readonly #turn = new SnapshotTurn();
  #tailBytes: number;

  constructor(contents: MemoryContents, check: () => void) {
    this.#contents = contents;
    this.#check = check;
    this.#tailBytes = contents.entries.reduce((sum, entry) => sum + entry.length, 0);
  }

  get tailBytes(): number {
    return this.#tailBytes;
  }

  async *read(): AsyncIterable<JournalPiece> {
    this.#check();
    for (const bytes of this.#contents.snapshot) yield { kind: "snapshot", bytes: bytes.slice() };
    for (const bytes of [...this.#contents.entries]) yield { kind: "entry", bytes: bytes.slice() };
  }

  // deno-lint-ignore require-await
  async append(entry: Uint8Array): Promise<void> {
    this.#check();
    this.#contents.entries.push(entry.slice());
    this.#tailBytes += entry.length;
  }

  snapshot(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#turn.take(async () => {
      this.#check();
      const [replaced, replacedBytes] = [this.#contents.entries.length, this.#tailBytes];
      this.#tailBytes = 0;
      try {
        const kept: Uint8Array[] = [];
        for await (const piece of pieces) kept.push(piece.slice());
        this.#check();
        this.#contents.snapshot = kept;
        this.#contents.entries.splice(0, replaced);
      } catch (error) {
        this.#tailBytes += replacedBytes;
        throw error;
      }
    });
  }
}

class MemoryRecords implements Records {
  readonly #contents: MemoryContents;
  readonly #check: () => void;

  constructor(contents: MemoryContents, check: () => void) {
    this.#contents = contents;
    this.#check = check;
  }

  // deno-lint-ignore require-await
  async change(changes: readonly RecordChange[]): Promise<void> {
    this.#check();
    for (const [id, bytes] of changes) {
      if (bytes === null) this.#contents.rows.delete(id);
      else this.#contents.rows.set(id, bytes.slice());
    }
  }

  async *all(): AsyncGenerator<{ readonly id: string; readonly bytes: Uint8Array }> {
    this.#check();
    for (const [id, bytes] of this.#contents.rows) yield { id, bytes: bytes.slice() };
  }
}

class MemoryBlobs implements Blobs {
  readonly #contents: MemoryContents;
  readonly #check: () => void;

  constructor(contents: MemoryContents, check: () => void) {
    this.#contents = contents;
    this.#check = check;
  }

  async put(hash: ContentHash, bytes: Uint8Array): Promise<void> {
    this.#check();
    if (await this.get(hash) === null) this.#contents.blobs.set(hash, bytes.slice());
  }

  // deno-lint-ignore require-await
  async get(hash: ContentHash): Promise<Uint8Array | null> {
    this.#check();
    const bytes = this.#contents.blobs.get(hash);
    return bytes === undefined || contentHash(bytes) !== hash ? null : bytes.slice();
  }

  // deno-lint-ignore require-await
  async delete(hashes: readonly ContentHash[]): Promise<void> {
    this.#check();
    for (const hash of hashes) this.#contents.blobs.delete(hash);
  }

  // deno-lint-ignore require-await
  async list(): Promise<readonly ContentHash[]> {
    this.#check();
    return [...this.#contents.blobs.keys()];
  }
}
