/**
 * One process of a cluster on its NATS servers: the connection, and the actor system on it, closed together.
 *
 * The only place in the composition that names the NATS adapter; it is loaded when it is needed. Used by controllers
 * without an embedded broker, by hosts, clients and `status`.
 * @module
 */
import { ActorSystem } from "../actors/actor_system.ts";
import type { Bus } from "../bus/bus.ts";
import type { NatsBusOptions } from "../bus/nats_bus.ts";
import { inboxPrefix, type NodeRole } from "../protocol/subjects.ts";
import type { NatsConnection } from "../deps/nats.ts";
import type { ControllerConfig } from "./control_line.ts";
import type { Log } from "../wire/log.ts";
import type { Credential } from "./credentials.ts";

/** Who connects, and where to. */
export interface NodeOptions {
  readonly cluster: string;
  readonly role: NodeRole;
  /** The node's name among those of its role. */
  readonly node: string;
  readonly servers: readonly string[];
  readonly credential: Credential | null | undefined;
  readonly heartbeatMs?: number;
  /** The right to unique names; see `ActorSystem.connect`. */
  readonly rank?: number;
  /** How long the first connection may take, ms. */
  readonly timeoutMs?: number;
  readonly log: Log;
}

/** An actor system and what it rests on. */
export interface ConnectedNode extends AsyncDisposable {
  readonly system: ActorSystem;
  readonly bus: Bus;
}

/** The credential in the adapter's words. A token is also said as the role's password: the embedded broker knows roles. */
function natsCredentials(
  { credential, role }: Pick<NodeOptions, "credential" | "role">,
): Pick<NatsBusOptions, "credentials"> {
  const { user, password, token, creds } = credential ?? {};
  if (creds !== undefined) return { credentials: { creds } };
  if (user !== undefined && password !== undefined) return { credentials: { user, pass: password } };
  return token === undefined ? {} : { credentials: { token, user: role, pass: token } };
}

/** Connects to the servers. Throws `ConnectionError` and `AuthorizationError`. */
export async function connectServers(options: NodeOptions): Promise<Bus> {
  const { connectNats } = await import("../bus/nats_bus.ts");
  const { cluster, role, node, log } = options;
  return await connectNats({
    servers: options.servers,
    ...natsCredentials(options),
    name: `${role}.${node}`,
    inboxPrefix: inboxPrefix(cluster, role, node),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    onError: (error) => log("warn", "server complained", { reason: error.message }),
  });
}

/**
 * A connection of its own for the store of a controller, with the official client. Throws `ConnectionError` and
 * `AuthorizationError`.
 */
export async function connectStore(
  { cluster, servers, credential }: ControllerConfig,
  log: Log,
): Promise<{ readonly connection: NatsConnection } & AsyncDisposable> {
  const { openNats } = await import("../bus/nats_connection.ts");
  const name = "store";
  const { connection, listen, close } = await openNats({
    servers,
    ...natsCredentials({ credential, role: "controller" }),
    name: `controller.${name}`,
    inboxPrefix: inboxPrefix(cluster, "controller", name),
  });
  const complain = (error: Error) => log("warn", "server complained", { reason: error.message });
  listen({ lost() {}, back() {}, reported: complain, refused: complain, ended() {} });
  return { connection, [Symbol.asyncDispose]: close };
}

/** Starts the actor system of a node on a bus. It speaks the plain codec: what travels here is made for it. */
export function joinBus(bus: Bus, options: NodeOptions): Promise<ActorSystem> {
  const { cluster, role, node, heartbeatMs, rank, log } = options;
  const more = { ...(heartbeatMs !== undefined && { heartbeatMs }), ...(rank !== undefined && { rank }) };
  return ActorSystem.connect({ bus, name: cluster, role, node, codec: "plain", log, ...more });
}

/** Both, closed together. */
export async function connectNode(options: NodeOptions): Promise<ConnectedNode> {
  await using stack = new AsyncDisposableStack();
  const bus = stack.use(await connectServers(options));
  const system = stack.use(await joinBus(bus, options));
  const kept = stack.move();
  return { system, bus, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
