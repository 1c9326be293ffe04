/**
 * Who may join a cluster as what: made for the embedded broker, or read for a `nats-server`.
 *
 * Secrets come from files and the environment, never from arguments. Used by compositions; never logged.
 * @module
 */
import type { CredentialRole } from "../protocol/subjects.ts";

/** How to log in to a server: user and password, a token, or the contents of a NATS `.creds` file. */
export interface Credential {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly creds?: string;
}

/** One credential a role; a role that is missing can't be played with these. */
export type Credentials = { readonly [Role in CredentialRole]?: Credential };

const ROLES: readonly CredentialRole[] = ["client", "host", "controller"];
const PASSWORD_BYTES = 24;

function randomPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Fresh credentials for the three roles. A `token` serves hosts and clients in place of a random password. */
export function makeCredentials(token?: string): Credentials {
  return {
    client: { user: "client", password: token ?? randomPassword() },
    host: { user: "host", password: token ?? randomPassword() },
    controller: { user: "controller", password: randomPassword() },
  };
}

/** The same credential for all roles, as a `nats-server` without accounts for each has it. */
export function oneForAll(credential: Credential): Credentials {
  return { client: credential, host: credential, controller: credential };
}

function readCredential(value: unknown, where: string): Credential {
  const found = value as Record<string, unknown>;
  const { user, password, token, creds } = found ?? {};
  const text = (part: unknown) => part === undefined || typeof part === "string";
  const usable = typeof token === "string" || typeof creds === "string" ||
    (typeof user === "string" && typeof password === "string");
  if (typeof value !== "object" || value === null || !usable || ![user, password, token, creds].every(text)) {
    throw new TypeError(
      `Cannot use the credentials ${where}: wanted {"user", "password"}, {"token"} or {"creds"}, each a string.`,
    );
  }
  return found as Credential;
}

/**
 * Reads what a credentials file holds: a NATS `.creds` file, one credential as JSON, one for each role as JSON, or a
 * connection file. Throws a `TypeError` that says what was wanted.
 */
export function parseCredentials(text: string, path: string): Credentials {
  if (text.includes("-----BEGIN NATS USER JWT-----")) return oneForAll({ creds: text });
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError(`Cannot use the credentials in "${path}": it is neither JSON nor a NATS .creds file.`);
  }
  const byRole = (value?.credentials ?? value) as Record<string, unknown>;
  const roles = ROLES.filter((role) => byRole !== null && typeof byRole === "object" && role in byRole);
  if (roles.length === 0) return oneForAll(readCredential(byRole, `in "${path}"`));
  return Object.fromEntries(roles.map((role) => [role, readCredential(byRole[role], `of "${role}" in "${path}"`)]));
}
