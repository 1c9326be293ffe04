/**
 * The supervision tree as lines of text, each part below the one that keeps it alive.
 *
 * Pure. Used by `status --tree`.
 * @module
 */
import type { SupervisionNode } from "../protocol/supervision.ts";
import { spelledDuration } from "./spelled_duration.ts";

/** One line for each part. */
export function treeLines(root: SupervisionNode): string[] {
  return [lineOf(root), ...branches(root.children, "")];
}

function branches(nodes: readonly SupervisionNode[], indent: string): string[] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1;
    return [
      `${indent}${isLast ? "└─" : "├─"} ${lineOf(node)}`,
      ...branches(node.children, `${indent}${isLast ? "   " : "│  "}`),
    ];
  });
}

function lineOf({ kind, name, state, pid, uptimeMs, restarts, lastEnd }: SupervisionNode): string {
  const isProcess = kind === "host" || kind === "controller" || kind === "engine";
  const parts = [
    name === kind ? kind : `${kind} ${name}`,
    isProcess && pid !== null ? `pid ${pid}` : "",
    state === "up" ? "" : state,
    uptimeMs === null ? "" : `up ${spelledDuration(uptimeMs)}`,
    restarts === 0 ? "" : `${restarts} ${restarts === 1 ? "restart" : "restarts"}`,
    lastEnd === null ? "" : `ended ${spelledDuration(lastEnd.agoMs)} ago: ${lastEnd.reason}`,
  ];
  return parts.filter((part) => part !== "").join(" · ");
}
