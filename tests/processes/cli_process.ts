/**
 * The command line as a child process of a test: what it says is awaited, never slept for.
 *
 * Disposing asks it to end, and kills it when it does not. Used by the `remote_*` and `url_*` tests.
 * @module
 */
import { within } from "../../testing/within.ts";

const END_LIMIT_MS = 8_000;

interface Watcher {
  readonly pattern: RegExp;
  readonly found: (line: string) => void;
}

/** One run. */
export class CliProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #readers: Promise<void>[];
  readonly #watchers = new Set<Watcher>();
  readonly #lines: string[] = [];
  #stdout = "";
  #ended = false;

  /** `command`: program and arguments. */
  constructor(command: readonly string[], env: Readonly<Record<string, string>>, cwd?: string) {
    const [program = "", ...args] = command;
    this.#child = new Deno.Command(program === "deno" ? Deno.execPath() : program, {
      args,
      env: { NO_COLOR: "1", ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#readers = [this.#readErrors(), this.#readOutput()];
  }

  /** All of its stderr so far. */
  get stderr(): string {
    return this.#lines.join("\n");
  }

  /** A line on stderr, said or still to be said. */
  says(pattern: RegExp, limitMs = 30_000): Promise<string> {
    const said = this.#lines.find((line) => pattern.test(line));
    if (said !== undefined) return Promise.resolve(said);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const watcher = { pattern, found: resolve };
    this.#watchers.add(watcher);
    this.#child.status.then(() => Promise.all(this.#readers)).then(() => reject(this.#silent(pattern)));
    return within(promise, `${pattern} on stderr`, limitMs).catch((error) => {
      throw new Error(`${(error as Error).message} It said:\n${this.stderr}`);
    }).finally(() => this.#watchers.delete(watcher));
  }

  /** Its exit code, with all that it said. */
  async ends(limitMs = 30_000): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const { code } = await within(this.#child.status, `"${this.#lines[0] ?? "a command"}" to end`, limitMs);
    await Promise.all(this.#readers);
    this.#ended = true;
    return { code, stdout: this.#stdout, stderr: this.stderr };
  }

  signal(signal: Deno.Signal): void {
    if (this.#ended) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Once might mean "when tasks have finished"; a process that is stopped hears neither before it goes on.
    for (const signal of ["SIGCONT", "SIGTERM"] as const) this.signal(signal);
    try {
      await this.ends(END_LIMIT_MS);
    } catch {
      this.signal("SIGKILL");
      await this.ends(END_LIMIT_MS);
    }
  }

  #silent(pattern: RegExp): Error {
    return new Error(`It ended without ${pattern}. It said:\n${this.stderr}`);
  }

  async #readErrors(): Promise<void> {
    let rest = "";
    for await (const text of this.#texts(this.#child.stderr)) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
    if (rest !== "") this.#take(rest);
  }

  async #readOutput(): Promise<void> {
    for await (const text of this.#texts(this.#child.stdout)) this.#stdout += text;
  }

  #texts(stream: ReadableStream<Uint8Array>): ReadableStream<string> {
    return stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>);
  }

  #take(line: string): void {
    this.#lines.push(line);
    for (const { pattern, found } of this.#watchers) if (pattern.test(line)) found(line);
  }
}
