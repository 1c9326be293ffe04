/**
 * Cuts a text that arrives in pieces into lines, tells each, and remembers the last ones.
 *
 * No I/O. For the stderr of an engine's process.
 * @module
 */

const KEPT_LINES = 20;
const MAX_LINE = 2_000;

export class LineTail {
  readonly #tell: (line: string) => void;
  #rest = "";
  #last: string[] = [];

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** The last lines, oldest first. */
  get last(): readonly string[] {
    return this.#rest === "" ? this.#last : [...this.#last, this.#rest];
  }

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(-MAX_LINE);
    for (const line of lines) this.#take(line);
  }

  /** No more comes: what has no line end is a line too. */
  end(): void {
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
  }

  #take(line: string): void {
    const shown = line.slice(0, MAX_LINE);
    this.#last.push(shown);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    this.#tell(shown);
  }
}
