/**
 * Reads what a store holds, and makes the writer that goes on from there.
 *
 * What is damaged is told of and costs itself only. Called once by the controller, before the scheduler begins.
 * @module
 */
import type { ContentHash, TaskId } from "../../protocol/ids.ts";
import type { BlobRef, Payload } from "../../protocol/task_spec.ts";
import { UNCONFIRMED } from "../../store/journal.ts";
import type { Store } from "../../store/store.ts";
import type { Log } from "../../wire/log.ts";
import { EntryReader } from "./entry_reader.ts";
import { JournalWriter } from "./journal_writer.ts";
import { KeptRows } from "./kept_rows.ts";
import { Ledger } from "./ledger.ts";

/** What was read, and the way to write on. */
export interface OpenedJournal {
  readonly writer: JournalWriter;
  readonly ledger: Ledger;
  /** Function code and modules by hash. */
  readonly codes: ReadonlyMap<ContentHash, Payload>;
  /** What could not be read. */
  readonly damage: readonly string[];
}

/** Only so many are logged one by one. */
const SHOWN_DAMAGE = 20;

/** Reads all of it. `waits`: what is promised waits for the store. */
export async function openJournal(
  store: Store,
  { waits, log, snapshotBytes }: { readonly waits: boolean; readonly log: Log; readonly snapshotBytes?: number },
): Promise<OpenedJournal> {
  const damage: string[] = [];
  const blobs = await readBlobs(store);
  const ledger = new Ledger();
  const rows = new KeptRows();
  const farCodes = new Map<ContentHash, BlobRef>();
  const take = (reader: EntryReader, bytes: Uint8Array, what: string) => {
    const entry = reader.read(bytes);
    for (const line of entry.lines) {
      if (line.kind === "code") farCodes.set(line.hash, line.source);
      else ledger.apply(line);
      rows.follow(line, ledger);
    }
    for (const reason of entry.damage) damage.push(`${what}: ${reason}`);
  };
  const rowReader = new EntryReader((hash) => blobs.get(hash) ?? null);
  for await (const row of store.records.all()) {
    // Without an id it is the store as a whole.
    if ("damage" in row) damage.push(row.id === "" ? row.damage : `record of task "${row.id}": ${row.damage}`);
    else {
      take(rowReader, row.bytes, `record of task "${row.id}"`);
      rows.written(row.id as TaskId);
    }
  }
  const reader = new EntryReader((hash) => blobs.get(hash) ?? null);
  for await (const piece of store.journal.read()) {
    if (piece.kind === "damage") damage.push(piece.reason);
    else take(reader, piece.bytes, piece.kind === "snapshot" ? "snapshot" : "journal entry");
  }
  report(damage, log);
  const writer = new JournalWriter({
    store,
    ledger,
    rows,
    blobs: new Set(blobs.keys()),
    farCodes,
    waits,
    log,
    ...(snapshotBytes !== undefined && { snapshotBytes }),
  });
  return { writer, ledger, codes: new Map<ContentHash, Payload>([...farCodes, ...blobs]), damage };
}

async function readBlobs(store: Store): Promise<Map<ContentHash, Uint8Array>> {
  const blobs = new Map<ContentHash, Uint8Array>();
  for (const hash of await store.blobs.list()) {
    const bytes = await store.blobs.get(hash);
    if (bytes !== null) blobs.set(hash, bytes);
  }
  return blobs;
}

function report(damage: readonly string[], log: Log): void {
  for (const reason of damage.slice(0, SHOWN_DAMAGE)) {
    if (reason.endsWith(UNCONFIRMED)) log("info", "an unfinished write was left out of the store", { reason });
    else log("error", "part of the store is damaged", { reason });
  }
  const rest = damage.length - SHOWN_DAMAGE;
  if (rest > 0) log("error", "more of the store is damaged", { parts: rest });
}
