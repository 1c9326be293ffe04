/**
 * The tasks of one session by their counter: counters are dense, so pages of them beat a map of all.
 *
 * A million entries are looked up, added and dropped at the price of one small map and one array access.
 * @module
 */
import type { FinishedRecord, TaskRecord } from "./task_record.ts";

type Entry = TaskRecord | FinishedRecord;

const PAGE_SIZE = 128;

interface Page {
  readonly number: number;
  readonly entries: (Entry | undefined)[];
  used: number;
}

/** A map from counters to tasks. */
export class TaskTable implements Iterable<Entry> {
  readonly #pages: Map<number, Page> = new Map();
  /** The page that was used last: neighbours tend to come together. */
  #recent: Page | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(counter: number): Entry | undefined {
    return this.#page(Math.floor(counter / PAGE_SIZE))?.entries[counter % PAGE_SIZE];
  }

  set(counter: number, entry: Entry): void {
    const page = this.#page(Math.floor(counter / PAGE_SIZE)) ?? this.#addPage(Math.floor(counter / PAGE_SIZE));
    const slot = counter % PAGE_SIZE;
    if (page.entries[slot] === undefined) {
      page.used++;
      this.#size++;
    }
    page.entries[slot] = entry;
  }

  delete(counter: number): void {
    const page = this.#page(Math.floor(counter / PAGE_SIZE));
    const slot = counter % PAGE_SIZE;
    if (page === undefined || page.entries[slot] === undefined) return;
    page.entries[slot] = undefined;
    page.used--;
    this.#size--;
    if (page.used > 0) return;
    this.#pages.delete(page.number);
    this.#recent = undefined;
  }

  /** Ascending by counter. */
  *[Symbol.iterator](): Generator<Entry> {
    const pages = [...this.#pages.values()].sort((a, b) => a.number - b.number);
    for (const { entries } of pages) {
      for (const entry of entries) if (entry !== undefined) yield entry;
    }
  }

  #page(number: number): Page | undefined {
    if (this.#recent?.number === number) return this.#recent;
    const page = this.#pages.get(number);
    if (page !== undefined) this.#recent = page;
    return page;
  }

  #addPage(number: number): Page {
    const page = { number, entries: new Array<Entry | undefined>(PAGE_SIZE).fill(undefined), used: 0 };
    this.#pages.set(number, page);
    this.#recent = page;
    return page;
  }
}
