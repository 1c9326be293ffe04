/**
 * What one task has printed, bounded, with a console of its own for all that needs formatting.
 *
 * A console of its own, since groups, counters and timers of `console` are state: those of one task must not show in the
 * lines of another. Made by the task's first line; read by the task runner.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";

/** Both, in the order of their numbers on the pipe. */
export const OUTPUT_CHANNELS: readonly OutputChannel[] = ["stdout", "stderr"];

/** The methods of a console. */
export type ConsoleMethods = Record<string, (...args: unknown[]) => unknown>;

// Kept here because tasks may patch the prototype.
const { call } = Function.prototype;
const slice = call.bind(String.prototype.slice) as (text: string, from: number, end?: number) => string;
const charCodeAt = call.bind(String.prototype.charCodeAt) as (text: string, at: number) => number;

/** What is printed past this many characters in one task is dropped, and the end says so. */
const OUTPUT_LIMIT = 1024 * 1024;

export class TaskPrint {
  stdout = "";
  stderr = "";
  #decoders: Record<OutputChannel, TextDecoder> | null = null;
  #console: ConsoleMethods | null = null;
  readonly #told: (() => void) | null;

  /** `told` is called after each text. */
  constructor(told: (() => void) | null = null) {
    this.#told = told;
  }

  add(channel: OutputChannel, text: string): void {
    this[channel] = append(this[channel], text);
    this.#told?.();
  }

  /** What is there of a channel from `at` on, `limit` characters at most, and never half of one. */
  part(channel: OutputChannel, at: number, limit: number): string {
    const text = this[channel];
    const end = at + limit;
    if (end >= text.length) return at === 0 ? text : slice(text, at);
    const splitsPair = (charCodeAt(text, end - 1) & 0xfc00) === 0xd800;
    return slice(text, at, splitsPair ? end - 1 : end);
  }

  /** Bytes of UTF-8, which may end in the middle of a character. */
  addBytes(channel: OutputChannel, bytes: Uint8Array): void {
    this.#decoders ??= { stdout: new TextDecoder(), stderr: new TextDecoder() };
    this.add(channel, this.#decoders[channel].decode(bytes, { stream: true }));
  }

  /** Whether something was formatted before: a group may be open. */
  get formats(): boolean {
    return this.#console !== null;
  }

  /** The runtime's own console, writing here. Loaded at first need (26 ms, 11 MB). */
  get console(): ConsoleMethods {
    return this.#console ??= this.#loadConsole();
  }

  #loadConsole(): ConsoleMethods {
    const { Console } = builtin<{ Console: new (options: unknown) => ConsoleMethods }>("node:console");
    const stream = (channel: OutputChannel) => ({
      write: (text: unknown) => {
        this.add(channel, String(text));
        return true;
      },
    });
    return new Console({ stdout: stream("stdout"), stderr: stream("stderr"), colorMode: false, ignoreErrors: false });
  }
}

/** A module of the runtime, in this turn: an import would come too late for the line that needs it. */
export function builtin<Module>(name: string): Module {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): unknown } };
  return process.getBuiltinModule(name) as Module;
}

function append(before: string, text: string): string {
  if (before.length + text.length <= OUTPUT_LIMIT) return before + text;
  if (before.length > OUTPUT_LIMIT) return before;
  return `${
    (before + text).slice(0, OUTPUT_LIMIT)
  }\n… the rest was dropped: a task may print ${OUTPUT_LIMIT} characters\n`;
}
