/**
 * Entries out of the messages of a log, and into them where nobody waits for each.
 * @module
 */
import { joinBytes } from "../../wire/join_bytes.ts";
import { UNCONFIRMED } from "../journal.ts";
import { EntryPacker } from "../entry_packer.ts";
import { packedSize, packEntries, packParts, unpackMessage } from "./log_message.ts";

/** An entry that was read, and the message that completes it. */
export type LogEntry =
  | { readonly sequence: number; readonly bytes: Uint8Array }
  | { readonly sequence: number; readonly damage: string };

/** A message of a log; `null` bytes: it is missing. */
export interface LogSource {
  readonly sequence: number;
  readonly bytes: Uint8Array | null;
}

/** The entries of messages in order. An entry whose parts are not all there is told of. */
export async function* entriesOf(messages: AsyncIterable<LogSource>): AsyncGenerator<LogEntry> {
  let parts: Uint8Array[] = [];
  let sequence = 0;
  for await (const message of messages) {
    sequence = message.sequence;
    const read = message.bytes === null ? null : unpackMessage(message.bytes);
    if (parts.length > 0 && (read === null || read.kind === "entries")) {
      yield halfWritten(sequence);
      parts = [];
    }
    if (read === null) yield { sequence, damage: `message ${sequence} is missing, or no part of a log` };
    else if (read.kind === "entries") { for (const bytes of read.entries) yield { sequence, bytes }; }
    else {
      parts.push(read.bytes);
      if (read.kind === "part") continue;
      yield { sequence, bytes: joinBytes(parts) };
      parts = [];
    }
  }
  if (parts.length > 0) yield halfWritten(sequence);
}

function halfWritten(sequence: number): LogEntry {
  return { sequence, damage: `a big entry is half-written; ${UNCONFIRMED}` };
}

/** Messages of at most `size` bytes with these entries. */
export async function* messagesOf(entries: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let packer = new EntryPacker();
  const flush = (): Uint8Array => {
    const { lengths, bytes } = packer.pack();
    packer = new EntryPacker();
    return packEntries(0, lengths, bytes);
  };
  for await (const entry of entries) {
    if (packer.count > 0 && packedSize(packer.count + 1, packer.size + entry.length) > size) yield flush();
    if (packedSize(1, entry.length) > size) yield* packParts(0, entry, size);
    else packer.add(entry);
  }
  if (packer.count > 0) yield flush();
}
