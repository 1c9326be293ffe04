/** The supervision tree, put together from what hosts say and what the facts told. @module */
import assert from "node:assert/strict";
import { treeLines } from "../../../cli/tree_lines.ts";
import { type ControllerSupervision, supervisionTree, type TreeSources } from "../../../hub/supervision_tree.ts";
import type { KnownHost } from "../../../hub/engine_registry.ts";
import type { EngineId, HostId } from "../../../protocol/ids.ts";
import type { EngineStatus } from "../../../protocol/status.ts";
import type { EngineSupervision } from "../../../protocol/supervision.ts";

function host(id: string, pid: number, lost: KnownHost["lost"] = null): KnownHost {
  return { id: id as HostId, hostname: `box-${id}`, pid, packageVersion: "1", alive: lost === null, lost };
}

function status(id: number, on: string, state: EngineStatus["state"]): EngineStatus {
  const counts = { slots: 1, load: 0, completed: 0, failed: 0, restarts: 2 };
  return { id: id as EngineId, uuid: null, host: on as HostId, pid: 1, state, reason: null, ...counts };
}

const CONTROLLER: ControllerSupervision = {
  parentPid: 10,
  hostname: "box-a",
  hasBroker: true,
  uptimeMs: () => 5_000,
  restarts: 1,
  lastEnd: { reason: "its process ended with SIGKILL", atEpochMs: 94_000 },
};

const UP: EngineSupervision = {
  id: 0 as EngineId,
  state: "up",
  pid: 11,
  uptimeMs: 65_000,
  restarts: 3,
  lastEnd: { reason: "its process was killed by SIGKILL", agoMs: 66_000 },
};

function sources(given: Partial<TreeSources>): TreeSources {
  return {
    cluster: "c",
    pid: 20,
    hubAgeMs: 4_000,
    wallTime: 100_000,
    controller: CONTROLLER,
    hosts: [host("a", 10)],
    engines: [],
    actors: () => Promise.resolve([{ id: "hub", status: "running" as never, restarts: 1, lastReason: "failed: x" }]),
    ask: () => Promise.resolve({ uptimeMs: 70_000, engines: [UP] }),
    ...given,
  };
}

Deno.test("the controller stands under the host that started it, with its parts, before the engines", async () => {
  const tree = await supervisionTree(sources({}));
  assert.deepEqual(treeLines(tree), [
    "cluster c · up 5 s",
    "└─ host box-a · pid 10 · up 1 min 10 s",
    "   ├─ controller · pid 20 · up 5 s · 1 restart · ended 6 s ago: its process ended with SIGKILL",
    "   │  ├─ broker · up 5 s",
    "   │  ├─ hub · up 4 s · 1 restart · ended 4 s ago: failed: x",
    "   │  └─ scheduler · up 5 s",
    "   └─ engine 0 · pid 11 · up 1 min 5 s · 3 restarts · ended 1 min 6 s ago: its process was killed by SIGKILL",
  ]);
});

Deno.test("hosts that do not answer and hosts that are gone are shown with what the facts told of them", async () => {
  const tree = await supervisionTree(sources({
    controller: { ...CONTROLLER, parentPid: 99, hasBroker: false, restarts: 0, lastEnd: null },
    hosts: [host("a", 10), host("b", 10, { reason: "node-down", at: 90_000 })],
    engines: [status(0, "a", "busy"), status(1, "a", "failed"), status(2, "b", "down")],
    actors: () => Promise.reject(new Error("no supervisor")),
    ask: () => Promise.reject(new Error("no answer")),
  }));
  assert.deepEqual(treeLines(tree), [
    "cluster c · up 5 s",
    "├─ controller · pid 20 · up 5 s",
    "│  ├─ hub · up 4 s",
    "│  └─ scheduler · up 5 s",
    "├─ host box-a · pid 10 · unreachable",
    "│  ├─ engine 0 · unreachable · 2 restarts",
    "│  └─ engine 1 · failed · 2 restarts",
    "└─ host box-b · down · ended 10 s ago: node-down",
    "   └─ engine 2 · down · 2 restarts",
  ]);
});
