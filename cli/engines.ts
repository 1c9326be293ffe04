/**
 * `engines`: a host without a controller; its engines join a cluster that runs here or elsewhere.
 * @module
 */
import { type ConnectionInfo, credentialFor, readConnectionFile } from "../cluster/connection_file.ts";
import type { HostConfig } from "../cluster/control_line.ts";
import { profilePaths } from "../cluster/profile.ts";
import { runInForeground } from "./foreground.ts";
import { UsageError } from "./exit_code.ts";
import type { Said } from "./grammar.ts";
import { givenCredentials, hostOf } from "./host_flags.ts";

type Joining = Pick<HostConfig, "cluster" | "servers" | "credential">;

async function whereTo(said: Said<"engines">): Promise<Joining> {
  if (said.nats !== undefined) {
    if (said.connection !== undefined) {
      throw new UsageError("Cannot use both --nats and --connection: give one of them.");
    }
    const { host = null } = await givenCredentials(said.credentials);
    return { cluster: said.name, servers: said.nats, credential: host };
  }
  const path = said.connection ?? profilePaths(said.name).connection;
  const info: ConnectionInfo = await readConnectionFile(path, said.name);
  return { cluster: info.cluster, servers: info.servers, credential: credentialFor(info, "host", path) ?? null };
}

export async function engines(said: Said<"engines">): Promise<number> {
  const host = hostOf(said);
  const joining = await whereTo(said);
  const config: HostConfig = { ...host, ...joining, controller: null, credentials: {}, joinLimitMs: said.wait };
  return await runInForeground(
    config,
    ({ servers }) =>
      `${said.n} ${said.n === 1 ? "engine" : "engines"} joined the cluster "${config.cluster}" on ${
        servers.join(", ")
      }. End them with Ctrl-C.`,
    said.logFormat,
  );
}
