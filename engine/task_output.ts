/**
 * What tasks print: collected for the task that printed it, never written to the pipe.
 *
 * Replaces the methods of `console` in place, so that every way to it leads here. Plain texts and numbers are joined
 * here; all else is formatted by the runtime's own console. What belongs to no task that runs goes to the engine's log.
 * Installed by `main.ts`; `task_streams.ts` writes here too.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { TaskOwners } from "./task_owners.ts";
import type { TaskRun } from "./task_run.ts";
import { type ConsoleMethods, TaskPrint } from "./task_print.ts";

const PLAIN_METHODS: ReadonlyMap<string, OutputChannel> = new Map([
  ["log", "stdout"],
  ["info", "stdout"],
  ["debug", "stdout"],
  ["warn", "stderr"],
  ["error", "stderr"],
]);

export class TaskOutput {
  readonly #owners: TaskOwners;
  readonly #nobodys: TaskPrint;
  readonly #printed: (run: TaskRun) => void;

  /** `toLog` takes what no running task printed; `printed` is told of each text that one did. */
  constructor(owners: TaskOwners, toLog: (text: string) => void, printed: (run: TaskRun) => void) {
    this.#owners = owners;
    this.#printed = printed;
    this.#nobodys = new LoggedPrint(toLog);
  }

  /** Of the task that the calling code belongs to. */
  get print(): TaskPrint {
    const run = this.#owners.owner;
    if (run === null || run.state !== "running") return this.#nobodys;
    // One that outlives its task, in a stream say, has no more to tell.
    return run.print ??= new TaskPrint(() => void (run.state === "running" && this.#printed(run)));
  }

  /** Takes the console's methods. The class `Console` among them stays: it is what formats. */
  install(target: ConsoleMethods): void {
    for (const name of Object.keys(target)) {
      if (typeof target[name] === "function" && name !== "Console") target[name] = this.#method(name);
    }
  }

  #method(name: string): (...args: unknown[]) => unknown {
    const channel = PLAIN_METHODS.get(name);
    return (...args) => {
      const print = this.print;
      const line = channel === undefined || print.formats ? null : plainLine(args);
      if (line !== null && channel !== undefined) print.add(channel, line);
      else return print.console[name]?.(...args);
    };
  }
}

class LoggedPrint extends TaskPrint {
  readonly #toLog: (text: string) => void;

  constructor(toLog: (text: string) => void) {
    super();
    this.#toLog = toLog;
  }

  override add(_channel: OutputChannel, text: string): void {
    this.#toLog(text);
  }
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
