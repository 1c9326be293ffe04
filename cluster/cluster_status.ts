/**
 * Asks the hub of a running cluster what is going on. Used by the command line.
 * @module
 */
import { ACTOR_NAMES, type HubApi } from "../protocol/roles.ts";
import type { ClusterStatus } from "../protocol/status.ts";
import { silentLog } from "../wire/log.ts";
import { newSession } from "../wire/task_ids.ts";
import { connectNode } from "./connect_node.ts";
import { credentialFor, readConnectionFile } from "./connection_file.ts";
import { profilePaths } from "./profile.ts";

const TIMEOUT_MS = 5_000;

/** The status of a cluster of this machine. Throws `NotRunning`, `ConnectionError`, `TimeoutError`. */
export async function clusterStatus(name: string): Promise<ClusterStatus> {
  const path = profilePaths(name).connection;
  const info = await readConnectionFile(path, name);
  await using node = await connectNode({
    cluster: info.cluster,
    role: "client",
    node: newSession(),
    servers: info.servers,
    credential: credentialFor(info, "client", path),
    timeoutMs: TIMEOUT_MS,
    log: silentLog,
  });
  return await node.system.ref<HubApi>(ACTOR_NAMES.hub).call.status({ timeout: TIMEOUT_MS });
}
