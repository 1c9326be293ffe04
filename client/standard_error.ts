/**
 * This program's standard error as a place for progress bars.
 *
 * Used by `interactive_wait.ts` where no other output is given.
 * @module
 */
import type { ProgressOutput } from "./progress_bar.ts";

const USUAL_COLUMNS = 80;

/** Terminal or not is asked once, its width before each drawing. */
export function standardError(): ProgressOutput {
  const encoder = new TextEncoder();
  return {
    isTerminal: Deno.stderr.isTerminal(),
    columns: terminalColumns,
    write: (text) => writeAll(encoder.encode(text)),
  };
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || USUAL_COLUMNS;
  } catch {
    // No terminal has this program.
    return USUAL_COLUMNS;
  }
}

function writeAll(bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
  } catch {
    // Nobody reads it any more: what is waited for goes on.
  }
}
