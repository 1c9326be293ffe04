/**
 * The connection file: how to reach a running cluster, and as whom. Written by `start`, read by clients and hosts.
 *
 * Mode 0600, since it holds credentials. A clean end removes it; one whose process is gone is stale, and said to be.
 * @module
 */
import { NotRunning } from "../wire/errors.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import type { CredentialRole } from "../protocol/subjects.ts";
import type { Credentials } from "./credentials.ts";
import { parseCredentials } from "./credentials.ts";
import { readFileIfThere, removeFile, writePrivateFile } from "./private_file.ts";
import { isAlive, isProcessIdentity, ownIdentity, type ProcessIdentity } from "./process_identity.ts";
import { type ProfilePaths, verbFor } from "./profile.ts";
import { localServers, outsideServers } from "./server_addresses.ts";

const FORMAT = 1;

/** What a connection file says. */
export interface ConnectionInfo {
  readonly cluster: string;
  /** URLs of the NATS servers, or of the embedded broker. */
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  readonly packageVersion: string;
  /** The process that runs the cluster, on the machine where the file was written; `null` in a file for other hosts. */
  readonly owner: ProcessIdentity | null;
}

/**
 * Writes both files of a cluster: the whole one for this machine, and the one for hosts elsewhere. `servers` as they
 * listen.
 */
export async function writeConnectionFiles(
  paths: ProfilePaths,
  info: Pick<ConnectionInfo, "cluster" | "servers" | "credentials">,
): Promise<void> {
  const { cluster, servers, credentials } = info;
  const common = { format: FORMAT, cluster, packageVersion: PACKAGE_VERSION };
  const whole = { ...common, servers: localServers(servers), owner: ownIdentity(), credentials };
  const outside = outsideServers(servers, Deno.networkInterfaces());
  const hostOnly = { ...common, servers: outside, owner: null, credentials: { host: credentials.host } };
  await writePrivateFile(paths.hostConnection, JSON.stringify(hostOnly, null, 2) + "\n");
  await writePrivateFile(paths.connection, JSON.stringify(whole, null, 2) + "\n");
}

/** Removes both. */
export async function removeConnectionFiles(paths: ProfilePaths): Promise<void> {
  await removeFile(paths.connection);
  await removeFile(paths.hostConnection);
}

function parse(text: string, path: string): ConnectionInfo {
  const wrong = (what: string) =>
    new TypeError(`Cannot use the connection file "${path}": ${what}; remove it, or write it anew with "start".`);
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("it is not JSON");
  }
  if (value === null || typeof value !== "object") throw wrong("it does not hold an object");
  if (value.format !== FORMAT) throw wrong(`its format is ${JSON.stringify(value.format)}, and ${FORMAT} was wanted`);
  const { cluster, servers, packageVersion, owner } = value;
  if (typeof cluster !== "string" || !Array.isArray(servers) || servers.some((url) => typeof url !== "string")) {
    throw wrong('"cluster" or "servers" is missing');
  }
  if (!isOwner(owner)) throw wrong('its "owner" is no process');
  const credentials = isEmpty(value.credentials) ? {} : parseCredentials(text, path);
  return {
    cluster,
    servers,
    credentials,
    packageVersion: String(packageVersion),
    owner: owner ?? null,
  };
}

function isOwner(value: unknown): value is ProcessIdentity | null | undefined {
  return value === undefined || value === null || isProcessIdentity(value);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || Object.keys(value).length === 0;
}

/**
 * Reads a connection file. Throws `NotRunning` where there is none or its process is gone (`stale` says which),
 * `TypeError` where it is damaged.
 */
export async function readConnectionFile(path: string, cluster: string): Promise<ConnectionInfo> {
  const text = await readFileIfThere(path);
  if (text === null) {
    throw new NotRunning(
      `Cannot find the cluster "${cluster}": there is no connection file "${path}"; ` +
        `start it with "deno run -A cli.ts ${verbFor("start", cluster)}".`,
    );
  }
  const info = parse(text, path);
  if (info.owner !== null && !isAlive(info.owner)) {
    throw new NotRunning(
      `Cannot reach the cluster "${info.cluster}": its process ${info.owner.pid} is gone, and the connection file ` +
        `"${path}" is stale; "clean" removes it, and so does the next "${verbFor("start", info.cluster)}".`,
    );
  }
  return info;
}

/** The credential for a role in a connection file, where the servers want one. Throws where it has others only. */
export function credentialFor(info: ConnectionInfo, role: CredentialRole, path: string): Credentials[CredentialRole] {
  const credential = info.credentials[role];
  if (credential !== undefined || Object.keys(info.credentials).length === 0) return credential;
  throw new TypeError(
    `Cannot join "${info.cluster}" as ${role}: "${path}" holds credentials for ${
      Object.keys(info.credentials).join(", ")
    } only; use the connection file of the machine where the cluster was started.`,
  );
}
