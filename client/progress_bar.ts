/**
 * A line that says how far something is: redrawn in place on a terminal, now and then a line elsewhere.
 *
 * The texts are made by pure functions; the class below writes them where it is told, and knows no clock and no results.
 * Used by `interactive_wait.ts`.
 * @module
 */

/** How far something is. */
export interface BarState {
  readonly done: number;
  readonly total: number;
  /** 0 to 1; counts what is done in part. */
  readonly fraction: number;
  readonly failed: number;
  readonly elapsedMs: number;
  /** What is counted: `tasks`. */
  readonly what: string;
  /** A few words on what goes on; `""`: none. */
  readonly note: string;
}

/** Where a bar is drawn. */
export interface ProgressOutput {
  /** Lines can be drawn again in place. */
  readonly isTerminal: boolean;
  /** Columns of the terminal, asked before each drawing. */
  columns(): number;
  /** Writes as it is given, with what moves the cursor. */
  write(text: string): void;
}

const LONGEST_BAR = 40;
const SHORTEST_BAR = 5;
/** Where lines can't be redrawn: after so much more, but not more often than this, */
const PLAIN_STEP = 0.1;
const PLAIN_STEP_MS = 1_000;
/** and after so long where something has changed at all. */
const PLAIN_LONGEST_MS = 5_000;
const ERASE_TO_END = "\x1b[K";

/** The line for a terminal of so many columns; never as wide as it. */
export function barLine(state: BarState, columns: number): string {
  const head = ` ${percent(state)} `;
  const tail = ` ${detailsOf(state)}`;
  const room = Math.min(LONGEST_BAR, columns - 1 - head.length - [...tail].length);
  const line = room < SHORTEST_BAR ? `${head}${tail.trimStart()}` : `${head}${bar(state.fraction, room)}${tail}`;
  return [...line].slice(0, Math.max(1, columns - 1)).join("");
}

/** The line for a log. */
export function plainLine(state: BarState): string {
  return `${percent(state).trimStart()}: ${detailsOf(state)}`;
}

/** `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 13 min` */
export function shownDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Draws the line of one thing that goes on. */
export class ProgressBar {
  readonly #output: ProgressOutput;
  #shown = "";
  /** State of the last plain line. */
  #last: BarState | null = null;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  /** It is so far now. */
  update(state: BarState): void {
    if (this.#output.isTerminal) this.#redraw(state);
    else if (isDue(state, this.#last)) this.#writePlain(state);
  }

  /** It ends so: the line stays. */
  finish(state: BarState): void {
    if (!this.#output.isTerminal) return this.#writePlain(state);
    this.#redraw(state);
    this.#output.write("\n");
  }

  #redraw(state: BarState): void {
    const line = barLine(state, this.#output.columns());
    if (line === this.#shown) return;
    this.#shown = line;
    this.#output.write(`\r${line}${ERASE_TO_END}`);
  }

  #writePlain(state: BarState): void {
    this.#last = state;
    this.#output.write(`${plainLine(state)}\n`);
  }
}

function isDue(state: BarState, last: BarState | null): boolean {
  if (last === null) return true;
  const sinceMs = state.elapsedMs - last.elapsedMs;
  if (sinceMs >= PLAIN_STEP_MS && state.fraction - last.fraction > PLAIN_STEP - 1e-9) return true;
  const changed = state.done !== last.done || state.fraction !== last.fraction || state.note !== last.note;
  return changed && sinceMs >= PLAIN_LONGEST_MS;
}

function bar(fraction: number, width: number): string {
  const full = Math.floor(fraction * width + 1e-9);
  return "█".repeat(full) + "░".repeat(width - full);
}

/** Never 100 % before it is all done. */
function percent({ fraction }: BarState): string {
  return `${Math.floor(fraction * 100 + 1e-9)} %`.padStart(5);
}

function detailsOf(state: BarState): string {
  const { done, total, what, failed, elapsedMs, note } = state;
  const parts = [`${done}/${total} ${what}`];
  if (failed > 0) parts.push(`${failed} failed`);
  parts.push(shownDuration(elapsedMs));
  const left = leftMs(state);
  if (left !== null) parts.push(`${shownDuration(left)} left`);
  if (note !== "") parts.push(oneLine(note));
  return parts.join(" · ");
}

/** At the pace until now; `null`: too early to tell, or over. */
function leftMs({ fraction, elapsedMs }: BarState): number | null {
  if (fraction < 0.05 || fraction >= 1 || elapsedMs < 1_000) return null;
  return Math.ceil((elapsedMs / fraction - elapsedMs) / 1_000) * 1_000;
}

/** Nothing in it may move the cursor. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, " ").trim();
}
