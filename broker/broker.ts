/**
 * The embedded broker: a single-node server of the NATS client protocol, for clusters that bring no NATS of their own.
 *
 * Speaks to every official NATS client over TCP, and to code of its own process without a socket. Nobody gets in without
 * credentials. No clusters, no accounts, no TLS, no JetStream: who needs these runs `nats-server`. Started by the
 * controller process and by tests.
 * @module
 */
import type { Bus, BusOptions } from "../bus/bus.ts";
import { RouterBus } from "../bus/router_bus.ts";
import { Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
import { type BrokerLimits, type ResolvedLimits, resolveLimits } from "./broker_limits.ts";
import { ClientConnection, type ConnectionContext, LONGEST_PAUSE_MS } from "./client_connection.ts";
import { InputLine } from "./input_line.ts";
import { LocalRouter } from "./local_router.ts";
import { unrestricted } from "./permissions.ts";
import { RoutingTable } from "./routing_table.ts";
import { drawServerId, infoLine, type ServerIdentity } from "./server_info.ts";
import { SubjectTable } from "./subject_table.ts";
import { type Clock, systemClock } from "../wire/clock.ts";
import { ConnectionError } from "../wire/errors.ts";
import { type Log, silentLog } from "../wire/log.ts";

export type { BrokerUser } from "./authenticator.ts";
export type { BrokerLimits } from "./broker_limits.ts";

/** How to start a broker. */
export interface BrokerOptions extends AuthenticatorOptions {
  /** Address to listen on; default `127.0.0.1`. */
  readonly hostname?: string;
  /** 0, the default, for a free one. */
  readonly port?: number;
  /** Largest message in bytes, headers included; default 1 MiB. */
  readonly maxPayload?: number;
  /** What a client may ask for; each bound has a default. */
  readonly limits?: BrokerLimits;
  /** What clients are told; default `troupe`. */
  readonly serverName?: string;
  /** Takes what operators want to know; default: nothing is logged. */
  readonly log?: Log;
  /** For pings and time-outs; default: the system's. */
  readonly clock?: Clock;
}

/** Options of an in-process connection. */
export interface LocalConnectOptions extends BusOptions {
  /** Held to the allow lists of this user; default: everything is allowed. */
  readonly user?: string;
}

/** After `accept` failed, for want of file descriptors perhaps. */
const ACCEPT_RETRY_MS = 100;

/**
 * A running broker.
 *
 * @example
 * ```ts
 * import { Broker } from "./broker.ts";
 *
 * await using broker = await Broker.start({ users: [{ user: "me", password: "secret" }] });
 * await using bus = broker.connectLocal();
 * bus.subscribe("greet", (message) => console.log(message.subject));
 * bus.publish("greet", new Uint8Array());
 * await bus.flush(); // greet
 * ```
 */
export class Broker implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #context: ConnectionContext;
  readonly #identity: ServerIdentity;
  readonly #running = new Map<ClientConnection, Promise<void>>();
  readonly #buses = new Set<Bus>();
  readonly #accepting: Promise<void>;
  /** Opened when it is first needed. */
  #line: Promise<InputLine> | undefined;
  #looking: Promise<void> | undefined;
  #accepted = 0;
  #connections = 0;
  #stopped = false;
  #retry: { readonly timer: unknown; readonly resolve: () => void } | undefined;

  private constructor(
    listener: Deno.TcpListener,
    authenticator: Authenticator,
    limits: ResolvedLimits,
    options: BrokerOptions,
  ) {
    this.#listener = listener;
    this.#context = {
      limits,
      authenticator,
      routes: new RoutingTable(),
      subjects: new SubjectTable(),
      clock: options.clock ?? systemClock,
      log: options.log ?? silentLog,
      congested: undefined,
      paused: 0,
    };
    this.#identity = {
      serverId: drawServerId(),
      serverName: options.serverName ?? "troupe",
      host: listener.addr.hostname,
      port: listener.addr.port,
      maxPayload: limits.maxPayload,
      authRequired: authenticator.required,
    };
    this.#accepting = this.#acceptAll();
  }

  /**
   * Listens. `ConnectionError` when the port is taken or the address is not of this machine, `TypeError` or `RangeError`
   * for options that make no sense.
   */
  static start(options: BrokerOptions = {}): Promise<Broker> {
    return Promise.try(() => {
      const limits = resolveLimits(options.limits, options.maxPayload);
      const authenticator = new Authenticator(options);
      const listener = listen(options.hostname ?? "127.0.0.1", options.port ?? 0);
      return new Broker(listener, authenticator, limits, options);
    });
  }

  /** The port it listens on. */
  get port(): number {
    return this.#identity.port;
  }

  /** For clients: `nats://127.0.0.1:4222`. */
  get url(): string {
    const { host, port } = this.#identity;
    return `nats://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  /** TCP connections at the moment. */
  get connections(): number {
    return this.#connections;
  }

  /** Subscriptions at the moment, of all connections. */
  get subscriptions(): number {
    return this.#context.routes.size;
  }

  /** A bus in this process: no TCP hop. `TypeError` for a user that the broker does not know. */
  connectLocal(options: LocalConnectOptions = {}): Bus {
    if (this.#stopped) throw new ConnectionError("Cannot connect to this broker: it was stopped; start another one.");
    const { authenticator, routes, limits, clock } = this.#context;
    const permissions = options.user === undefined ? unrestricted : authenticator.permissionsOf(options.user);
    const onError = options.onError ?? ((error: Error) => this.#context.log("error", error.message, { error }));
    const router = new LocalRouter(routes, permissions, limits.maxPayload, onError, () => this.#inputSeen());
    const bus = new RouterBus(router, { ...options, onError, clock });
    this.#buses.add(bus);
    bus.closed.then(() => this.#buses.delete(bus));
    return bus;
  }

  /** Ends all connections and stops listening. Resolves when nothing of it is left. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#listener.close();
      if (this.#retry !== undefined) this.#context.clock.clearTimer(this.#retry.timer);
      this.#retry?.resolve();
    }
    for (const connection of this.#running.keys()) connection.close();
    await Promise.all([...this.#buses].map((bus) => bus.close()));
    (await this.#line?.catch(() => null))?.[Symbol.dispose]();
    this.#line = undefined;
    await this.#looking?.catch(() => {});
    await this.#accepting;
    await Promise.all(this.#running.values());
  }

  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Resolves when what lay in the sockets at this moment has been looked at, also where reading pauses just now. Rejects
   * when the broker is stopped.
   */
  #inputSeen(): Promise<void> {
    return this.#looking ??= this.#lookAtInput().finally(() => this.#looking = undefined);
  }

  async #lookAtInput(): Promise<void> {
    const line = await (this.#line ??= InputLine.open());
    if (this.#stopped) throw new ConnectionError("Cannot wait for what comes in: this broker was stopped.");
    await line.passed();
    if (!this.#context.paused) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#context.clock.setTimer(resolve, LONGEST_PAUSE_MS);
    await promise;
    await line.passed();
  }

  async #acceptAll(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#serve(await this.#listener.accept());
      } catch (error) {
        if (this.#stopped) return;
        this.#context.log("error", "Cannot accept a connection; trying again.", { error });
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#retry = { timer: this.#context.clock.setTimer(resolve, ACCEPT_RETRY_MS), resolve };
    await promise;
    this.#retry = undefined;
  }

  #serve(stream: Deno.TcpConn): void {
    if (this.#stopped) return stream.close();
    setNoDelay(stream);
    const id = ++this.#accepted;
    const connection = new ClientConnection(id, stream, this.#context);
    const full = this.#connections >= this.#context.limits.maxConnections;
    if (full) {
      this.#context.log("warn", "Refused a connection: there are too many.", { connections: this.#connections });
    } else this.#connections++;
    const info = infoLine(this.#identity, id, stream.remoteAddr.hostname);
    const { log } = this.#context;
    log("debug", "A client connected.", { client: id, address: stream.remoteAddr.hostname });
    const ended = connection.run(info, full ? "maximum connections exceeded" : undefined).then(() => {
      this.#running.delete(connection);
      if (!full) this.#connections--;
      log("debug", "A client left.", { client: id, connections: this.#connections });
    });
    this.#running.set(connection, ended);
  }
}

function listen(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new ConnectionError(
        `Cannot listen on ${hostname}:${port}: port ${port} is in use by another program; ` +
          `stop that, or choose another port (0 finds a free one).`,
        { cause: error },
      );
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      throw new ConnectionError(
        `Cannot listen on ${hostname}:${port}: "${hostname}" is no address of this machine; give one that is.`,
        { cause: error },
      );
    }
    throw new ConnectionError(
      `Cannot listen on ${hostname}:${port}: ${(error as Error).message}; give an address of this machine, like ` +
        `127.0.0.1, and a port that you may use.`,
      { cause: error },
    );
  }
}

function setNoDelay(stream: Deno.TcpConn): void {
  try {
    stream.setNoDelay(true);
  } catch {
    // The client has gone already; reading will say so.
  }
}
