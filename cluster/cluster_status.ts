/**
 * Asks a running cluster what is going on: the hub, and the scheduler for what waits. Used by the command line.
 * @module
 */
import type { SchedulerQueues } from "../protocol/queue_status.ts";
import { ACTOR_NAMES, type HubApi, type SchedulerApi } from "../protocol/roles.ts";
import type { ClusterStatus } from "../protocol/status.ts";
import type { SupervisionNode } from "../protocol/supervision.ts";
import { silentLog } from "../wire/log.ts";
import { newSession } from "../wire/task_ids.ts";
import { connectNode } from "./connect_node.ts";
import { credentialFor, readConnectionFile } from "./connection_file.ts";
import { profilePaths } from "./profile.ts";

const TIMEOUT_MS = 5_000;

/** The status of a cluster, and what waits in it for what. */
export interface ClusterReport extends ClusterStatus, Omit<SchedulerQueues, "engines"> {
  /** Who runs under whom. */
  readonly tree: SupervisionNode;
}

/** The status of a cluster of this machine. Throws `NotRunning`, `ConnectionError`, `TimeoutError`. */
export async function clusterStatus(name: string): Promise<ClusterReport> {
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
  const hub = node.system.ref<HubApi>(ACTOR_NAMES.hub);
  const scheduler = node.system.ref<SchedulerApi>(ACTOR_NAMES.scheduler);
  const [status, tree, { unassigned, waiting, others }] = await Promise.all([
    hub.call.status({ timeout: TIMEOUT_MS }),
    hub.call.tree({ timeout: TIMEOUT_MS }),
    scheduler.call.queueStatus(null, false, { timeout: TIMEOUT_MS }),
  ]);
  return { ...status, unassigned, waiting, others, tree };
}
