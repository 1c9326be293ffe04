/**
 * `Client.connect()`: from a name, a connection file or a list of servers to a client that is attached.
 *
 * Reads files and the environment; the client itself is in `client/`. Called by `mod.ts` and `Cluster.connect`.
 * @module
 */
import { Client } from "../client/client.ts";
import { broadcastSubject, pureSubject } from "../protocol/subjects.ts";
import type { Session } from "../protocol/ids.ts";
import { ConnectionError } from "../wire/errors.ts";
import { silentLog } from "../wire/log.ts";
import { newSession } from "../wire/task_ids.ts";
import { type ConnectedNode, connectNode } from "./connect_node.ts";
import { watchCluster } from "./cluster_watch.ts";
import { type ConnectionInfo, credentialFor, readConnectionFile } from "./connection_file.ts";
import type { Credential } from "./credentials.ts";
import { checkClusterName, DEFAULT_CLUSTER, profilePaths } from "./profile.ts";

/** Where and how to connect. Without anything: the cluster `default` of this machine. */
export interface ClientConnectOptions {
  /** The cluster; default `$TROUPE_CLUSTER`, else `default`. */
  readonly name?: string;
  /** A connection file; default: that of the cluster in the profile directory. */
  readonly connectionFile?: string;
  /** URLs of its NATS servers, in place of a connection file. */
  readonly servers?: string | readonly string[];
  /** For `servers`: user and password. */
  readonly user?: string;
  /** For `servers`: the password of `user`. */
  readonly password?: string;
  /** For `servers`: a token. */
  readonly token?: string;
  /** For `servers`: the contents of a NATS `.creds` file. */
  readonly creds?: string;
  /** How long to wait for the connection and the controller, ms; default 10,000. */
  readonly timeout?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

interface Target {
  readonly cluster: string;
  readonly servers: readonly string[];
  readonly credential: Credential | undefined;
  /** The file that named it, where it is one of a process on this machine. */
  readonly file: { readonly path: string; readonly info: ConnectionInfo } | null;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const RETRY_MS = 50;
const KNOWN = ["name", "connectionFile", "servers", "user", "password", "token", "creds", "timeout", "signal"];

function ownCredential({ user, password, token, creds }: ClientConnectOptions): Credential | undefined {
  if (user !== undefined && password !== undefined) return { user, password };
  if (token !== undefined) return { token };
  return creds === undefined ? undefined : { creds };
}

async function findTarget(options: ClientConnectOptions): Promise<Target> {
  const cluster = checkClusterName(options.name ?? (readEnvironment("TROUPE_CLUSTER") || DEFAULT_CLUSTER));
  if (options.servers !== undefined) {
    const servers = typeof options.servers === "string" ? [options.servers] : options.servers;
    const token = readEnvironment("TROUPE_TOKEN");
    return { cluster, servers, credential: ownCredential(options) ?? (token ? { token } : undefined), file: null };
  }
  const path = options.connectionFile ?? profilePaths(cluster).connection;
  const info = await readConnectionFile(path, cluster);
  return {
    cluster: info.cluster,
    servers: info.servers,
    credential: credentialFor(info, "client", path),
    file: info.owner === null ? null : { path, info },
  };
}

/** A variable of the environment, where reading it is granted. */
function readEnvironment(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function checkOptions(options: ClientConnectOptions): void {
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) {
      throw new TypeError(`Cannot connect with option "${key}": it is unknown; there are ${KNOWN.join(", ")}`);
    }
  }
  const { timeout } = options;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout > 0)) {
    throw new RangeError(`Cannot connect with timeout "${timeout}": it is a number of ms above 0`);
  }
}

/**
 * The connection. A cluster of this machine that runs and can't be reached has a controller that is being started again:
 * that is waited for.
 */
async function reach(
  target: Target,
  session: Session,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ConnectedNode> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const leftMs = until - performance.now();
    try {
      return await connectNode({ ...target, role: "client", node: session, timeoutMs: leftMs, log: silentLog });
    } catch (error) {
      if (target.file === null || !(error instanceof ConnectionError) || leftMs <= 2 * RETRY_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      signal?.throwIfAborted();
      // That it has ended meanwhile is the better news.
      await readConnectionFile(target.file.path, target.cluster);
    }
  }
}

/**
 * Connects to a running cluster.
 *
 * @throws `NotRunning` where there is none, `ConnectionError`, `AuthorizationError`, `VersionMismatch`, `TimeoutError`
 */
export async function connectClient(options: ClientConnectOptions = {}): Promise<Client> {
  checkOptions(options);
  const timeoutMs = options.timeout ?? DEFAULT_TIMEOUT_MS;
  const target = await findTarget(options);
  options.signal?.throwIfAborted();
  const session = newSession();
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await reach(target, session, timeoutMs, options.signal));
  const { file } = target;
  const watch = file === null ? null : stack.use(watchCluster(node.bus, file.path, file.info));
  const client = await Client.attach({
    system: node.system,
    session,
    timeoutMs,
    broadcast: { bus: node.bus, subject: broadcastSubject(target.cluster) },
    pure: { bus: node.bus, subject: pureSubject(target.cluster) },
    connectionClosed: watch === null ? node.bus.closed : Promise.race([node.bus.closed, watch.gone]),
    ...(options.signal && { signal: options.signal }),
  });
  const kept = stack.move();
  client.onClosed(() => kept.disposeAsync());
  return client;
}
