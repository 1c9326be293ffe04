/**
 * One process of the command line that a chaos run keeps: a host with its engines, or the keeper of a controller.
 *
 * Started again when it was killed here, as a service manager would; one that ends otherwise is a finding. Signals go to
 * the very process only, never to another that got its pid. Used by `chaos_cluster.ts`.
 * @module
 */
import { identityOf, isAlive, type ProcessIdentity } from "../../cluster/process_identity.ts";
import { familyOf, RunningCommand, signal } from "../processes/cli_fixture.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const START_TRIES = 10;
const PAUSE_MS = 300;

/** What a member is made of. */
export interface MemberOptions {
  /** `host-1`, `controller` */
  readonly name: string;
  /** Of `cli.ts`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** On its stderr when it is up. */
  readonly up: RegExp;
  /** Told when it ended though nobody killed it. */
  readonly onLost: (what: string) => void;
}

/** A process that is there, or on its way back. */
export class Member {
  readonly #options: MemberOptions;
  readonly #pids: number[] = [];
  #command: RunningCommand | null = null;
  #identity: ProcessIdentity | null = null;
  #expected = false;
  #stopped = false;

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** All pids it ever had. */
  get pids(): readonly number[] {
    return this.#pids;
  }

  /** `null` while it is down. */
  get identity(): ProcessIdentity | null {
    return this.#identity !== null && isAlive(this.#identity) ? this.#identity : null;
  }

  /** Its engines, and its controller. */
  get family(): { readonly engines: readonly ProcessIdentity[]; readonly controllers: readonly ProcessIdentity[] } {
    try {
      const { engines, controllers } = familyOf(this.identity?.pid ?? 0);
      return { engines: engines.map(identityOf), controllers: controllers.map(identityOf) };
    } catch (error) {
      // It ended while we looked.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return { engines: [], controllers: [] };
    }
  }

  /** Starts it; resolves when it is up. Rejects with what it said where it does not come up. */
  async start(): Promise<void> {
    const { args, env, up } = this.#options;
    const command = new RunningCommand(["run", "-A", "--no-prompt", CLI, ...args], env);
    this.#command = command;
    // Until it is up, its end is told to whoever starts it.
    this.#expected = true;
    this.#pids.push(command.pid);
    this.#identity = identityOf(command.pid);
    void this.#watch(command);
    await command.errorLine(up);
    this.#expected = this.#stopped;
  }

  /** Kills it as a crash would; resolves when it is gone. */
  async kill(): Promise<void> {
    const command = this.#command;
    if (command === null || this.identity === null) return;
    this.#expected = true;
    // One that is stopped dies all the same.
    command.signal("SIGKILL");
    await command.ended();
  }

  /** Starts it again after that, with some patience, as a service manager has it. */
  async startAgain(): Promise<void> {
    for (let tries = 1; !this.#stopped; tries++) {
      try {
        return await this.start();
      } catch (error) {
        if (tries === START_TRIES || this.#stopped) throw error;
        await this.#command?.[Symbol.asyncDispose]();
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** Ends it in its own orderly way; its exit code. */
  async stop(): Promise<number> {
    this.#stopped = true;
    this.#expected = true;
    if (this.identity === null || this.#command === null) return 0;
    signal(this.identity.pid, "SIGTERM");
    return (await this.#command.ended()).code;
  }

  /** Kills it for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#expected = true;
    await this.#command?.[Symbol.asyncDispose]();
  }

  async #watch(command: RunningCommand): Promise<void> {
    const { code, stderr } = await command.wait();
    if (this.#command !== command) return;
    this.#identity = null;
    if (this.#expected) return;
    this.#options.onLost(`${this.name} ended by itself with code ${code}: ${stderr.split("\n").slice(-5).join(" | ")}`);
  }
}
