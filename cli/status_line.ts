/**
 * One line on a terminal that is written over; without a terminal, nothing.
 * @module
 */
const encoder = new TextEncoder();

export class StatusLine implements Disposable {
  readonly #live = Deno.stderr.isTerminal();
  #shown = false;

  show(text: string): void {
    if (!this.#live) return;
    Deno.stderr.writeSync(encoder.encode(`\r\x1b[2K${text}`));
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) Deno.stderr.writeSync(encoder.encode("\r\x1b[2K"));
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}
