/**
 * One line on a terminal that is written over; without a terminal, nothing.
 * @module
 */
const encoder = new TextEncoder();

export class StatusLine implements Disposable {
  #live: boolean;
  #shown = false;

  /** `wanted`: whether it may show anything at all. */
  constructor(wanted = true) {
    this.#live = wanted && Deno.stderr.isTerminal();
  }

  show(text: string): void {
    if (!this.#live) return;
    Deno.stderr.writeSync(encoder.encode(`\r\x1b[2K${text}`));
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) Deno.stderr.writeSync(encoder.encode("\r\x1b[2K"));
    this.#shown = false;
  }

  /** Clears it for good: what is shown later is not shown. */
  close(): void {
    this.clear();
    this.#live = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
