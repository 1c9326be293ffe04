/**
 * A map from whole numbers that come nearly one after the other: pages of them beat a map of all.
 *
 * A million entries are looked up, added and dropped at the price of one small map and one array access, and a page goes
 * with its last entry. Pure: the scheduler's core uses it too, for tasks by their counter and attempts by their number.
 * @module
 */

const PAGE_SIZE = 128;

interface Page<Entry> {
  readonly number: number;
  readonly entries: (Entry | undefined)[];
  used: number;
}

/** A map from numbers to entries that are not undefined. */
export class PagedTable<Entry> implements Iterable<Entry> {
  readonly #pages: Map<number, Page<Entry>> = new Map();
  /** The page that was used last: neighbours tend to come together. */
  #recent: Page<Entry> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(index: number): Entry | undefined {
    return this.#page(Math.floor(index / PAGE_SIZE))?.entries[index % PAGE_SIZE];
  }

  set(index: number, entry: Entry): void {
    const page = this.#page(Math.floor(index / PAGE_SIZE)) ?? this.#addPage(Math.floor(index / PAGE_SIZE));
    const slot = index % PAGE_SIZE;
    if (page.entries[slot] === undefined) {
      page.used++;
      this.#size++;
    }
    page.entries[slot] = entry;
  }

  /** Takes the entry out; `undefined` where there is none. */
  take(index: number): Entry | undefined {
    const page = this.#page(Math.floor(index / PAGE_SIZE));
    const slot = index % PAGE_SIZE;
    const entry = page?.entries[slot];
    if (page === undefined || entry === undefined) return undefined;
    page.entries[slot] = undefined;
    this.#size--;
    if (--page.used === 0) {
      this.#pages.delete(page.number);
      this.#recent = undefined;
    }
    return entry;
  }

  /** Ascending by number. Entries may come and go meanwhile: those of new pages are left out. */
  [Symbol.iterator](): Generator<Entry> {
    return this.from(0);
  }

  /** The same, those of this number and above. */
  *from(index: number): Generator<Entry> {
    const first = Math.floor(index / PAGE_SIZE);
    const pages = [...this.#pages.values()].filter(({ number }) => number >= first).sort((a, b) => a.number - b.number);
    for (const { number, entries } of pages) {
      const skipped = number === first ? index % PAGE_SIZE : 0;
      for (let slot = skipped; slot < entries.length; slot++) {
        const entry = entries[slot];
        if (entry !== undefined) yield entry;
      }
    }
  }

  #page(number: number): Page<Entry> | undefined {
    if (this.#recent?.number === number) return this.#recent;
    const page = this.#pages.get(number);
    if (page !== undefined) this.#recent = page;
    return page;
  }

  #addPage(number: number): Page<Entry> {
    const page = { number, entries: new Array<Entry | undefined>(PAGE_SIZE).fill(undefined), used: 0 };
    this.#pages.set(number, page);
    this.#recent = page;
    return page;
  }
}
