/**
 * What one task has printed, bounded, with a console of its own for all that needs formatting.
 *
 * A console of its own, since groups, counters and timers of `console` are state: those of one task must not show in the
 * lines of another. Made by the task's first line; read by the task runner.
 * @module
 */

/** Where a printed line goes. */
export type OutputChannel = "stdout" | "stderr";

/** The methods of a console. */
export type ConsoleMethods = Record<string, (...args: unknown[]) => unknown>;

/** What is printed past this many characters in one task is dropped, and the end says so. */
const OUTPUT_LIMIT = 1024 * 1024;

export class TaskPrint {
  stdout = "";
  stderr = "";
  #decoders: Record<OutputChannel, TextDecoder> | null = null;
  #console: ConsoleMethods | null = null;

  add(channel: OutputChannel, text: string): void {
    this[channel] = append(this[channel], text);
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
