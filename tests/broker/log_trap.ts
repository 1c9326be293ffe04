/**
 * A log that tests can wait on: what the broker did, as events.
 * @module
 */
import { within } from "../../testing/within.ts";
import type { Log, LogLevel } from "../../wire/log.ts";

/** One line. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps every line. */
export class LogTrap {
  readonly lines: LogLine[] = [];
  readonly #waiting = new Set<() => void>();

  readonly log: Log = (level, message, fields = {}) => {
    this.lines.push({ level, message, fields });
    for (const wake of this.#waiting) wake();
  };

  /** The first line that satisfies, now or later. */
  async line(satisfies: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    const { promise, resolve } = Promise.withResolvers<LogLine>();
    const look = () => {
      const found = this.lines.find(satisfies);
      if (found !== undefined) resolve(found);
    };
    this.#waiting.add(look);
    look();
    try {
      return await within(promise, what);
    } finally {
      this.#waiting.delete(look);
    }
  }

  /** Resolves when so many clients have left in all. */
  left(count: number): Promise<LogLine> {
    const isLeave = ({ message }: LogLine) => message === "A client left.";
    return this.line(() => this.lines.filter(isLeave).length >= count, `${count} clients to leave`);
  }
}
