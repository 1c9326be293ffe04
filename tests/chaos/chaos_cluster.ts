/**
 * The cluster of a chaos run: real processes, each with a proxy between it and its server.
 *
 * A controller under its keeper, hosts with engines, and the embedded broker or a `nats-server`. All of them share a
 * temporary folder by which they, and what they leave, are known. Used by `chaos_run.ts` and `strike.ts`.
 * @module
 */
import { connectClient } from "../../cluster/connect_client.ts";
import type { Client } from "../../mod.ts";
import { NatsServer } from "../../testing/nats_server.ts";
import { Member } from "./member.ts";
import { TcpProxy } from "./tcp_proxy.ts";

/** What the cluster looks like. */
export interface ClusterShape {
  readonly hosts: number;
  /** On each host. */
  readonly engines: number;
  readonly clients: number;
  /** A `nats-server`, not the embedded broker. */
  readonly nats: boolean;
  /** For the verb `controller`. */
  readonly controllerFlags: readonly string[];
  /** Where controllers keep what they know: with `memory` one that is killed has forgotten it. */
  readonly store: "memory" | "sqlite" | "jetstream";
  /** Controllers that wait to take over, besides the first. */
  readonly standbys: number;
}

const NAME = "chaos";
const DRAIN = ["--drain", "5s"];

/** All processes, and what lies between them. */
export class ChaosCluster implements AsyncDisposable {
  /** Everything of the run is below it. */
  readonly folder: string;
  /** `null` with the embedded broker. */
  readonly server: NatsServer | null;
  /** Of the controllers: the first one's, and those of the standbys. */
  readonly keepers: readonly Member[];
  readonly hosts: readonly Member[];
  /** By the name of who is behind it: `host-1`, `client-1`, `keeper-1`. */
  readonly links: ReadonlyMap<string, TcpProxy>;
  readonly shape: ClusterShape;
  /** What a fault has in its hands now, by its name. */
  readonly struck = new Set<string>();
  readonly #credentials: Readonly<Record<string, { readonly user: string; readonly password: string }>>;
  readonly #stack: AsyncDisposableStack;
  readonly #toldPids = new Set<number>();

  private constructor(parts: ClusterParts) {
    this.folder = parts.folder;
    this.server = parts.server;
    this.keepers = parts.keepers;
    this.hosts = parts.hosts;
    this.links = parts.links;
    this.shape = parts.shape;
    this.#credentials = parts.credentials;
    this.#stack = parts.stack;
  }

  /** Starts all of it in `folder`; resolves when all engines have joined. */
  static async start(folder: string, shape: ClusterShape, onLost: (what: string) => void): Promise<ChaosCluster> {
    await using stack = new AsyncDisposableStack();
    await Promise.all([`${folder}/tmp`, `${folder}/home`].map((path) => Deno.mkdir(path, { recursive: true })));
    const server = shape.nats ? stack.use(await NatsServer.start({ jetstream: shape.store === "jetstream" })) : null;
    const port = server?.port ?? freePort();
    const credentials = server === null ? makeCredentials() : {};
    const file = `${folder}/credentials.json`;
    if (server === null) await Deno.writeTextFile(file, JSON.stringify(credentials), { mode: 0o600 });

    const links = new Map<string, TcpProxy>();
    const link = (name: string) => {
      const proxy = stack.use(new TcpProxy(port));
      links.set(name, proxy);
      return proxy.url;
    };
    const member = (name: string, args: readonly string[], up: RegExp) => {
      // Each as on a machine of its own, but for what they leave behind.
      const env = { TROUPE_HOME: homeOf(folder, name), TMPDIR: `${folder}/tmp`, NO_COLOR: "1", TROUPE_TOKEN: "" };
      return stack.use(new Member({ name, args: [...args, "--name", NAME], env, up, onLost }));
    };
    const keepers: Member[] = [];
    for (let index = 0; index <= shape.standbys; index++) {
      const name = `keeper-${index + 1}`;
      const carrier = server === null ? ["--port", `${port}`, "--credentials", file] : ["--nats", link(name)];
      const stored = shape.store === "memory" ? [] : ["--store", shape.store];
      // Also the first: whichever comes back finds another one that leads.
      const role = shape.standbys === 0 ? [] : ["--standby"];
      const args = ["controller", ...carrier, ...shape.controllerFlags, ...stored, ...role];
      const keeper = member(name, args, /is running|stands by/);
      keepers.push(keeper);
      await keeper.start();
    }
    const hosts = Array.from({ length: shape.hosts }, (_, index) => {
      const login = server === null ? ["--credentials", file] : [];
      const grants = [`--allow-write=${folder}`, "--wait", "120s", ...DRAIN];
      const name = `host-${index + 1}`;
      return member(name, ["engines", "-n", `${shape.engines}`, "--nats", link(name), ...login, ...grants], /joined/);
    });
    await Promise.all(hosts.map((host) => host.start()));
    for (let index = 1; index <= shape.clients; index++) link(`client-${index}`);
    return new ChaosCluster({ folder, server, keepers, hosts, links, shape, credentials, stack: stack.move() });
  }

  /** The client of this number, from 1, over its own link. */
  connect(number: number): Promise<Client> {
    const servers = this.links.get(`client-${number}`)?.url;
    if (servers === undefined) throw new RangeError(`Cannot connect client ${number}: there is no link for it.`);
    return connectClient({ name: NAME, servers, ...this.#credentials.client });
  }

  /** The members' processes that were not told of before. */
  newPids(): readonly number[] {
    const pids = [...this.keepers, ...this.hosts].flatMap((member) => member.pids);
    const fresh = pids.filter((pid) => !this.#toldPids.has(pid));
    for (const pid of fresh) this.#toldPids.add(pid);
    return fresh;
  }

  /** Ends all of it in its own orderly way: hosts first. Rejects where a process does not end, or not well. */
  async stop(): Promise<void> {
    const codes = await Promise.all(this.hosts.map((host) => host.stop()));
    // Standbys first: none of them is to take over.
    for (const keeper of this.keepers.toReversed()) codes.push(await keeper.stop());
    if (codes.some((code) => code !== 0)) throw new Error(`The processes ended with the codes ${codes.join(", ")}.`);
  }

  /** Kills what is left of it. The folder stays. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

interface ClusterParts {
  readonly folder: string;
  readonly server: NatsServer | null;
  readonly keepers: readonly Member[];
  readonly hosts: readonly Member[];
  readonly links: ReadonlyMap<string, TcpProxy>;
  readonly shape: ClusterShape;
  readonly credentials: Readonly<Record<string, { readonly user: string; readonly password: string }>>;
  readonly stack: AsyncDisposableStack;
}

/** The profile directory of a member; its log is in there. */
function homeOf(folder: string, name: string): string {
  return `${folder}/home/${name}`;
}

/** So that a controller comes back where it was. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function makeCredentials() {
  const password = () => crypto.randomUUID();
  return Object.fromEntries(["client", "host", "controller"].map((user) => [user, { user, password: password() }]));
}
