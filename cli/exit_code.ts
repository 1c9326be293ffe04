/**
 * The exit codes of the command line, and which error means which.
 * @module
 */
import { AlreadyRunning, NotRunning } from "../wire/errors.ts";

/** What the process says with its end. */
export const EXIT = { done: 0, failed: 1, usage: 2, alreadyRunning: 10, notRunning: 11, interrupted: 130 } as const;

/** The flags were well-formed, and yet can't be meant: said before anything starts. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The exit code an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof AlreadyRunning) return EXIT.alreadyRunning;
  if (error instanceof NotRunning) return EXIT.notRunning;
  return EXIT.failed;
}
