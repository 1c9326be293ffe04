/**
 * What a task has shown on its way: lines, published data, progress; of its latest attempt, as far as it is known here.
 *
 * Grows with what the task shows and no further. When the task ends, its text is dropped for that of the result, data and
 * progress stay. Held by `Job`, made at the first news, filled by `running_news.ts` and `settlement.ts`.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { EngineUuid } from "../protocol/ids.ts";
import { NEWS, type NewsMessage } from "../protocol/messages.ts";
import type { DecodeSpecial } from "../wire/special_forms.ts";
import { decodeValue } from "../wire/value_codec.ts";

/** How far a task says it is. */
export interface TaskProgress {
  /** 0 to 1. */
  readonly fraction: number;
  /** A few words of the task, or `null`. */
  readonly text: string | null;
}

/** What one task has shown. */
export class LiveTask {
  stdout = "";
  stderr = "";
  /** What it published last; `null`: nothing yet. */
  data: unknown = null;
  progress: TaskProgress | null = null;
  #attempt = 0;
  #uuid: EngineUuid | null = null;
  /** Some of its output was lost on the way: what is here has a hole, and ends before it. */
  readonly #torn = { stdout: false, stderr: false };

  /** The attempt that this is of; another one begins anew. False: it is older than what is known. */
  enter(attempt: number, uuid: EngineUuid): boolean {
    if (attempt === this.#attempt && uuid === this.#uuid) return true;
    if (attempt < this.#attempt) return false;
    this.#attempt = attempt;
    this.#uuid = uuid;
    this.stdout = this.stderr = "";
    this.#torn.stdout = this.#torn.stderr = false;
    this.data = this.progress = null;
    return true;
  }

  /** Whether what is here is of the attempt that ended so. */
  isOf(attempt: number, uuid: EngineUuid | null): boolean {
    return attempt === this.#attempt && uuid === this.#uuid;
  }

  /** Takes what its attempt shows; `special`: as for results. Throws `SerializationError` for data that can't be read. */
  take(row: NewsMessage, special: DecodeSpecial | null): void {
    switch (row[4]) {
      case NEWS.printed:
        return this.#print(row[5] === 0 ? "stdout" : "stderr", row[6], row[7]);
      case NEWS.published:
        this.data = decodeValue(row[5].slice(), { special });
        return;
      case NEWS.progress:
        this.progress = { fraction: row[5], text: row[6] };
    }
  }

  /** Only what follows: after a hole the end of the task tells the rest. */
  #print(channel: OutputChannel, text: string, at: number): void {
    const known = this[channel].length;
    if (at > known) this.#torn[channel] = true;
    if (this.#torn[channel]) return;
    this[channel] += text.slice(known - at);
  }
}
