/**
 * Gets what a run needs into an engine's process: code, template, captures, arguments, whatever their size.
 *
 * Small things go into messages at once; a blob is fetched if need be, held, and sent in pieces, so that it is never in
 * memory here as a whole. Used by `engine_feed.ts`.
 * @module
 */
import { PIECE_BYTES, type PipeBytes, TO_ENGINE } from "../protocol/pipe_messages.ts";
import type { ContentHash } from "../protocol/ids.ts";
import type { BlobRef, Payload, TaskTemplate } from "../protocol/task_spec.ts";
import { asError } from "../wire/as_error.ts";
import { contentHash } from "../wire/content_hash.ts";
import { EngineError } from "../wire/errors.ts";
import { AheadValues } from "./ahead_values.ts";
import type { BlobLease } from "./blob_folder.ts";
import type { BlobFollower } from "./blob_follower.ts";
import type { EngineProcess } from "./engine_process.ts";
import type { EngineRun } from "./engine_run.ts";
import { KnownNames } from "./known_names.ts";

/** Where code and blobs come from. */
export interface InputSources {
  /** Throws or rejects where nobody has it. */
  code(hash: ContentHash, run: EngineRun): Uint8Array | Promise<Uint8Array>;
  lease(ref: BlobRef, run: EngineRun): Promise<BlobLease>;
}

/** Templates and codes that a process is expected to remember. */
const KNOWN_TEMPLATES = 256;
const KNOWN_CODES = 256;
/** Captures of so many bytes are compared as they are, longer ones by their hash. */
const SHORT_CAPTURES = 1_024;
/** Makes a character of each byte, a different one of each. */
const BYTE_TEXT = new TextDecoder("latin1");
/** So many bytes may wait for the pipe while a blob is sent. */
const AHEAD_BYTES = 4 * PIECE_BYTES;

/** What goes into the message of a run. */
export interface PreparedRun {
  readonly template: number;
  readonly args: PipeBytes;
  readonly inputs: readonly PipeBytes[];
}

/** One whose values all fit in its message. */
export type InlineRun = EngineRun & { readonly args: Uint8Array; readonly inputs: readonly Uint8Array[] };

/** How much of it goes into the message. */
export function inlineBytes({ args, inputs }: PreparedRun): number {
  const lengthOf = (bytes: PipeBytes) => typeof bytes === "number" ? 0 : bytes.length;
  return inputs.reduce<number>((sum, input) => sum + lengthOf(input), lengthOf(args));
}

export class EngineInputs {
  readonly #process: EngineProcess;
  readonly #sources: InputSources;
  readonly #templates = new KnownNames<string, number>(KNOWN_TEMPLATES);
  readonly #codes = new KnownNames<ContentHash, ContentHash>(KNOWN_CODES);
  #templateCount = 0;
  /** The template of the last run: mostly it is the next one's too. */
  #last: { readonly template: TaskTemplate; readonly number: number } | null = null;
  #longValues = 0;
  readonly #ahead: AheadValues;

  constructor(process: EngineProcess, sources: InputSources) {
    this.#process = process;
    this.#sources = sources;
    this.#ahead = new AheadValues((value) => process.send([TO_ENGINE.drop, value]));
  }

  /** Sends a value of `total` bytes that is still being uploaded, for a run that is to come. Takes the follower over. */
  sendAhead(upload: string, total: number, blob: BlobFollower): void {
    this.#ahead.begin(upload, blob, () => this.#sendGrowing(total, blob));
  }

  /** The process is gone. */
  close(): void {
    this.#ahead.close();
  }

  /** The number of the run's template, where the run can be sent at once; else `null`: `prepare` it. */
  templateOf(run: EngineRun): number | null {
    if (!isInline(run.args) || !areInline(run.inputs)) return null;
    return this.#known(run.template);
  }

  /** Sends whatever must be there before the run; rejects where it can't be had. `wanted` is asked again and again. */
  async prepare(run: EngineRun, wanted: () => boolean): Promise<PreparedRun> {
    const template = this.#known(run.template) ?? await this.#sendTemplate(run);
    const args = await this.#place(run.args, run, wanted).catch((cause) => Promise.reject(gone("arguments", cause)));
    const inputs: PipeBytes[] = [];
    let inline = 0;
    for (const [index, payload] of run.inputs.entries()) {
      if (!wanted()) break;
      if (payload instanceof Uint8Array) inline += payload.length;
      const fits = inline <= PIECE_BYTES;
      inputs.push(
        await this.#place(payload, run, wanted, fits).catch((cause) => Promise.reject(inputGone(index, cause))),
      );
    }
    return { template, args, inputs };
  }

  #known(template: TaskTemplate): number | null {
    if (this.#last?.template === template) return this.#last.number;
    const number = this.#templates.use(keyOf(template));
    if (number === undefined) return null;
    this.#last = { template, number };
    return number;
  }

  async #sendTemplate(run: EngineRun): Promise<number> {
    const { template } = run;
    const { code, name, captures, flags, modules } = template;
    for (const hash of [code, ...modules ?? []]) {
      if (this.#codes.use(hash) === undefined) await this.#sendCode(hash, run);
    }
    const placed = captures === null
      ? null
      : await this.#place(captures, run, () => true).catch((cause) => Promise.reject(gone("captured values", cause)));
    const number = ++this.#templateCount;
    const { priority } = flags;
    const message = [TO_ENGINE.template, number, code, name, placed] as const;
    if (modules !== undefined) this.#process.send([...message, priority, modules]);
    else this.#process.send(priority === 0 ? message : [...message, priority]);
    this.#forgetTemplate(this.#templates.add(keyOf(template), number));
    return number;
  }

  async #sendCode(hash: ContentHash, run: EngineRun): Promise<void> {
    const source = this.#sources.code(hash, run);
    const bytes = source instanceof Uint8Array
      ? source
      : await source.catch((cause) => Promise.reject(gone("code", cause)));
    this.#process.send([TO_ENGINE.code, hash, await this.#place(bytes, run, () => true)]);
    this.#forget(this.#codes.add(hash, hash));
  }

  #forgetTemplate(number: number | undefined): void {
    if (this.#last?.number === number) this.#last = null;
    this.#forget(number);
  }

  #forget(name: number | ContentHash | undefined): void {
    if (name !== undefined) this.#process.send([TO_ENGINE.forget, name]);
  }

  /** `fits`: there is still room for short ones in the message. */
  async #place(payload: Payload, run: EngineRun, wanted: () => boolean, fits = true): Promise<PipeBytes> {
    if (fits && isInline(payload)) return payload;
    const ahead = payload instanceof Uint8Array ? null : await this.#ahead.take(payload.hash);
    if (ahead !== null) return ahead;
    const lease = payload instanceof Uint8Array ? leaseOfBytes(payload) : await this.#sources.lease(payload, run);
    try {
      return await this.#sendPieces(lease, wanted);
    } finally {
      lease.release();
    }
  }

  async #sendPieces(lease: BlobLease, wanted: () => boolean): Promise<number> {
    const value = ++this.#longValues;
    for (let offset = 0; offset < lease.size && wanted(); offset += PIECE_BYTES) {
      await this.#sendPiece(value, lease, offset);
    }
    return value;
  }

  async #sendGrowing(total: number, blob: BlobFollower): Promise<number | null> {
    const value = ++this.#longValues;
    const source = { size: total, readInto: blob.readInto.bind(blob) };
    for (let offset = 0; offset < total; offset += PIECE_BYTES) {
      if (!await blob.reaches(Math.min(offset + PIECE_BYTES, total))) break;
      await this.#sendPiece(value, source, offset);
    }
    if (await blob.whole() !== null) return value;
    this.#process.send([TO_ENGINE.drop, value]);
    return null;
  }

  /** Resolves when the next piece may follow. */
  async #sendPiece(value: number, source: Pick<BlobLease, "size" | "readInto">, offset: number): Promise<void> {
    const length = Math.min(PIECE_BYTES, source.size - offset);
    this.#process.sendPiece(value, source.size, offset, length, (room) => source.readInto(room, offset));
    if (this.#process.outgoingBytes > AHEAD_BYTES) await this.#process.flushed();
  }
}

/** Every message has template objects of its own; equal ones are the same to an engine, which decodes captures afresh. */
function keyOf({ code, name, captures, modules = [], flags: { priority } }: TaskTemplate): string {
  const shared = [code, ...modules, priority].join(" ");
  if (captures === null) return `${shared} ${name}`;
  if (!(captures instanceof Uint8Array)) return `${shared} ${captures.hash} ${name}`;
  const values = captures.length <= SHORT_CAPTURES ? BYTE_TEXT.decode(captures) : contentHash(captures);
  return `${shared} ${captures.length} ${values} ${name}`;
}

/** Whether all of them have room in one message. */
function areInline(payloads: readonly Payload[]): boolean {
  let bytes = 0;
  return payloads.every((payload) => isInline(payload) && (bytes += payload.length) <= PIECE_BYTES);
}

function gone(what: string, cause: unknown): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EngineError(`its ${what} can't be had (${why}); submit it again`, { cause });
}

function inputGone(index: number, cause: unknown): EngineError {
  const why = asError(cause).message;
  const text = `result ${index + 1} of those that stand in its arguments can't be had (${why}); its host is gone or ` +
    `dropped it, so submit the task that makes it again`;
  return new EngineError(text, { cause });
}

function isInline(payload: Payload): payload is Uint8Array {
  return payload instanceof Uint8Array && payload.length <= PIECE_BYTES;
}

function leaseOfBytes(bytes: Uint8Array): BlobLease {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
    readInto: (target, offset) => target.set(bytes.subarray(offset, offset + target.length)),
    release() {},
  };
}
