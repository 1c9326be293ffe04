/**
 * Moves big values between this client and the blob folders of hosts, in pieces.
 *
 * A few pieces are on their way at a time, whatever the number of values: that is the back-pressure. Called by
 * `client_tasks.ts` before a task with a big value is submitted, and by `settlement.ts` for big results.
 * @module
 */
import type { ContentHash, HostId } from "../protocol/ids.ts";
import { BLOB_PIECE_BYTES } from "../protocol/roles.ts";
import type { BlobRef } from "../protocol/task_spec.ts";
import { asError } from "../wire/as_error.ts";
import type { Clock } from "../wire/clock.ts";
import { isContentHash } from "../wire/content_hash.ts";
import { ConnectionError, EngineError } from "../wire/errors.ts";
import type { EncodedValue } from "../wire/scattered_value.ts";
import { ValueIntake } from "../wire/value_intake.ts";
import type { BigValue } from "./big_value.ts";
import type { EngineRoster } from "./engine_roster.ts";
import type { FindHost } from "./host_link.ts";
import { happensInTime } from "./waiting.ts";

/** Pieces on their way at a time. */
const WINDOW = 8;
/** Hosts tried before a value counts as not to be placed. */
const UPLOAD_ATTEMPTS = 3;
/** How long the scheduler has, after a host was lost, to say which hosts are left. */
const NEWS_TIMEOUT_MS = 10_000;

/** Uploads and downloads of one client. */
export class BlobTransfer {
  readonly #roster: EngineRoster;
  readonly #host: FindHost;
  readonly #clock: Clock;
  /** Nobody else's uploads have such names. */
  readonly #sender = crypto.randomUUID();
  #uploads = 0;
  #free = WINDOW;
  readonly #queue: (() => void)[] = [];

  constructor(roster: EngineRoster, host: FindHost, clock: Clock) {
    this.#roster = roster;
    this.#host = host;
    this.#clock = clock;
  }

  /** Brings a value to some host. Resolves when `home` or `failure` is set; shared by all who ask. */
  place(value: BigValue): Promise<void> {
    if (value.home !== null || value.failure !== null) return Promise.resolve();
    return value.moving ??= this.#place(value);
  }

  /** Brings a value to this very host, which can't get it elsewhere. Whether it is there now. */
  async bring(value: BigValue, host: HostId): Promise<boolean> {
    if (value.bytes === null) return false;
    try {
      await this.#upload(value, host);
      value.home = host;
      return true;
    } catch {
      // It asked, and says itself what becomes of its task.
      return false;
    }
  }

  /** Forgets where a value is when its host is gone: it has to be placed again. */
  recheck(value: BigValue): void {
    if (value.home !== null && !this.#roster.hosts.includes(value.home)) value.home = null;
  }

  /** A big result. Rejects with `EngineError` where its host is gone. */
  async download(ref: BlobRef): Promise<EncodedValue> {
    const value = new ValueIntake(ref.size);
    const early = new Map<number, Uint8Array>();
    const host = this.#host(ref.home);
    try {
      await this.#inPieces(ref.size, async (offset, length) => {
        const piece = await host.getBlob(ref.hash, offset, length);
        if (piece.length !== length) throw new RangeError(`it gave ${piece.length} bytes where ${length} were wanted`);
        early.set(offset, piece);
        for (let next = early.get(value.filled); next !== undefined; next = early.get(value.filled)) {
          early.delete(value.filled);
          value.add(next);
        }
      });
    } catch (cause) {
      throw new EngineError(
        `Cannot fetch a result of ${ref.size} bytes from host "${ref.home}": ${asError(cause).message}; ` +
          `the host is gone or dropped it, so submit the task again.`,
        { cause },
      );
    }
    return value.take();
  }

  async #place(value: BigValue): Promise<void> {
    if (value.bytes === null) value.failure = bytesGone(value);
    for (let attempt = 1; value.home === null && value.failure === null; attempt++) {
      let home: HostId | null = null;
      try {
        home = (attempt === 1 ? this.#nearest(value) : null) ?? await this.#roster.anyHost();
        value.placedAt(home, await this.#upload(value, home));
      } catch (cause) {
        if (this.#roster.closed !== null) value.failure = this.#roster.closed;
        else if (attempt === UPLOAD_ATTEMPTS) value.failure = notPlaced(value, cause);
        else if (home !== null && cause instanceof ConnectionError) await this.#newsOf(home);
      }
    }
    value.moving = null;
  }

  /** A host of the engines it is for: another one would have to give it to that one. */
  #nearest({ engines }: BigValue): HostId | null {
    for (const engine of engines) {
      const host = this.#roster.hostOf(engine);
      if (host !== undefined) return host;
    }
    return null;
  }

  /** A host that is gone leaves the list soon: until then it would only be tried again. */
  async #newsOf(host: HostId): Promise<void> {
    if (!this.#roster.hosts.includes(host)) return;
    await happensInTime((callback) => this.#roster.onChange(callback), { timeout: NEWS_TIMEOUT_MS }, this.#clock);
  }

  async #upload(value: BigValue, home: HostId): Promise<ContentHash> {
    const { bytes } = value;
    if (bytes === null) throw bytesGone(value);
    const host = this.#host(home);
    const engines = [...value.engines];
    const upload = value.hash ?? `${this.#sender}#${++this.#uploads}`;
    let found: unknown = null;
    await this.#inPieces(bytes.length, async (offset, length) => {
      const piece = bytes.subarray(offset, offset + length);
      const hash = await host.putBlob(upload, bytes.length, offset, piece, offset === 0 ? engines : []);
      if (offset + length === bytes.length) found = hash;
    });
    if (!isContentHash(found)) throw new RangeError(`host "${home}" took them and gave no hash of them`);
    return found;
  }

  /** Runs `move` for each piece, in order, a few at a time. Rejects with the first failure and starts no more. */
  async #inPieces(size: number, move: (offset: number, length: number) => Promise<void>): Promise<void> {
    let failed = false;
    const moves: Promise<void>[] = [];
    for (let offset = 0; offset < size && !failed; offset += BLOB_PIECE_BYTES) {
      await this.#takeSlot();
      const moved = move(offset, Math.min(BLOB_PIECE_BYTES, size - offset)).finally(() => this.#giveSlot());
      // Looked at in the end; until then it must not count as unhandled.
      moved.catch(() => void (failed = true));
      moves.push(moved);
    }
    await Promise.all(moves);
  }

  #takeSlot(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => void this.#queue.push(resolve));
  }

  #giveSlot(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

function bytesGone(value: BigValue): EngineError {
  return new EngineError(
    `Cannot bring ${value.size} bytes of arguments or code to a host: the one that had them is gone; ` +
      `submit the function itself again.`,
  );
}

function notPlaced(value: BigValue, cause: unknown): EngineError {
  return new EngineError(
    `Cannot bring ${value.size} bytes of arguments or code to a host: ${asError(cause).message}; ` +
      `look at the hosts' logs, then submit the task again.`,
    { cause },
  );
}
