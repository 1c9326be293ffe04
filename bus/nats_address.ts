/**
 * Where a NATS server is and how to prove who one is, resolved at the border of the adapter.
 *
 * Passwords never appear in what is printed: `names` is for messages.
 * @module
 */

/** How to log in: a user, a token (or both, for a server that takes either), or the contents of a `.creds` file. */
export type NatsCredentials =
  | { readonly user: string; readonly pass: string }
  | { readonly token: string }
  | { readonly token: string; readonly user: string; readonly pass: string }
  | { readonly creds: string };

/** Servers as `host:port`, the credentials found in their URLs, and their names for people. */
export interface NatsAddress {
  /** With scheme and port. */
  readonly servers: readonly string[];
  /** From the first URL that has some. */
  readonly credentials: NatsCredentials | undefined;
  /** One of them is a `tls://`: then none may be talked to in the clear. */
  readonly secure: boolean;
  /** `"nats://host:port", "nats://other:port"` */
  readonly names: string;
}

const DEFAULT_PORT = "4222";

/** Takes `nats://[user:pass@|token@]host[:port]`, `tls://…` or `host:port`. `TypeError` for anything else. */
export function resolveNatsAddress(servers: string | readonly string[]): NatsAddress {
  const list = typeof servers === "string" ? servers.split(",") : servers;
  if (list.length === 0) {
    throw new TypeError('Cannot connect to NATS: "servers" is empty; name one as nats://host:port.');
  }
  const urls = list.map((server) => parse(server.trim()));
  const withUser = urls.find((url) => url.username !== "");
  return {
    servers: urls.map((url) => `${url.protocol}//${hostAndPort(url)}`),
    credentials: withUser && credentialsOf(withUser),
    secure: urls.some(({ protocol }) => protocol === "tls:"),
    names: urls.map((url) => `"${url.protocol}//${hostAndPort(url)}"`).join(", "),
  };
}

function parse(server: string): URL {
  const url = URL.parse(server.includes("://") ? server : `nats://${server}`);
  if (url === null || url.hostname === "" || !["nats:", "tls:"].includes(url.protocol)) {
    // Not quoted in full: it may hold a password.
    const shown = server.replace(/\/\/[^@/]*@/, "//…@");
    throw new TypeError(`Cannot connect to "${shown}": it is no NATS address; write it as nats://host:port.`);
  }
  return url;
}

function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port || DEFAULT_PORT}`;
}

function credentialsOf(url: URL): NatsCredentials {
  const user = decodeURIComponent(url.username);
  return url.password === "" ? { token: user } : { user, pass: decodeURIComponent(url.password) };
}
