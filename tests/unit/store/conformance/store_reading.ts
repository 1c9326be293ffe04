/** What tests of stores write and read: short texts as bytes. @module */
import type { Journal, JournalPiece } from "../../../../store/journal.ts";
import type { Records } from "../../../../store/records.ts";
import type { Store } from "../../../../store/store.ts";

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of bytes. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** All that a journal holds: `snapshot a`, `entry b`, `damage c`. */
export async function readJournal(journal: Journal): Promise<string[]> {
  const found: string[] = [];
  for await (const piece of journal.read()) found.push(describePiece(piece));
  return found;
}

function describePiece(piece: JournalPiece): string {
  return piece.kind === "damage" ? `damage ${piece.reason}` : `${piece.kind} ${textOf(piece.bytes)}`;
}

/** All rows: `id=text`, or `id!reason`. */
export async function readRecords(records: Records): Promise<string[]> {
  const found: string[] = [];
  for await (const row of records.all()) {
    found.push("damage" in row ? `${row.id}!${row.damage}` : `${row.id}=${textOf(row.bytes)}`);
  }
  return found;
}

/** Appends texts, one call each, without waiting between them. */
export async function appendAll(store: Store, ...texts: readonly string[]): Promise<void> {
  await Promise.all(texts.map((text) => store.journal.append(bytesOf(text))));
}

/** Texts as the pieces of a snapshot. */
export async function* piecesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    await null;
    yield bytesOf(text);
  }
}
