/**
 * `status`: what a cluster is doing, engine by engine; with `--tree` who runs under whom, since when.
 * @module
 */
import { type ClusterReport, clusterStatus } from "../cluster/cluster_status.ts";
import { EXIT } from "./exit_code.ts";
import type { Said } from "./grammar.ts";
import { spelledDuration } from "./spelled_duration.ts";
import { table } from "./table.ts";
import { treeLines } from "./tree_lines.ts";

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** So many reasons for waiting are shown. */
const SHOWN_CAUSES = 5;

function waitingLines({ waiting, others }: ClusterReport): string[] {
  const shown = waiting.slice(0, SHOWN_CAUSES);
  const rest = waiting.slice(SHOWN_CAUSES).reduce((sum, { count }) => sum + count, others);
  const lines = shown.map(({ count, text }) => `  ${count} × ${text}`);
  return rest > 0 ? [...lines, `  ${rest} × for other reasons`] : lines;
}

function summary(status: ClusterReport): string {
  const { tasks, engines } = status;
  const live = engines.filter(({ state }) => state === "idle" || state === "busy" || state === "draining").length;
  const lines = [
    `Cluster "${status.cluster}" · version ${status.packageVersion} · up ${spelledDuration(status.uptimeMs)} · ` +
    `controller ${status.pid}, epoch ${status.epoch}, scheme ${status.scheme}, hwm ${status.hwm}`,
    `${live} of ${counted(engines.length, "engine")} on ` +
    `${counted(status.hosts.filter(({ alive }) => alive).length, "host")}, ${counted(status.clients, "client")}`,
    `tasks: ${tasks.waiting + tasks.ready} waiting, ${tasks.running} running, ${tasks.done} done, ` +
    `${tasks.failed} failed, ${tasks.aborted} aborted`,
    ...waitingLines(status),
  ];
  if (status.schemeProblem !== null) lines.push(`scheme: ${status.schemeProblem}`);
  if (live === 0) lines.push('No engines: submissions wait. Bring some with "engines -n 4".');
  return lines.join("\n");
}

function engineTable(status: ClusterReport): string {
  const hostnames = new Map(status.hosts.map(({ id, hostname }) => [id, hostname]));
  const rows = status.engines.map((engine) => [
    engine.id,
    engine.state,
    hostnames.get(engine.host) ?? engine.host,
    engine.pid ?? "-",
    engine.slots,
    engine.load,
    engine.completed,
    engine.failed,
    engine.restarts,
    engine.reason ?? "",
  ]);
  return table(["ENGINE", "STATE", "HOST", "PID", "SLOTS", "LOAD", "DONE", "FAILED", "RESTARTS", "REASON"], rows);
}

export async function status(said: Said<"status">): Promise<number> {
  const found = await clusterStatus(said.name);
  if (said.json) console.log(JSON.stringify(found, null, 2));
  else if (said.tree) console.log(treeLines(found.tree).join("\n"));
  else console.log(`${summary(found)}\n\n${engineTable(found)}`);
  return EXIT.done;
}
