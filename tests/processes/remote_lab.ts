/**
 * Other machines for tests: network namespaces with an address each, on a bridge of their own with this machine.
 *
 * Where namespaces can't be made (that needs Linux, root and `ip`), machines are processes that meet on 127.0.0.2, and a
 * cut link is a stopped process. Either way each machine has a profile directory of its own. Used by the `remote_*` tests.
 * @module
 */
import assert from "node:assert/strict";
import { Client, type ClientConnectOptions } from "../../mod.ts";
import type { ClusterStatus } from "../../protocol/status.ts";
import { CliProcess } from "./cli_process.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const LOOPBACK = "127.0.0.2";

/** A machine that brings engines. */
export interface RemoteHost {
  /** Its profile directory. */
  readonly home: string;
  /** Runs the command line there; another copy of Troupe's when `cli` says so. */
  run(args: readonly string[], options?: HostRunOptions): CliProcess;
  /** Nothing comes from it or gets there until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** What differs from a plain run. */
export interface HostRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Path of the main module. */
  readonly cli?: string;
}

async function ip(...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("ip", { args, stdin: "null", stdout: "null", stderr: "null" }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

/** This machine and some others. Disposing ends all that runs on them, and takes the network away. */
export class RemoteLab implements AsyncDisposable {
  /** Where the others reach this machine. */
  readonly address: string;
  /** The profile directory of this machine. */
  readonly home: string;
  readonly hosts: readonly RemoteHost[];
  /** A name for the cluster. */
  readonly cluster = "lab";
  readonly #stack: AsyncDisposableStack;

  private constructor(address: string, home: string, hosts: readonly RemoteHost[], stack: AsyncDisposableStack) {
    this.address = address;
    this.home = home;
    this.hosts = hosts;
    this.#stack = stack;
  }

  /** Makes so many machines besides this one. */
  static async open(count: number): Promise<RemoteLab> {
    // Not moved in the end, since the machines go on to add to it.
    const stack = new AsyncDisposableStack();
    try {
      const home = await temporaryFolder(stack);
      const bridge = await Bridge.make(stack);
      const hosts: RemoteHost[] = [];
      for (let index = 0; index < count; index++) {
        const there = await temporaryFolder(stack);
        hosts.push(bridge === null ? new LoopbackHost(there, stack) : await bridge.addHost(index, there));
      }
      return new RemoteLab(bridge?.address ?? LOOPBACK, home, hosts, stack);
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  /** Runs the command line on this machine. */
  run(args: readonly string[], options: HostRunOptions = {}): CliProcess {
    const env = { TROUPE_HOME: this.home, ...options.env };
    return this.#stack.use(new CliProcess(["deno", "run", "-A", options.cli ?? CLI, ...args], env));
  }

  /** A client on this machine: by the connection file there, unless told otherwise. */
  connect(options?: ClientConnectOptions): Promise<Client> {
    return Client.connect(options ?? { connectionFile: `${this.home}/${this.cluster}/connection.json` });
  }

  /** What `status --json` says. */
  async status(): Promise<ClusterStatus> {
    const { code, stdout, stderr } = await this.run(["status", "--name", this.cluster, "--json"]).ends();
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function temporaryFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "troupe-lab-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}

/** The bridge, with this machine as `.1`. */
class Bridge {
  readonly address: string;
  readonly #name: string;
  readonly #net: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(name: string, net: number, stack: AsyncDisposableStack) {
    this.#name = name;
    this.#net = net;
    this.#stack = stack;
    this.address = `10.77.${net}.1`;
  }

  /** `null` where it can't be had. */
  static async make(stack: AsyncDisposableStack): Promise<Bridge | null> {
    if (Deno.build.os !== "linux") return null;
    const [net = 0, tag = 0] = crypto.getRandomValues(new Uint16Array(2));
    const bridge = new Bridge(`trb${tag}`, 1 + net % 254, stack);
    if (!await ip("link", "add", bridge.#name, "type", "bridge")) return null;
    stack.defer(async () => void await ip("link", "del", bridge.#name));
    const up = await ip("addr", "add", `${bridge.address}/24`, "dev", bridge.#name) &&
      await ip("link", "set", bridge.#name, "up") && await bridge.#canSplit();
    return up ? bridge : null;
  }

  async #canSplit(): Promise<boolean> {
    const trial = `${this.#name}-trial`;
    return await ip("netns", "add", trial) && await ip("netns", "del", trial);
  }

  async addHost(index: number, home: string): Promise<NamespaceHost> {
    const space = `${this.#name}-${index}`;
    const [here, there] = [`${this.#name}h${index}`, `${this.#name}t${index}`];
    const steps = [
      ["netns", "add", space],
      ["link", "add", here, "type", "veth", "peer", "name", there],
      ["link", "set", there, "netns", space],
      ["link", "set", here, "master", this.#name, "up"],
      ["-n", space, "addr", "add", `10.77.${this.#net}.${index + 2}/24`, "dev", there],
      ["-n", space, "link", "set", there, "up"],
      ["-n", space, "link", "set", "lo", "up"],
    ];
    this.#stack.defer(async () => void await ip("netns", "del", space));
    for (const step of steps) {
      if (!await ip(...step)) throw new Error(`Cannot make a network namespace: "ip ${step.join(" ")}" failed.`);
    }
    return new NamespaceHost(space, here, home, this.#stack);
  }
}

class NamespaceHost implements RemoteHost {
  readonly home: string;
  readonly #space: string;
  readonly #link: string;
  readonly #stack: AsyncDisposableStack;

  constructor(space: string, link: string, home: string, stack: AsyncDisposableStack) {
    this.#space = space;
    this.#link = link;
    this.home = home;
    this.#stack = stack;
  }

  run(args: readonly string[], { env = {}, cli = CLI }: HostRunOptions = {}): CliProcess {
    const command = ["ip", "netns", "exec", this.#space, Deno.execPath(), "run", "-A", cli, ...args];
    return this.#stack.use(new CliProcess(command, { TROUPE_HOME: this.home, ...env }));
  }

  async cut(): Promise<void> {
    if (!await ip("link", "set", this.#link, "down")) throw new Error(`Cannot cut the link "${this.#link}".`);
  }

  async mend(): Promise<void> {
    if (!await ip("link", "set", this.#link, "up")) throw new Error(`Cannot mend the link "${this.#link}".`);
  }
}

class LoopbackHost implements RemoteHost {
  readonly home: string;
  readonly #running: CliProcess[] = [];
  readonly #stack: AsyncDisposableStack;

  constructor(home: string, stack: AsyncDisposableStack) {
    this.home = home;
    this.#stack = stack;
  }

  run(args: readonly string[], { env = {}, cli = CLI }: HostRunOptions = {}): CliProcess {
    const started = new CliProcess([Deno.execPath(), "run", "-A", cli, ...args], { TROUPE_HOME: this.home, ...env });
    this.#running.push(started);
    return this.#stack.use(started);
  }

  cut(): Promise<void> {
    for (const each of this.#running) each.signal("SIGSTOP");
    return Promise.resolve();
  }

  mend(): Promise<void> {
    for (const each of this.#running) each.signal("SIGCONT");
    return Promise.resolve();
  }
}
