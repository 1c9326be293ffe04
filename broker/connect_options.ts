/**
 * What a client says in CONNECT: reads its JSON, with the defaults and the strictness of `nats-server`.
 *
 * Pure. A later CONNECT on the same connection changes only what it names. Used by client connections.
 * @module
 */
import type { Credentials } from "./authenticator.ts";

/** How a client wants to be talked to. */
export interface ConnectOptions extends Credentials {
  /** Answer `+OK` to each operation. */
  readonly verbose: boolean;
  /** Check subjects that are published to. */
  readonly pedantic: boolean;
  /** Send the client what it published itself. */
  readonly echo: boolean;
  /** It sends and takes headers. */
  readonly headers: boolean;
  /** Answer requests to which nobody listens. Needs `headers`. */
  readonly noResponders: boolean;
  /** 0 or 1. */
  readonly protocol: number;
  /** What the client calls itself; for the log. */
  readonly name: string;
}

/** What holds before CONNECT, and for what it does not name. */
export const defaultConnectOptions: ConnectOptions = {
  verbose: true,
  pedantic: true,
  echo: true,
  headers: false,
  noResponders: false,
  protocol: 0,
  name: "",
  user: "",
  password: "",
  token: "",
};

type FieldKind = "boolean" | "string" | "integer";

/** Names in the JSON, in lower case: its keys are compared without case. */
const FIELDS: ReadonlyMap<string, readonly [kind: FieldKind, option: keyof ConnectOptions | undefined]> = new Map([
  ["verbose", ["boolean", "verbose"]],
  ["pedantic", ["boolean", "pedantic"]],
  ["echo", ["boolean", "echo"]],
  ["headers", ["boolean", "headers"]],
  ["no_responders", ["boolean", "noResponders"]],
  ["tls_required", ["boolean", undefined]],
  ["protocol", ["integer", "protocol"]],
  ["name", ["string", "name"]],
  ["lang", ["string", undefined]],
  ["version", ["string", undefined]],
  ["user", ["string", "user"]],
  ["pass", ["string", "password"]],
  ["auth_token", ["string", "token"]],
]);

const decoder = new TextDecoder();

/** The options after this CONNECT; `undefined` where it is not JSON, no object, or a field is of a wrong type. */
export function readConnect(json: Uint8Array, before: ConnectOptions): ConnectOptions | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(json));
  } catch {
    return undefined;
  }
  if (value === null) return before;
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  const changes: Partial<Record<keyof ConnectOptions, unknown>> = {};
  for (const [key, field] of Object.entries(value)) {
    const [kind, option] = FIELDS.get(key.toLowerCase()) ?? [];
    if (kind === undefined || field === null) continue;
    if (!isOfKind(field, kind)) return undefined;
    if (option !== undefined) changes[option] = field;
  }
  return { ...before, ...changes } as ConnectOptions;
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind) {
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "integer":
      return Number.isSafeInteger(value);
  }
}
