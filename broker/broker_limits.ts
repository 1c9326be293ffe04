/**
 * What one client may ask of the broker, and for how long: the bounds that keep it up whatever is sent to it.
 *
 * Options are resolved here once; everything behind works with the complete form. Names as in `nats-server`.
 * @module
 */

/** Bounds of an embedded broker; every one has a default. */
export interface BrokerLimits {
  /** Longest arguments of a protocol line in bytes; default 4,096. */
  readonly maxControlLine?: number;
  /** Default 1,000,000. */
  readonly maxSubscriptionsPerConnection?: number;
  /** TCP connections at a time; default 65,536. */
  readonly maxConnections?: number;
  /** A client for which more bytes wait is cut off as a slow consumer; default 64 MiB. */
  readonly maxPendingBytes?: number;
  /** ms between pings of a client that says nothing; default 2 minutes. */
  readonly pingIntervalMs?: number;
  /** Pings without an answer after which a client is stale; default 2. */
  readonly maxPingsOut?: number;
  /** ms in which a client must have said who it is; default 2,000. */
  readonly authTimeoutMs?: number;
}

/** All of them, and the largest message. */
export type ResolvedLimits = Required<BrokerLimits> & { readonly maxPayload: number };

const DEFAULT_MAX_PAYLOAD = 1_048_576;
/** The protocol's numbers have nine digits at most. */
const LARGEST_MAX_PAYLOAD = 999_999_999;

/** Fills in defaults. `RangeError` for what is no whole number above 0. */
export function resolveLimits(limits: BrokerLimits = {}, maxPayload: number = DEFAULT_MAX_PAYLOAD): ResolvedLimits {
  const resolved: ResolvedLimits = {
    maxControlLine: limits.maxControlLine ?? 4_096,
    maxSubscriptionsPerConnection: limits.maxSubscriptionsPerConnection ?? 1_000_000,
    maxConnections: limits.maxConnections ?? 65_536,
    maxPendingBytes: limits.maxPendingBytes ?? 64 * 1_024 * 1_024,
    pingIntervalMs: limits.pingIntervalMs ?? 120_000,
    maxPingsOut: limits.maxPingsOut ?? 2,
    authTimeoutMs: limits.authTimeoutMs ?? 2_000,
    maxPayload,
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot start a broker with ${name} ${value}: it must be a whole number, 1 or more.`);
    }
  }
  if (maxPayload > LARGEST_MAX_PAYLOAD) {
    throw new RangeError(
      `Cannot start a broker with maxPayload ${maxPayload}: the protocol takes ${LARGEST_MAX_PAYLOAD} at most.`,
    );
  }
  return resolved;
}
