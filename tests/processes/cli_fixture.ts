/**
 * The command line run as a user runs it, in a profile directory of its own; and what tests ask of processes.
 *
 * Nothing here sleeps: it waits for lines, for ends of processes, or for what `tail --pid` says, and each wait is
 * bounded. Disposing ends whatever was started, and removes the directory. For the tests beside it.
 * @module
 */
import { textLines } from "../../cluster/text_lines.ts";
import { within } from "../../testing/within.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const LIMIT_MS = 60_000;

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A command that runs. */
export class RunningCommand implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Output;
  readonly #stderr: Output;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, cwd?: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...args],
      env: { ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new Output(this.#child.stdout);
    this.#stderr = new Output(this.#child.stderr);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The first line of its stdout that matches. */
  line(pattern: RegExp): Promise<string> {
    return within(this.#stdout.line(pattern), `a line like ${pattern} on stdout`, LIMIT_MS);
  }

  /** The first line of its stderr that matches. */
  errorLine(pattern: RegExp): Promise<string> {
    return within(this.#stderr.line(pattern), `a line like ${pattern} on stderr`, LIMIT_MS);
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** How it ends, whenever that is. */
  async wait(): Promise<Ended> {
    const { code } = await this.#child.status;
    const [stdout, stderr] = await Promise.all([this.#stdout.whole, this.#stderr.whole]);
    return { code, stdout, stderr };
  }

  /** How it ends, which must be soon. */
  async ended(): Promise<Ended> {
    const { code } = await within(this.#child.status, "the end of the command", LIMIT_MS);
    const [stdout, stderr] = await within(
      Promise.all([this.#stdout.whole, this.#stderr.whole]),
      "the end of its output: does a child of it hold the pipe?",
      LIMIT_MS,
    );
    return { code, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ended();
  }
}

/** One stream of a command: its text, and who waits for a line of it. */
class Output {
  readonly whole: Promise<string>;
  readonly #lines: string[] = [];
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.whole = this.#read(stream);
  }

  async line(pattern: RegExp): Promise<string> {
    for (let next = 0;; next++) {
      while (next >= this.#lines.length) {
        if (this.#ended) throw new Error(`Its output ended without a line like ${pattern}:\n${this.#lines.join("\n")}`);
        await this.#wake.promise;
      }
      const line = this.#lines[next] ?? "";
      if (pattern.test(line)) return line;
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<string> {
    for await (const line of textLines(stream)) {
      this.#lines.push(line);
      this.#announce();
    }
    this.#ended = true;
    this.#announce();
    return this.#lines.join("\n");
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** A profile directory, and commands in it. */
export class CliFixture implements AsyncDisposable {
  readonly home: string;
  readonly #running: RunningCommand[] = [];

  private constructor(home: string) {
    this.home = home;
  }

  static async create(): Promise<CliFixture> {
    return new CliFixture(await Deno.makeTempDir({ prefix: "troupe-cli-" }));
  }

  /** Starts `cli.ts` with these arguments. */
  spawn(args: readonly string[], options: RunOptions = {}): RunningCommand {
    return this.spawnModule(CLI, args, options);
  }

  /** Starts a module with all permissions in the same profile directory. */
  spawnModule(module: string, args: readonly string[] = [], { env = {}, cwd }: RunOptions = {}): RunningCommand {
    const variables = { TROUPE_HOME: this.home, NO_COLOR: "1", TROUPE_TOKEN: "", TROUPE_CLUSTER: "", ...env };
    const command = new RunningCommand(["run", "-A", "--no-prompt", module, ...args], variables, cwd);
    this.#running.push(command);
    return command;
  }

  /** Runs `cli.ts` to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.spawn(args, options).ended();
  }

  /** Writes a file into the profile directory's neighbourhood; its path. */
  async file(name: string, text: string): Promise<string> {
    const path = `${this.home}/${name}`;
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** A connection file, as it stands. */
  connectionFile(name = "default"): string {
    return `${this.home}/${name}/connection.json`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((command) => command[Symbol.asyncDispose]()));
    for await (const { name, isDirectory } of Deno.readDir(this.home)) {
      const pid = isDirectory ? await lockedBy(`${this.home}/${name}/lock.json`) : null;
      if (pid !== null) await kill(pid);
    }
    await Deno.remove(this.home, { recursive: true });
  }
}

async function lockedBy(path: string): Promise<number | null> {
  try {
    return JSON.parse(await Deno.readTextFile(path)).pid;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Signals one process that may be gone. Throws `TypeError` for what is no pid of one: the kernel takes 0 and below for
 * groups, and -1 for every process of the machine.
 */
export function signal(pid: number | undefined, name: Deno.Signal): void {
  if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 1) throw new TypeError(`Cannot signal process ${pid}.`);
  try {
    Deno.kill(pid, name);
  } catch (error) {
    // Of a process that has ended, and that nobody has waited for yet, Deno says TypeError.
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}

/** Kills a process that may be gone, and waits for its end. */
export async function kill(pid: number): Promise<void> {
  signal(pid, "SIGKILL");
  await gone(pid);
}

/** Waits for the end of a process that is no child of this one. */
export async function gone(pid: number, limitMs = 10_000): Promise<void> {
  const { success } = await new Deno.Command("timeout", {
    args: [String(limitMs / 1000), "tail", "-s", "0.02", `--pid=${pid}`, "-f", "/dev/null"],
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`Process ${pid} was still there after ${limitMs} ms.`);
}

/** The pids of the children of a process. */
export function childrenOf(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).split(" ").filter(Boolean).map(Number)
  );
}

/** Of a host: its controller and its engines, told apart by what they run. */
export function familyOf(host: number): { readonly controllers: number[]; readonly engines: number[] } {
  const children = childrenOf(host).map((pid) => ({ pid, line: commandLineOf(pid) }));
  return {
    controllers: children.filter(({ line }) => line.includes("controller_main.ts")).map(({ pid }) => pid),
    engines: children.filter(({ line }) => line.includes("cluster/engine_main.ts")).map(({ pid }) => pid),
  };
}

/** How a process was started; empty where it ended in this moment. */
export function commandLineOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return "";
  }
}
