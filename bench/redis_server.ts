/**
 * A Redis on loopback for BullMQ: nothing is written to disk, and it ends with the benchmark.
 *
 * Called by `peers_bench.ts`.
 * @module
 */

const READY = /Ready to accept connections/;

/** A running one. */
export class RedisServer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly port: number;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** `null` where the program is not there or does not come up. */
  static async start(program: string): Promise<RedisServer | null> {
    const port = freePort();
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    try {
      const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
      return await isReady(child) ? new RedisServer(child, port) : null;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.stdout.cancel();
    await this.#child.status;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Reads its log until it says so. Its later lines are few and fit into the pipe. */
async function isReady(child: Deno.ChildProcess): Promise<boolean> {
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  try {
    for (let log = "";;) {
      const { value, done } = await reader.read();
      if (done) return false;
      log += decoder.decode(value, { stream: true });
      if (READY.test(log)) return true;
    }
  } finally {
    reader.releaseLock();
  }
}
