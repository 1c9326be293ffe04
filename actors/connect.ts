/**
 * From what a program says to a transport that is up: the bus, then this process as a node on it.
 *
 * The only module here that names a bus adapter, and it loads it lazily. Used by `ActorSystem.connect` alone.
 * @module
 */
import type { Bus } from "../bus/bus.ts";
import type { NatsCredentials } from "../bus/nats_address.ts";
import { inboxPrefix, type NodeRole } from "../protocol/subjects.ts";
import { type Clock, systemClock } from "../wire/clock.ts";
import { type Log, silentLog } from "../wire/log.ts";
import type { CodecName } from "./argument_codec.ts";
import type { LinkBounds } from "./link_bounds.ts";
import { Node } from "./node.ts";
import { CREDIT_STEP } from "./peer.ts";
import type { RemoteOptions } from "./remote.ts";
import { newIncarnation } from "./incarnation.ts";
import { checkActorName } from "./spawn_options.ts";

/** What `ActorSystem.connect` takes. Give `nats` or `bus`. */
export interface ConnectOptions {
  /** The system: nodes of one name on one NATS see each other. Letters, digits, `_` and `-`. */
  readonly name: string;
  /** URLs of NATS servers of one cluster. */
  readonly nats?: string | readonly string[];
  /** A connection that is there already, instead. It stays open in the end. Its inboxes lie where it says. */
  readonly bus?: Bus;
  /** User and password, or a token, for `nats`. */
  readonly credentials?: NatsCredentials;
  /** What this process is; default `node`. */
  readonly role?: NodeRole;
  /** Its name among those of its role; default: a random one. */
  readonly node?: string;
  /** How arguments travel; default `value`, anything that can be copied. `plain` is faster, and takes only what MessagePack does. */
  readonly codec?: CodecName;
  /** Casts and calls that may wait in the mailboxes of one other node; default 100,000, at least 1,024. */
  readonly window?: number;
  /**
   * The right of this node to unique names, above 0: it takes them from a node with a lower one, which holds them still,
   * and from one that does not answer. For those who agree elsewhere on who comes after whom. Default: none.
   */
  readonly rank?: number;
  /** A peer silent for 3 of these is down; default 1,000 ms. */
  readonly heartbeatMs?: number;
  /** Bytes and messages under way to a peer, past which casts throw `MailboxFull`. */
  readonly bounds?: LinkBounds;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: silent. */
  readonly log?: Log;
}

/** The window unless said otherwise. */
const DEFAULT_WINDOW = 100_000;
const MIN_WINDOW = 4 * CREDIT_STEP;

/** The transport and what goes with it. Throws `ConnectionError`, `AuthorizationError`, and for options that can't be meant. */
export async function connectTransport(options: ConnectOptions): Promise<RemoteOptions> {
  const { name, role = "node", clock = systemClock, log = silentLog, codec = "value", rank = 0 } = options;
  checkActorName(name, "the name of a system");
  const node = options.node ?? crypto.randomUUID().slice(0, 8);
  checkActorName(node, "the name of a node");
  const window = options.window ?? DEFAULT_WINDOW;
  if (!(Number.isSafeInteger(window) && window >= MIN_WINDOW)) {
    throw new RangeError(`Cannot connect with window "${window}": it is a number of messages from ${MIN_WINDOW} up`);
  }
  const bus = options.bus ?? await connectBus(options, inboxPrefix(name, role, node));
  const closesBus = options.bus === undefined;
  try {
    const transport = new Node({
      bus,
      cluster: name,
      role,
      node,
      incarnation: newIncarnation(rank),
      clock,
      log,
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
      ...(options.bounds === undefined ? {} : { bounds: options.bounds }),
    });
    return { transport, bus, cluster: name, clock, log, codec, window, rank, closesBus };
  } catch (error) {
    if (closesBus) await bus.close();
    throw error;
  }
}

async function connectBus(options: ConnectOptions, inboxPrefix: string): Promise<Bus> {
  if (options.nats === undefined) {
    throw new TypeError("Cannot connect: neither a NATS server nor a bus is given; pass { nats: url } or { bus }");
  }
  const { connectNats } = await import("../bus/nats_bus.ts");
  const log = options.log ?? silentLog;
  return await connectNats({
    servers: options.nats,
    inboxPrefix,
    name: `troupe ${options.name}`,
    clock: options.clock ?? systemClock,
    onError: (error) => log("warn", `NATS: ${error.message}`, { error }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
}
