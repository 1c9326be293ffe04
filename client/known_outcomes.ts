/**
 * What became of this client's tasks, for a scheduler that can't know: one that began anew and remembers nothing, or
 * any, where the task ended here before it was submitted.
 *
 *   settled, ended here → **KnownOutcomes** → told along with the tasks that name these as dependencies
 *
 * Four bytes a task: the outcomes themselves are few, one for each engine process and kind of failure. Of very old tasks
 * nothing is kept. Knows nothing of sending. Filled by `client_tasks.ts`, asked by `submit_queue.ts`.
 * @module
 */
import type { EngineId, EngineUuid, Session, TaskId } from "../protocol/ids.ts";
import { type KnownMessage, SETTLED, type SettledMessage } from "../protocol/messages.ts";
import type { TaskFlags } from "../protocol/task_spec.ts";
import { TroupeError } from "../wire/errors.ts";
import { parseTaskId } from "../wire/task_ids.ts";

/** An outcome without its task. */
type Outcome = readonly [
  ok: boolean,
  engine: EngineId | null,
  uuid: EngineUuid | null,
  error: string | null,
  /** The controller life it was told in. */
  life: number,
];

const PAGE_SIZE = 1024;
/** The outcomes of a million tasks, in 4 MB. */
const MAX_PAGES = 1024;
const UNKNOWN = 0;
/** Place of the life in an outcome. */
const LIFE = 4;
const NO_IDS: readonly TaskId[] = [];
const NOTHING: readonly KnownMessage[] = [];

/** The outcomes of one client's tasks. */
export class KnownOutcomes {
  readonly #session: Session;
  /** Index + 1 among `#kinds`; pages in order of their first outcome. */
  readonly #pages = new Map<number, Uint32Array>();
  readonly #kinds: Outcome[] = [];
  readonly #kindIndexes = new Map<string, number>();
  /** Tasks whose outcome this controller life was told. */
  readonly #told = new Set<number>();
  /** Ended here while a batch was under way: what was sent of it may name them. */
  #news: number[] = [];
  /** No scheduler knows everything that was settled: it began anew, or some ended here. */
  #needed = false;
  /** Counts the controller lives. */
  #life = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The scheduler settled the task. */
  settled(counter: number, message: SettledMessage): void {
    const [, code, body, engine, uuid] = message;
    const ok = code === SETTLED.done;
    const name = code === SETTLED.failed && Array.isArray(body) && typeof body[0] === "string" ? body[0] : null;
    this.#put(counter, [ok, engine ?? null, uuid ?? null, name, this.#life]);
  }

  /** The task ended here, and was never submitted. */
  endedHere(counter: number, error: unknown): void {
    this.#put(counter, [false, null, null, errorName(error), this.#life]);
    this.#news.push(counter);
    this.#needed = true;
  }

  /** The next scheduler may know nothing of what was settled until now. */
  renew(): void {
    this.#told.clear();
    this.#news = [];
    this.#needed = true;
    this.#life++;
  }

  /** Whether the scheduler of this life may not know the result of the task, which is settled. */
  isStale(counter: number): boolean {
    return this.#life > 0 && this.#outcomeOf(counter)?.[LIFE] !== this.#life;
  }

  /**
   * What has to be told with tasks of these flags and inputs. `underWay`: parts of their batch were sent before.
   */
  toTell(
    flags: readonly TaskFlags[],
    underWay: boolean,
    inputs: readonly TaskId[] = NO_IDS,
  ): readonly KnownMessage[] {
    if (!this.#needed) return NOTHING;
    const counters = new Set<number>(underWay ? this.#news : []);
    for (const { after, follow } of flags) {
      if (after !== null) this.#collect(after.ids, counters);
      if (follow !== null) this.#collect(follow.ids, counters);
    }
    this.#collect(inputs, counters);
    return [...counters].flatMap((counter) => this.#message(counter));
  }

  /** These were told. */
  told(messages: readonly KnownMessage[]): void {
    this.#news = [];
    for (const [counter] of messages) this.#told.add(counter);
  }

  #collect(ids: readonly TaskId[], into: Set<number>): void {
    for (const id of ids) {
      const parts = parseTaskId(id);
      if (parts?.session === this.#session && !this.#told.has(parts.counter)) into.add(parts.counter);
    }
  }

  #message(counter: number): KnownMessage[] {
    const outcome = this.#outcomeOf(counter);
    if (outcome === undefined) return [];
    const [ok, engine, uuid, error] = outcome;
    return [[counter, ok, engine, uuid, error]];
  }

  #outcomeOf(counter: number): Outcome | undefined {
    const index = this.#pages.get(Math.floor(counter / PAGE_SIZE))?.[counter % PAGE_SIZE] ?? UNKNOWN;
    return this.#kinds[index - 1];
  }

  #put(counter: number, outcome: Outcome): void {
    const number = Math.floor(counter / PAGE_SIZE);
    let page = this.#pages.get(number);
    if (page === undefined) this.#pages.set(number, page = new Uint32Array(PAGE_SIZE));
    if (this.#pages.size > MAX_PAGES) this.#dropOldest();
    page[counter % PAGE_SIZE] = this.#indexOf(outcome) + 1;
  }

  #indexOf(outcome: Outcome): number {
    const key = outcome.join();
    let index = this.#kindIndexes.get(key);
    if (index === undefined) this.#kindIndexes.set(key, index = this.#kinds.push(outcome) - 1);
    return index;
  }

  #dropOldest(): void {
    for (const number of this.#pages.keys()) {
      this.#pages.delete(number);
      return;
    }
  }
}

/** Of errors of our own and of the runtime: what users name theirs may be without bound. */
function errorName(error: unknown): string {
  return error instanceof TroupeError ? error.name : "Error";
}
