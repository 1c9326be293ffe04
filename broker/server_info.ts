/**
 * The INFO line: what the broker says of itself when a client connects.
 *
 * Pure. `version` is that of the `nats-server` whose protocol the broker speaks, since clients decide by it what they
 * may use; the name of the software is in `server_name` and `go`.
 * @module
 */

/** The version of `nats-server` that this broker answers like. */
const PROTOCOL_VERSION = "2.9.10";

/** What all clients of one broker are told. */
export interface ServerIdentity {
  /** See `drawServerId`. */
  readonly serverId: string;
  /** For people. */
  readonly serverName: string;
  /** The address it listens on. */
  readonly host: string;
  /** The port it listens on. */
  readonly port: number;
  /** In bytes. */
  readonly maxPayload: number;
  /** Whether CONNECT must say who it is. */
  readonly authRequired: boolean;
}

/** The line for one client, without its line end. */
export function infoLine(identity: ServerIdentity, clientId: number, clientIp: string): string {
  const info = {
    server_id: identity.serverId,
    server_name: identity.serverName,
    version: PROTOCOL_VERSION,
    proto: 1,
    go: "none, this is an embedded broker",
    host: identity.host,
    port: identity.port,
    headers: true,
    ...(identity.authRequired ? { auth_required: true } : {}),
    tls_required: false,
    max_payload: identity.maxPayload,
    client_id: clientId,
    client_ip: clientIp,
  };
  return `INFO ${JSON.stringify(info)} `;
}

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_LENGTH = 55;

/** A new id in the form that servers have: `N` and 55 characters. */
export function drawServerId(): string {
  const drawn = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
  return `N${Array.from(drawn, (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join("")}`;
}
