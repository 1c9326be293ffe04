/**
 * What tasks print: collected per task, never written to the pipe.
 *
 * Replaces the methods of `console` in place, so that every way to it leads here. Plain texts and numbers are joined
 * here; all else is formatted by the runtime's own console, which is loaded at first need (26 ms, 11 MB). Installed by
 * `main.ts`, emptied by the task runner.
 * @module
 */

/** Where a printed line goes. */
export type OutputChannel = "stdout" | "stderr";

/** What is printed past this many characters in one task is dropped, and the end says so. */
const OUTPUT_LIMIT = 1024 * 1024;

const PLAIN_METHODS: ReadonlyMap<string, OutputChannel> = new Map([
  ["log", "stdout"],
  ["info", "stdout"],
  ["debug", "stdout"],
  ["warn", "stderr"],
  ["error", "stderr"],
]);

type ConsoleMethods = Record<string, (...args: unknown[]) => unknown>;

export class TaskOutput {
  #stdout = "";
  #stderr = "";
  #formatting: ConsoleMethods | null = null;

  /** Takes the console's methods. The class `Console` among them stays: it is what formats. */
  install(target: ConsoleMethods): void {
    for (const name of Object.keys(target)) {
      if (typeof target[name] === "function" && name !== "Console") target[name] = this.#method(name);
    }
  }

  add(channel: OutputChannel, text: string): void {
    if (channel === "stdout") this.#stdout = append(this.#stdout, text);
    else this.#stderr = append(this.#stderr, text);
  }

  /** What was printed since the last call. */
  take(): readonly [stdout: string, stderr: string] {
    if (this.#stdout === "" && this.#stderr === "") return NOTHING;
    const printed = [this.#stdout, this.#stderr] as const;
    this.#stdout = this.#stderr = "";
    return printed;
  }

  #method(name: string): (...args: unknown[]) => unknown {
    const channel = PLAIN_METHODS.get(name);
    return (...args) => {
      const line = channel === undefined || this.#formatting !== null ? null : plainLine(args);
      if (line !== null && channel !== undefined) this.add(channel, line);
      else return (this.#formatting ??= this.#loadConsole())[name]?.(...args);
    };
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

const NOTHING = ["", ""] as const;

/** A module of the runtime, in this turn: an import would come too late for the line that needs it. */
export function builtin<Module>(name: string): Module {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): unknown } };
  return process.getBuiltinModule(name) as Module;
}

function plainLine(args: readonly unknown[]): string | null {
  let line = "";
  for (let index = 0; index < args.length; index++) {
    const value = args[index];
    const plain = typeof value === "string" ? index > 0 || !hasFormat(value, args) : isPlainNumber(value);
    if (!plain) return null;
    line += index === 0 ? String(value) : ` ${value}`;
  }
  return `${line}\n`;
}

function hasFormat(text: string, args: readonly unknown[]): boolean {
  return args.length > 1 && text.includes("%");
}

function isPlainNumber(value: unknown): boolean {
  return typeof value === "boolean" || (typeof value === "number" && !Object.is(value, -0));
}

function append(before: string, text: string): string {
  if (before.length + text.length <= OUTPUT_LIMIT) return before + text;
  if (before.length > OUTPUT_LIMIT) return before;
  return `${
    (before + text).slice(0, OUTPUT_LIMIT)
  }\n… the rest was dropped: a task may print ${OUTPUT_LIMIT} characters\n`;
}
