/**
 * A Deno child process that says one line when it is ready, and ends with its stdin.
 *
 * Used by `raw_nats_bench.ts` for its broker and its responder.
 * @module
 */

/** A running child. Disposing ends it. */
export class LineChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** What it said. */
  readonly line: string;

  private constructor(child: Deno.ChildProcess, line: string) {
    this.#child = child;
    this.line = line;
  }

  /** Starts a module beside this one and waits for its line. Its stdout is read no further. */
  static async start(module: string, args: readonly string[]): Promise<LineChild> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--quiet", import.meta.resolve(module), ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const decoder = new TextDecoder();
    let said = "";
    for await (const chunk of child.stdout) {
      said += decoder.decode(chunk, { stream: true });
      if (said.includes("\n")) return new LineChild(child, said.trim());
    }
    const { code } = await child.status;
    throw new Error(`Cannot run "${module}": it ended with code ${code} before it was ready.`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}
