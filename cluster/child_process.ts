/**
 * A child process of ours that is told things by its stdin and reports by its stdout, one JSON line each.
 *
 * Its stderr is read to the end and passed on to the log. Disposing closes its stdin, which ends it, and kills it when
 * it has not ended in time. Used for controllers, and for the host of `Cluster.start`.
 * @module
 */
import type { Log } from "../wire/log.ts";
import { relayLine } from "./process_log.ts";
import { textLines } from "./text_lines.ts";

/** What to run. */
export interface ChildOptions {
  /** For log lines. */
  readonly name: string;
  /** URL of its main module. */
  readonly module: string;
  /** Flags for `deno run`. */
  readonly flags: readonly string[];
  readonly args?: readonly string[];
  readonly log: Log;
  /** Whether it ends by its stdin alone: Deno kills other children, as they stand, when an error ends the program. */
  readonly detached?: boolean;
  /** How long it may take to end after its stdin was closed, ms. */
  readonly stopMs: number;
}

/** Flags that every process of ours gets: no questions at a terminal, no `node_modules` beside a `package.json`. */
export const OWN_FLAGS: readonly string[] = [
  "--no-prompt",
  "--quiet",
  "--no-lock",
  "--no-config",
  "--node-modules-dir=none",
];

/** A running child. */
export class ChildProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #relayed: Promise<void>;
  readonly #stopMs: number;
  #stopping: Promise<void> | null = null;

  constructor(options: ChildOptions) {
    const args = ["run", ...OWN_FLAGS, ...options.flags, options.module, ...(options.args ?? [])];
    this.#child = new Deno.Command(Deno.execPath(), {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: options.detached ?? false,
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#stopMs = options.stopMs;
    this.#relayed = this.#relay(options);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** How it ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** What it says, to its end. */
  async *reports<T>(): AsyncGenerator<T> {
    for await (const line of textLines(this.#child.stdout)) yield JSON.parse(line) as T;
  }

  /** Tells it something; a child that is gone is told nothing. */
  async tell(line: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(line);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe) && !(error instanceof TypeError)) throw error;
    }
  }

  kill(signal: Deno.Signal = "SIGKILL"): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Closes its stdin and waits for its end. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const deadline = setTimeout(() => this.kill(), this.#stopMs);
    await this.#writer.close().catch(() => {});
    await this.#child.status;
    clearTimeout(deadline);
    await this.#relayed;
  }

  async #relay({ log, name }: ChildOptions): Promise<void> {
    for await (const line of textLines(this.#child.stderr)) relayLine(line, log, name);
  }
}
