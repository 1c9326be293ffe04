/** Messages that are not ours, and messages of other versions, on the subjects of a running cluster. @module */
import assert from "node:assert/strict";
import { type ConnectedNode, connectNode } from "../../cluster/connect_node.ts";
import { readConnectionFile } from "../../cluster/connection_file.ts";
import { Cluster } from "../../mod.ts";
import { ACTOR_NAMES, type HostApi, type HubApi, type SchedulerApi } from "../../protocol/roles.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { within } from "../../testing/within.ts";
import { silentLog } from "../../wire/log.ts";

/** Somebody with the client's credential who is no client. */
async function intruder(cluster: Cluster): Promise<ConnectedNode> {
  const info = await readConnectionFile(cluster.connection.file, cluster.name);
  return await connectNode({
    cluster: info.cluster,
    role: "client",
    node: "intruder",
    servers: info.servers,
    credential: info.credentials.client,
    log: silentLog,
  });
}

/** Casts anything to any method. */
type AnyCast = Record<string, (...args: unknown[]) => void>;

const GARBAGE: readonly (readonly unknown[])[] = [
  [],
  [null],
  [1, 2, 3],
  ["x", [null]],
  [[], [], [], []],
  [[1, [["x", "y"]], [[1, 2]], [[1, 2, 3, 4, 5, 6]]]],
  [{ __proto__: null, length: 3 }],
  [Number.NaN, [-1, 1.5, "a"]],
];

Deno.test("what is not ours does no harm, and another version is refused with a reason", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  await using node = await intruder(cluster);
  const hub = node.system.ref<HubApi>(ACTOR_NAMES.hub);
  const scheduler = node.system.ref<SchedulerApi>(ACTOR_NAMES.scheduler);
  const before = await within(hub.call.status(), "the status");
  const host = before.hosts[0]?.id ?? "";

  const bytes = [
    new Uint8Array(),
    new Uint8Array([0xc1]),
    new TextEncoder().encode("{}"),
    new Uint8Array(1_000).fill(255),
  ];
  const subjects = ["controller.main", `host.${host}`, `client.none`, "name.scheduler", "name.none"];
  for (const subject of subjects) {
    for (const data of bytes) node.bus.publish(`troupe.${cluster.name}.${subject}`, data);
  }
  const hostActor = node.system.refAt<HostApi>(`host.${host}`, ACTOR_NAMES.host);
  const casts: [AnyCast, readonly string[]][] = [
    [
      scheduler.cast as unknown as AnyCast,
      [
        "submit",
        "abort",
        "ended",
        "engineReady",
        "engineEnded",
        "engineFailed",
        "engineDraining",
        "detachClient",
        "joinHost",
        "addEngines",
        "attachClient",
        "noSuch",
      ],
    ],
    [hostActor.cast as unknown as AnyCast, [
      "dispatch",
      "direct",
      "abort",
      "abortDirect",
      "release",
      "startEngines",
      "stopEngines",
      "restartEngines",
      "signalEngines",
      "putBlob",
      "getBlob",
      "noSuch",
    ]],
    [hub.cast as unknown as AnyCast, ["facts", "noSuch"]],
  ];
  for (const [cast, methods] of casts) {
    for (const method of methods) for (const args of GARBAGE) cast[method]?.(...args);
  }
  const hello = [PROTOCOL_VERSION + 1, "9.9.9", "intruder", "client.intruder", 0] as never;
  await assert.rejects(within(scheduler.call.attachClient(hello), "a refusal"), {
    remoteName: "VersionMismatch",
    message: /9\.9\.9 \(protocol \d+\).*run the same version everywhere/,
  });

  assert.equal(await within(client.loadBalancedView().apply((x: number) => x + 1, 1), "a task"), 2);
  assert.deepEqual(await within(client.directView().apply((x: number) => x + 1, 1), "a direct task"), [2]);
  const after = await within(hub.call.status(), "the status");
  assert.deepEqual([after.epoch, after.pid, after.engines[0]?.uuid], [
    before.epoch,
    before.pid,
    before.engines[0]?.uuid,
  ]);
  assert.ok(after.uptimeMs >= before.uptimeMs, "the hub has not been started anew");
});
