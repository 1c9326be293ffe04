/**
 * Where log lines of a process go: to stderr for people, as JSON lines into a file or to the parent process.
 *
 * Lines never go to stdout. Compositions make one `Log` a process and hand it down.
 * @module
 */
import type { Log, LogLevel } from "../wire/log.ts";

type LogFields = Readonly<Record<string, unknown>>;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const encoder = new TextEncoder();

/** One line as it is written into a file. */
export interface LogLine {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** What all lines of a process have in common. */
export interface LogBase {
  readonly cluster: string;
}

/**
 * A line as JSON. Each has `time`, `level`, `message`, `cluster`, `actor`, `task` and `cause`, `null` where there is none,
 * and whatever else is known: `pid`, `process`, `engine`, `host`.
 */
export function jsonLine({ cluster }: LogBase, level: LogLevel, message: string, fields: LogFields = {}): string {
  const { actor = null, task = null, cause, reason, error, ...rest } = fields;
  const time = new Date().toISOString();
  const line = { time, level, message, cluster, actor, task, cause: cause ?? reason ?? error ?? null, ...rest };
  return JSON.stringify(line, jsonField);
}

function writeAll(file: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}

/** Anything as JSON: errors by their message, big integers as text. */
function jsonField(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? String(value);
  return typeof value === "bigint" ? String(value) : value;
}

/** A line for people: `12:00:01 warn host lost host=a reason="silent"`. */
export function humanLine(line: LogLine): string {
  const { time, level, message, cluster: _same, ...fields } = line;
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}=${JSON.stringify(value, jsonField)}`);
  return `${time.slice(11, 23)} ${level.padEnd(5)} ${message}${rest.join("")}`;
}

/** Lines for people on stderr, from `least` on. */
export function stderrLog(least: LogLevel): Log {
  return (level, message, fields) => {
    if (RANK[level] < RANK[least]) return;
    writeAll(Deno.stderr, humanLine({ time: new Date().toISOString(), level, message, ...fields }) + "\n");
  };
}

/** JSON lines on stderr, for programs that read them. */
export function stderrJsonLog(base: LogBase, least: LogLevel): Log {
  return (level, message, fields) => {
    if (RANK[level] < RANK[least]) return;
    writeAll(Deno.stderr, jsonLine(base, level, message, { pid: Deno.pid, ...fields }) + "\n");
  };
}

/** JSON lines on stderr, for a parent process that reads them with `readChildLog`. */
export const childLog: Log = (level, message, fields) => {
  const line = { time: new Date().toISOString(), level, message, ...fields };
  writeAll(Deno.stderr, JSON.stringify(line, jsonField) + "\n");
};

/** A log into a file, which disposing closes. */
export interface FileLog extends Disposable {
  readonly log: Log;
}

/** A log file longer than this makes room for the next one; the one before is kept, and no more. */
const FULL_LOG_BYTES = 16 * 1024 * 1024;

/** The log file that was full last. */
export function earlierLog(path: string): string {
  return `${path}.1`;
}

function openLog(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
}

/** Where the folder is gone, nobody will read on: the old file will do, and a log must end nobody. */
function nextFile(path: string, full: Deno.FsFile): Deno.FsFile {
  try {
    Deno.renameSync(path, earlierLog(path));
    const next = openLog(path);
    full.close();
    return next;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return full;
    throw error;
  }
}

/** Appends JSON lines to a file that only its owner may read, and begins a new one when it is full. */
export function fileLog(path: string, base: LogBase, fullBytes: number = FULL_LOG_BYTES): FileLog {
  let file: Deno.FsFile | null = openLog(path);
  let size = file.statSync().size;
  const write = (text: string) => {
    if (file === null) return;
    if (size >= fullBytes) {
      file = nextFile(path, file);
      size = 0;
    }
    // Characters: near enough for a bound.
    size += text.length;
    writeAll(file, text);
  };
  return {
    log(level, message, fields) {
      write(jsonLine(base, level, message, { pid: Deno.pid, ...fields }) + "\n");
    },
    [Symbol.dispose]() {
      file?.close();
      file = null;
    },
  };
}

/** One log that writes to all of them. */
export function allLogs(...logs: readonly Log[]): Log {
  return (level, message, fields) => logs.forEach((log) => log(level, message, fields));
}

function isLevel(value: unknown): value is LogLevel {
  return typeof value === "string" && value in RANK;
}

/** Passes on a line that a child wrote to its stderr; what isn't a log line (a crash, say) is passed on as it is. */
export function relayLine(text: string, log: Log, child: string): void {
  if (text.trim() === "") return;
  try {
    const { time: _time, level, message, ...fields } = JSON.parse(text);
    if (isLevel(level)) return log(level, String(message), { process: child, ...fields });
  } catch {
    // Not JSON: it was not written by our log.
  }
  log("warn", text, { process: child });
}
