/**
 * What a run needs and its host can't get any more: asks whoever may still have it, before the run fails for it.
 *
 *   this host's folder → the host that is known to have it → the client of the task → (code) the scheduler
 *
 * A client keeps what it sent for as long as the task is not settled. Used by the feed of each engine, by way of
 * `host_parts.ts`, which knows how to ask.
 * @module
 */
import type { ContentHash, HostId } from "../protocol/ids.ts";
import type { BlobRef, Payload } from "../protocol/task_spec.ts";
import { EngineError } from "../wire/errors.ts";
import type { BlobFetcher } from "./blob_fetcher.ts";
import type { BlobLease } from "./blob_folder.ts";
import type { EngineRun } from "./engine_run.ts";

/** The ways to those who may have it. */
export interface LostInputsOptions {
  readonly fetcher: BlobFetcher;
  readonly home: HostId;
  /** The client of the run brings these bytes into this host's folder again; whether it could. May reject. */
  askClient(run: EngineRun, hash: ContentHash, size: number): Promise<boolean>;
  /** Code that the scheduler knows; `null`: it does not. May reject. */
  askScheduler(hash: ContentHash): Promise<Payload | null>;
}

export class LostInputs {
  readonly #options: LostInputsOptions;

  constructor(options: LostInputsOptions) {
    this.#options = options;
  }

  /** Holds a blob that a run needs. Rejects with `EngineError` where nobody has it. */
  async lease(ref: BlobRef, run: EngineRun): Promise<BlobLease> {
    const { fetcher } = this.#options;
    try {
      return await fetcher.lease(ref);
    } catch (cause) {
      if (await this.#broughtAgain(run, ref.hash, ref.size)) return await fetcher.lease(ref);
      throw nowhere(ref, cause);
    }
  }

  /** The same as a whole in memory: for code. */
  async bytes(ref: BlobRef, run: EngineRun): Promise<Uint8Array> {
    const lease = await this.lease(ref, run);
    lease.release();
    return await this.#options.fetcher.bytes(ref);
  }

  /** Code that this host had once. Rejects with `EngineError` where nobody has it. */
  async code(hash: ContentHash, run: EngineRun): Promise<Uint8Array> {
    const { fetcher, home } = this.#options;
    if (await this.#broughtAgain(run, hash, 0)) return await fetcher.bytes({ hash, size: 0, home });
    const source = await this.#options.askScheduler(hash).catch(() => null);
    if (source instanceof Uint8Array) return source;
    if (source !== null) return await this.bytes(source, run);
    throw new EngineError(`neither its client nor the scheduler has the code "${hash.slice(0, 12)}…" any more`);
  }

  async #broughtAgain(run: EngineRun, hash: ContentHash, size: number): Promise<boolean> {
    try {
      return await this.#options.askClient(run, hash, size);
    } catch {
      // The client is gone, or does not answer: it does not have it either.
      return false;
    }
  }
}

function nowhere({ size, home }: BlobRef, cause: unknown): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const text =
    `its ${size} bytes lay on host "${home}", which can't give them (${why}), and its client does not have ` +
    `them any more`;
  return new EngineError(text, { cause });
}
