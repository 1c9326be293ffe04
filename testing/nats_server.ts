/**
 * A real `nats-server` for tests: started, stopped, killed and started again in the same place.
 *
 * It listens on loopback unless told otherwise, and ends with the program that started it, however that ends. Its
 * configuration and its data lie in a temporary folder that is removed. Linux and macOS.
 * @module
 */
import { findNatsServer } from "./find_nats_server.ts";
import { type NatsServerAuth, natsServerConfig } from "./nats_server_config.ts";
import { within } from "./within.ts";

export { findNatsServer } from "./find_nats_server.ts";
export type { NatsServerAuth, NatsServerUser } from "./nats_server_config.ts";

/** Options of `NatsServer.start`. */
export interface NatsServerOptions {
  /** Default 0: a free one, kept across restarts. */
  readonly port?: number;
  /** Address to listen on; default `127.0.0.1`. */
  readonly hostname?: string;
  /** Who is let in; default: everybody. */
  readonly auth?: NatsServerAuth;
  /** With streams, in the server's temporary folder. Default `false`. */
  readonly jetstream?: boolean;
  /** More lines of configuration, in the server's own language. */
  readonly config?: string;
  /** The binary; default: the one that `findNatsServer` finds. */
  readonly path?: string;
}

const READY_LIMIT_MS = 10_000;
const LOG_LINES = 200;

// The first line of input that never comes is the end of whoever started this: then the server must go too.
const TIED_TO_PARENT = 'exec 3<&0; (cat <&3; kill -9 $$) >/dev/null 2>&1 & exec "$0" "$@" 3<&- </dev/null';

/** A child process of this program. */
export class NatsServer implements AsyncDisposable {
  readonly #path: string;
  readonly #folder: string;
  #options: NatsServerOptions;
  #port: number;
  #child: Deno.ChildProcess | undefined;
  #log: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();
  #drained: Promise<void> = Promise.resolve();

  private constructor(path: string, folder: string, options: NatsServerOptions) {
    this.#path = path;
    this.#folder = folder;
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  /** Starts one and returns when it answers. Rejects with its last log lines if it does not come up. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const path = options.path ?? await binary();
    const server = new NatsServer(path, await Deno.makeTempDir({ prefix: "troupe-nats-" }), options);
    try {
      await server.#spawn();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Where it listens, also while it is stopped. */
  get port(): number {
    return this.#port;
  }

  /** `nats://<address>:<port>` */
  get url(): string {
    return `nats://${this.#hostname}:${this.#port}`;
  }

  get #hostname(): string {
    return this.#options.hostname ?? "127.0.0.1";
  }

  /** The last lines it logged. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Resolves when its log has such a line. Rejects after ten seconds. */
  says(pattern: RegExp): Promise<void> {
    if (this.#log.some((line) => pattern.test(line))) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = (line: string) => pattern.test(line) && resolve();
    this.#watchers.add(watcher);
    return within(promise, `${pattern} in the log of ${this.url}`, READY_LIMIT_MS)
      .finally(() => this.#watchers.delete(watcher));
  }

  /** Ends it in its own orderly way. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  /** Ends it as a crash would. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Makes it hang: its sockets stay open and nothing is answered, until `resume`. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** Lets it go on after `pause`. */
  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Starts it again on the same port with the same data, with other options where given. */
  async restart(changes: Pick<NatsServerOptions, "auth" | "config"> = {}): Promise<void> {
    await this.stop();
    this.#options = { ...this.#options, ...changes };
    await this.#spawn();
  }

  /** Kills it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #spawn(): Promise<void> {
    const file = `${this.#folder}/server.conf`;
    await Deno.writeTextFile(file, natsServerConfig(this.#port, this.#folder, this.#options), { mode: 0o600 });
    this.#log = [];
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", TIED_TO_PARENT, this.#path, "-c", file],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    const { promise: listening, resolve } = Promise.withResolvers<number>();
    this.#drained = this.#readLog(child.stderr, resolve);
    const ended = child.status.then(() => this.#drained).then(() => {
      throw new Error(`Cannot start ${this.#path}: it ended at once. It said:\n${this.#log.join("\n")}`);
    });
    this.#port = await within(Promise.race([listening, ended]), `"${this.#path}" to listen`, READY_LIMIT_MS);
    ended.catch(() => {});
    await within(readInfo(this.#hostname, this.#port), `INFO from ${this.url}`, READY_LIMIT_MS);
  }

  async #readLog(stream: ReadableStream<Uint8Array>, listening: (port: number) => void): Promise<void> {
    let rest = "";
    for await (const chunk of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const port = /Listening for client connections on .*:(\d+)$/.exec(line)?.[1];
        if (port !== undefined) listening(Number(port));
      }
      this.#log = [...this.#log, ...lines].slice(-LOG_LINES);
      for (const line of lines) for (const watcher of this.#watchers) watcher(line);
    }
  }

  async #end(signal: Deno.Signal): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    try {
      child.kill(signal);
    } catch (error) {
      // It has ended by itself already.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    await child.status;
    await child.stdin.close().catch(() => {});
    await this.#drained;
  }
}

async function binary(): Promise<string> {
  const found = await findNatsServer();
  if ("path" in found) return found.path;
  throw new Error(`Cannot start a nats-server: ${found.missing}.`);
}

/** A server is ready when it greets. */
async function readInfo(hostname: string, port: number): Promise<void> {
  using connection = await Deno.connect({ hostname, port });
  const buffer = new Uint8Array(5);
  let read = 0;
  while (read < buffer.length) {
    const count = await connection.read(buffer.subarray(read));
    if (count === null) break;
    read += count;
  }
  const greeting = new TextDecoder().decode(buffer);
  if (greeting !== "INFO ") throw new Error(`Cannot use the server on port ${port}: it says "${greeting}", not INFO.`);
}
