/**
 * Controllers that share a store in JetStream, one of which leads, with a host for the engines: each a process.
 *
 * Who leads is read where they agree on it, in the lease: so a test can wait for a take-over and kill whom it means. Each
 * controller has a profile directory of its own, as on a machine of its own. For the `standby_*` tests.
 * @module
 */
import { dialNats } from "../../bus/nats_transport.ts";
import { Client, type ClientConnectOptions } from "../../mod.ts";
import { type LeaseCell, openLeaseCell } from "../../store/jetstream/lease_cell.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, familyOf, type RunningCommand, signal } from "./cli_fixture.ts";

const found = await findNatsServer();
const TAKE_OVER_LIMIT_MS = 30_000;

/** What a lab is made of. */
export interface LabOptions {
  readonly controllers: number;
  /** Default 2. */
  readonly engines?: number;
  /** Addresses of servers with JetStream; absent: one of its own. */
  readonly servers?: string;
  /** More flags for each controller. */
  readonly flags?: readonly string[];
}

/** Who leads. */
export interface Leader {
  readonly epoch: number;
  /** Of the controller's own process. */
  readonly pid: number;
}

/** A host with its controller. */
export interface LabController {
  readonly command: RunningCommand;
  readonly fixture: CliFixture;
}

/** Disposing ends all of it. */
export class StandbyLab implements AsyncDisposable {
  readonly servers: string;
  readonly controllers: LabController[] = [];
  readonly #fixtures: CliFixture[] = [];
  readonly #flags: readonly string[];
  #lease: LeaseWatch | null = null;
  readonly #server: NatsServer | null;

  private constructor(servers: string, flags: readonly string[], server: NatsServer | null) {
    this.servers = servers;
    this.#flags = flags;
    this.#server = server;
  }

  /** Resolves when one leads, the others stand by and the engines have joined. */
  static async start({ controllers, engines = 2, servers, flags = [] }: LabOptions): Promise<StandbyLab> {
    const server = servers === undefined ? await NatsServer.start({ jetstream: true }) : null;
    const urls = servers ?? server?.url ?? "";
    const lab = new StandbyLab(urls, flags, server);
    try {
      await lab.#start(controllers - 1, engines);
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(standbyCount: number, engines: number): Promise<void> {
    const first = await this.add("first");
    await first.command.errorLine(/is running on/);
    this.#lease = await LeaseWatch.open(this.servers);
    const standbys = Array.from({ length: standbyCount }, () => this.add("standby"));
    const joined = engines === 0 ? null : this.addEngines(engines);
    for (const { command } of await Promise.all(standbys)) await command.errorLine(/stands by on/);
    await joined;
  }

  /** Starts one more; it may not have come up yet. */
  async add(kind: "first" | "standby"): Promise<LabController> {
    const fixture = await this.#fixture();
    const command = fixture.spawn(this.controllerArgs(kind));
    const controller = { command, fixture };
    this.controllers.push(controller);
    return controller;
  }

  /** The command line of a controller. */
  controllerArgs(kind: "first" | "standby"): string[] {
    const standby = kind === "standby" ? ["--standby"] : [];
    return ["controller", ...standby, "--store", "jetstream", "--nats", this.servers, ...this.#flags];
  }

  /** Brings a host with engines that may write files. */
  async addEngines(count: number): Promise<RunningCommand> {
    const fixture = await this.#fixture();
    const flags = ["--allow-write", "--allow-read"];
    const command = fixture.spawn(["engines", "-n", String(count), "--nats", this.servers, ...flags]);
    await command.errorLine(/joined the cluster/);
    return command;
  }

  async connect(options: ClientConnectOptions = {}): Promise<Client> {
    return await Client.connect({ servers: this.servers.split(","), timeout: 20_000, ...options });
  }

  /** Whoever leads, or leads next, with an epoch above `after`. */
  leader(after = 0): Promise<Leader> {
    return within(this.#watched.leader(after), `a leader after epoch ${after}`, TAKE_OVER_LIMIT_MS);
  }

  /** The host of a controller's process. */
  hostOf({ pid }: Leader): LabController {
    const found = this.controllers.find(({ command }) => controllersOf(command.pid).includes(pid));
    if (found === undefined) throw new Error(`No host here runs the controller ${pid}.`);
    return found;
  }

  /** Resolves when the lease is free. */
  released(): Promise<void> {
    return within(this.#watched.released(), "the lease to be given back", TAKE_OVER_LIMIT_MS);
  }

  get #watched(): LeaseWatch {
    if (this.#lease === null) throw new Error("No controller has led yet.");
    return this.#lease;
  }

  async #fixture(): Promise<CliFixture> {
    const fixture = await CliFixture.create();
    this.#fixtures.push(fixture);
    return fixture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#fixtures.map((fixture) => fixture[Symbol.asyncDispose]()));
    await this.#lease?.[Symbol.asyncDispose]();
    await this.#server?.[Symbol.asyncDispose]();
  }
}

function controllersOf(host: number): number[] {
  try {
    return familyOf(host).controllers;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** A test that needs a server, or says why it did not run. */
export function standbyTest(name: string, fn: () => Promise<void>): void {
  const missing = "missing" in found ? found.missing : undefined;
  Deno.test({
    name: missing === undefined ? name : `${name} [skipped: ${missing}]`,
    ignore: missing !== undefined,
    fn,
  });
}

/** An empty file for what tasks write down; tasks may not look into the profile directories. */
export async function runFile(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempFile({ prefix: "troupe-runs-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** Kills the host first, so that it can't start another. */
export function killWhole(host: number, controller: number): void {
  signal(host, "SIGKILL");
  signal(controller, "SIGKILL");
}

interface Claim extends Leader {
  readonly isReleased: boolean;
}

/** What the lease says, as it changes. */
class LeaseWatch implements AsyncDisposable {
  #newest: Claim | null = null;
  #wake = Promise.withResolvers<void>();
  readonly #close: () => Promise<void>;

  private constructor(cell: LeaseCell, close: () => Promise<void>) {
    const watch = cell.watch(({ text }) => {
      const [epoch, , name, isReleased] = JSON.parse(text) as [number, string, string, boolean];
      this.#newest = { epoch, pid: Number(/process (\d+)$/.exec(name)?.[1]), isReleased };
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.#close = () => {
      watch[Symbol.dispose]();
      return close();
    };
  }

  static async open(servers: string): Promise<LeaseWatch> {
    const urls = servers.split(",");
    const connection = await dialNats({ servers: urls, maxReconnectAttempts: -1, reconnectDelayHandler: () => 50 });
    const cell = await openLeaseCell(connection, { cluster: "default", timeoutMs: 1_000 });
    return new LeaseWatch(cell, () => connection.close());
  }

  async leader(after: number): Promise<Leader> {
    for (;;) {
      if (this.#newest !== null && !this.#newest.isReleased && this.#newest.epoch > after) return this.#newest;
      await this.#wake.promise;
    }
  }

  async released(): Promise<void> {
    while (this.#newest?.isReleased !== true) await this.#wake.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
