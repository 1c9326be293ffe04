/**
 * Where the user called `apply` or `map`, added to the stacks of the errors that come back.
 *
 * A captured stack is only turned into text when a task fails: capturing costs a microsecond a call. Called by the views
 * and by `settlement.ts`.
 * @module
 */

const OWN_FOLDER = new URL(".", import.meta.url).href;
const MARK = "\nSubmitted at:\n";

/** Remembers where it was called. */
export function captureOrigin(): Error {
  return new Error("submitted");
}

/** Appends to the error's stack where its task was submitted; leaves out our own frames. Does so once. */
export function showOrigin(error: unknown, origin: Error | null): void {
  if (origin === null || !(error instanceof Error)) return;
  const stack = error.stack ?? String(error);
  const frames = (origin.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line) && !line.includes(OWN_FOLDER));
  if (frames.length === 0 || stack.includes(MARK)) return;
  // Not enumerable, as the stack of every error: printing shows it once.
  Object.defineProperty(error, "stack", {
    value: `${stack}${MARK}${frames.join("\n")}`,
    configurable: true,
    writable: true,
  });
}
