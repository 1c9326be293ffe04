/**
 * The journal in JetStream: a fenced log, and snapshots in a folder of parts.
 *
 * A snapshot counts from a message in the log itself, so that a controller that was deposed can't put one in the place of
 * what its successor wrote. What it replaces is purged then.
 * @module
 */
import type { Journal, JournalPiece } from "../journal.ts";
import { SnapshotTurn } from "../snapshot_turn.ts";
import type { Durability } from "../store.ts";
import type { StoreHealth } from "../store_health.ts";
import { FencedStream } from "./fenced_stream.ts";
import type { JetStreamAccess } from "./jetstream_access.ts";
import { entriesOf, type LogSource, messagesOf } from "./log_entries.ts";
import { packEntries, packTotal, unpackMessage } from "./log_message.ts";
import { MessageLog } from "./message_log.ts";
import { PartFolder } from "./part_folder.ts";
import type { StoreStream } from "./stream_setup.ts";

/** What may wait to be written while nobody waits for it. */
const UNAWAITED_BYTES = 8 * 2 ** 20;

/** What the message of a snapshot says. */
interface SnapshotMark {
  /** Where its pieces are. */
  readonly name: string;
  /** It stands for all messages up to this one. */
  readonly through: number;
  /** Bytes of all entries up to there. */
  readonly total: number;
}

const NO_SNAPSHOT: SnapshotMark = { name: "", through: 0, total: 0 };

/** What a journal is made of. */
export interface JournalParts {
  readonly access: JetStreamAccess;
  readonly stream: StoreStream;
  readonly snapshots: StoreStream;
  readonly health: StoreHealth;
  readonly durability: Durability;
}

/** A journal that this process writes. */
export class JetStreamJournal implements Journal {
  readonly #parts: JournalParts;
  readonly #log: MessageLog;
  readonly #folder: PartFolder;
  readonly #turn = new SnapshotTurn();
  readonly #found: SnapshotMark;
  /** The newest message at the opening. */
  readonly #foundLast: number;
  #newest: SnapshotMark;
  #tailBytes: number;

  private constructor(
    parts: JournalParts,
    stream: FencedStream,
    folder: PartFolder,
    found: SnapshotMark,
    total: number,
  ) {
    this.#parts = parts;
    this.#log = new MessageLog(parts.access, stream, parts.health, total);
    this.#folder = folder;
    this.#found = found;
    this.#newest = found;
    this.#foundLast = stream.last;
    this.#tailBytes = total - found.total;
  }

  /** Shuts out who wrote before, and finds the newest snapshot. Throws `StoreError`. */
  static async open(parts: JournalParts): Promise<JetStreamJournal> {
    const { access, stream } = parts;
    const fenced = await FencedStream.open(access, stream, packTotal(Number.NaN));
    const mark = await access.message(stream.name, { last_by_subj: `${stream.subject}.snapshot` });
    const found = mark === null ? NO_SNAPSHOT : markOf(mark.data);
    const total = await totalAt(access, stream, fenced.last - 1) ?? found.total;
    await fenced.write("opened", packTotal(total));
    const folder = new PartFolder(access, parts.snapshots);
    // Of snapshots that were never finished, and of such as were replaced by a controller that then died.
    for (const name of await folder.list()) if (name !== found.name) await folder.delete(name);
    return new JetStreamJournal(parts, fenced, folder, found, total);
  }

  get tailBytes(): number {
    return this.#tailBytes;
  }

  /** Resolves when all is written that was asked for by now. */
  get idle(): Promise<void> {
    return this.#log.idle;
  }

  /** Rejects if another leads by now. */
  async prove(): Promise<void> {
    await this.#log.mark("alive", packTotal);
  }

  async *read(): AsyncGenerator<JournalPiece> {
    this.#parts.health.check();
    for await (const entry of entriesOf(this.#pieces())) {
      if ("bytes" in entry) yield { kind: "snapshot", bytes: entry.bytes };
      else yield { kind: "damage", reason: `the snapshot: ${entry.damage}` };
    }
    for await (const entry of this.#log.read(this.#found.through + 1, this.#foundLast)) {
      if ("bytes" in entry) yield { kind: "entry", bytes: entry.bytes };
      else yield { kind: "damage", reason: entry.damage };
    }
  }

  async append(entry: Uint8Array): Promise<void> {
    const written = this.#log.append(entry);
    this.#tailBytes += entry.length;
    if (this.#parts.durability !== "none" || this.#log.waitingBytes > UNAWAITED_BYTES) {
      await written;
      return;
    }
    // Who waits for nothing is told of a failure by the next call, and by `lost`.
    written.catch(() => {});
  }

  snapshot(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#turn.take(async () => {
      let total = 0;
      const begun = this.#log.mark("begin", (before) => packTotal(total = before));
      const replaced = this.#tailBytes;
      this.#tailBytes = 0;
      const name = crypto.randomUUID();
      try {
        const through = await begun;
        await this.#folder.put(name, messagesOf(pieces, this.#parts.access.bodyBytes));
        await this.#replace({ name, through, total });
      } catch (error) {
        this.#tailBytes += replaced;
        // What is left of it now goes with the next opening.
        if (this.#parts.health.failure === null) await this.#folder.delete(name).catch(() => {});
        throw error;
      }
    });
  }

  async #replace(mark: SnapshotMark): Promise<void> {
    const { access, stream } = this.#parts;
    const before = this.#newest;
    await this.#log.mark("snapshot", (total) => packMark(total, mark));
    this.#newest = mark;
    await access.persist("Cannot write", () => access.manager.streams.purge(stream.name, { seq: mark.through + 1 }));
    if (before.name !== "") await this.#folder.delete(before.name);
  }

  async *#pieces(): AsyncGenerator<LogSource> {
    if (this.#found.name === "") return;
    let sequence = 0;
    for await (const bytes of this.#folder.get(this.#found.name)) yield { sequence: ++sequence, bytes };
  }
}

/** `null`: no message says it. Those of openings that were cut short do not. */
async function totalAt(access: JetStreamAccess, stream: StoreStream, last: number): Promise<number | null> {
  for (let seq = last; seq > 0; seq--) {
    const message = await access.message(stream.name, { seq });
    if (message === null) return null;
    const total = unpackMessage(message.data)?.total ?? Number.NaN;
    if (!Number.isNaN(total)) return total;
  }
  return null;
}

/** In the form of a log's message, with one entry that says it. */
function packMark(total: number, mark: SnapshotMark): Uint8Array {
  const said = new TextEncoder().encode(JSON.stringify([mark.name, mark.through, mark.total]));
  return packEntries(total, Uint32Array.of(said.length), said);
}

function markOf(bytes: Uint8Array): SnapshotMark {
  const message = unpackMessage(bytes);
  const said = message?.kind === "entries" ? message.entries[0] : undefined;
  const parts: unknown = said === undefined ? null : JSON.parse(new TextDecoder().decode(said));
  if (!Array.isArray(parts)) return NO_SNAPSHOT;
  const [name, through, total] = parts;
  return { name: String(name), through: Number(through), total: Number(total) };
}
