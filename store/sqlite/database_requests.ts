/**
 * What the controller's thread asks of the thread that holds the database, and what comes back.
 *
 * Types only. Several requests travel as one batch and are one transaction.
 * @module
 */
import type { ContentHash } from "../../protocol/ids.ts";
import type { RecordChange } from "../records.ts";
import type { Durability } from "../store.ts";
import type { PackedPieces } from "./packed_pieces.ts";
import type { PackedRows } from "./packed_rows.ts";

/** The first message: what to open. */
export interface DatabaseConfig {
  readonly path: string;
  readonly cluster: string;
  readonly durability: Durability;
  /** The file may not grow beyond this; 0: as the disk allows. */
  readonly maxBytes: number;
}

/** What was found. */
export interface DatabaseFound {
  /** Bytes of the entries after the newest snapshot. */
  readonly tailBytes: number;
}

/** Changes something. */
export type WriteRequest =
  /** Entries one after the other, and the length of each. */
  | { readonly kind: "append"; readonly lengths: Uint32Array; readonly bytes: Uint8Array }
  | { readonly kind: "snapshot-begin" }
  | { readonly kind: "snapshot-piece"; readonly bytes: Uint8Array }
  | { readonly kind: "snapshot-end" }
  | { readonly kind: "snapshot-drop" }
  | { readonly kind: "change"; readonly changes: readonly RecordChange[] }
  | { readonly kind: "put-blob"; readonly hash: ContentHash; readonly bytes: Uint8Array }
  | { readonly kind: "delete-blobs"; readonly hashes: readonly ContentHash[] };

/** Reads a part, after the place where the part before it ended; 0 to begin with. */
export type ReadRequest =
  | { readonly kind: "read-snapshot"; readonly after: number }
  | { readonly kind: "read-entries"; readonly after: number }
  | { readonly kind: "read-records"; readonly after: number }
  | { readonly kind: "get-blob"; readonly hash: ContentHash }
  | { readonly kind: "list-blobs" };

/** One of them. */
export type DatabaseRequest = WriteRequest | ReadRequest;

/** Part of a journal. `next`: ask again with this; `null`: this was all. */
export interface JournalPart {
  readonly pieces: PackedPieces;
  readonly next: number | null;
}

/** Part of the records. `next` as there. */
export interface RecordPart {
  readonly rows: PackedRows;
  readonly next: number | null;
}

/** The answer to each kind of request. */
export interface DatabaseAnswers {
  readonly "read-snapshot": JournalPart;
  readonly "read-entries": JournalPart;
  readonly "read-records": RecordPart;
  readonly "get-blob": Uint8Array | null;
  readonly "list-blobs": readonly ContentHash[];
}

/** What the answer to a request of this kind is; nothing where something is written. */
export type AnswerTo<R extends DatabaseRequest> = R["kind"] extends keyof DatabaseAnswers ? DatabaseAnswers[R["kind"]]
  : undefined;

/** To the thread of the database. */
export type ToDatabase =
  | { readonly kind: "open"; readonly config: DatabaseConfig }
  | { readonly kind: "batch"; readonly requests: readonly DatabaseRequest[] }
  | { readonly kind: "close" };

/** From it: one answer to each message, in the order of the messages. */
export type FromDatabase =
  | { readonly kind: "opened"; readonly found: DatabaseFound }
  | { readonly kind: "done"; readonly answers: readonly unknown[] }
  | { readonly kind: "closed" }
  /** Nothing of it was done. `isFinal`: the reason is a whole message, else it is SQLite's word. */
  | { readonly kind: "failed"; readonly reason: string; readonly isFinal: boolean };
