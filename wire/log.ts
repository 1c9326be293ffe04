/**
 * Log lines as data: a level, what happened, and fields to search by.
 *
 * Nobody here decides where lines go: compositions hand in a `Log`. Lines go to stderr, never to stdout.
 * @module
 */

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Takes one line. Must not throw. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Drops every line. */
export const silentLog: Log = () => {};
