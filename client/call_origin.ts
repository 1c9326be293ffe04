/**
 * Where the user called `apply` or `map`, shown in the stacks of the errors that come back.
 *
 * Capturing costs some microseconds a call and is done once a map; it becomes text only when a task fails. Called by the
 * views and by `settlement.ts`.
 * @module
 */
import { RemoteError } from "../wire/errors.ts";
import { stackLater } from "./lazy_stack.ts";

const OWN_FOLDER = new URL(".", import.meta.url).href;

/** The place of one call. */
export class CallOrigin {
  readonly #captured = new Error("submitted");
  #frames: string | null = null;

  /** The caller's frames without ours, a line each. */
  get frames(): string {
    return this.#frames ??= userFrames(this.#captured.stack ?? "");
  }
}

/**
 * Says in the error's stack where its task was submitted. What was thrown on an engine keeps its stack there; for all
 * others, where we made the error tells nobody anything.
 */
export function showOrigin(error: unknown, origin: CallOrigin | null): void {
  if (origin === null || !(error instanceof Error) || origin.frames === "") return;
  // The stack of an error that was made here must not be read: turning it into text takes 0.2 ms, and many may fail.
  if (error instanceof RemoteError) {
    const own = Object.getOwnPropertyDescriptor(error, "stack");
    return stackLater(
      error,
      () => `${own?.get === undefined ? own?.value : own.get.call(error)}\nSubmitted at:\n${origin.frames}`,
    );
  }
  const value = `${error.name}: ${error.message}\n${origin.frames}`;
  Object.defineProperty(error, "stack", { value, configurable: true, writable: true });
}

function userFrames(stack: string): string {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line) && !line.includes(OWN_FOLDER));
  return frames.join("\n");
}
