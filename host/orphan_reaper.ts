/**
 * Ends the engines of a host that is gone, where the system itself does not: one small shell beside the host.
 *
 * An engine sees the end of its input and ends, but not in an endless loop. On Linux `setpriv` has the kernel see to it.
 * Elsewhere the host tells this shell which processes it has; when the host's end of the pipe closes, however the host
 * ended, the shell kills those that are left and are still engines. (A thread inside the engine can't: in Deno a Worker
 * may neither end nor abort its process.) Made by the host's parts; engines are told of by `engine_process.ts`.
 * @module
 */
import type { Log } from "../wire/log.ts";
import type { EngineCommandOptions } from "./engine_command.ts";

/** Where the processes of engines are told of. */
export interface OrphanWatch {
  add(pid: number): void;
  remove(pid: number): void;
}

/** `$1` stands in the command line of each engine: a process id may have been given to another meanwhile. */
const SCRIPT = `
trap '' INT TERM HUP
pids=
while read -r sign pid; do
  case $sign in
    +) pids="$pids $pid" ;;
    -) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
for p in $pids; do
  case "$(ps -o args= -p "$p" 2>/dev/null)" in *"$1"*) kill -9 "$p" 2>/dev/null ;; esac
done
`;

const encoder = new TextEncoder();

/** One for engines that are started so; `null`: the system does without, or (Windows) has no such shell. */
export function watchOrphans(
  { setprivPath, mainModule }: Pick<EngineCommandOptions, "setprivPath" | "mainModule">,
  log: Log,
  os: typeof Deno.build.os = Deno.build.os,
): OrphanReaper | null {
  return setprivPath === null && os !== "windows" ? new OrphanReaper(mainModule, log) : null;
}

export class OrphanReaper implements OrphanWatch, AsyncDisposable {
  readonly #mark: string;
  readonly #log: Log;
  readonly #pids = new Set<number>();
  #shell: Shell | null = null;
  #closed = false;

  /** `mark`: a part of each engine's command line that no other process has. */
  constructor(mark: string, log: Log) {
    this.#mark = mark;
    this.#log = log;
  }

  add(pid: number): void {
    this.#pids.add(pid);
    if (this.#shell === null) this.#start();
    else this.#shell.say(`+ ${pid}`);
  }

  remove(pid: number): void {
    if (this.#pids.delete(pid)) this.#shell?.say(`- ${pid}`);
  }

  /** Engines that are left are killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#shell?.end();
  }

  #start(): void {
    if (this.#closed) return;
    try {
      const shell = new Shell(this.#mark);
      this.#shell = shell;
      for (const pid of this.#pids) shell.say(`+ ${pid}`);
      void shell.ended.then(() => this.#again(shell));
    } catch (error) {
      this.#log("warn", "an engine in an endless loop will outlive this host, should it be killed", { cause: error });
    }
  }

  /** Somebody killed it. */
  #again(shell: Shell): void {
    if (this.#shell !== shell) return;
    this.#shell = null;
    if (this.#pids.size > 0) this.#start();
  }
}

/** One process of it. */
class Shell {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<void>;

  constructor(mark: string) {
    this.#child = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "troupe-reaper", mark],
      // A session of its own: what ends a terminal, or a group, is not to end it.
      detached: true,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#ended = this.#child.status.then(() => this.#writer.abort().catch(() => {}));
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  say(line: string): void {
    // It may be gone: the next one is told of all.
    this.#writer.write(encoder.encode(`${line}\n`)).catch(() => {});
  }

  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#ended;
  }
}
