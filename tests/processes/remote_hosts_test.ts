/** Engines of other machines on the embedded broker, and a machine whose link is cut. @module */
import assert from "node:assert/strict";
import { EngineError } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import type { CliProcess } from "./cli_process.ts";
import { fileAppears } from "./file_appears.ts";
import { type RemoteHost, RemoteLab } from "./remote_lab.ts";

/** What engines define for tasks. */
declare const currentTask: () => { readonly attempt: number; readonly engineId: number };

/** Three heartbeats of a second each, and what a busy machine adds. */
const LOST_LIMIT_MS = 6_000;

/** How long a link is away that comes back in time. */
const FLAP_MS = 1_200;

/** Brings the connection file for hosts to a machine, and engines from there. */
async function join(lab: RemoteLab, host: RemoteHost, engines: number, flags: readonly string[] = []) {
  const file = `${host.home}/host.json`;
  await Deno.copyFile(`${lab.home}/${lab.cluster}/host.json`, file);
  const joining = host.run(["engines", "-n", `${engines}`, "--connection", file, "--drain", "0", ...flags]);
  await joining.says(/engines? joined/);
  return joining;
}

async function startController(lab: RemoteLab, ...flags: string[]): Promise<CliProcess> {
  const controller = lab.run(["controller", "--listen", lab.address, "--name", lab.cluster, ...flags]);
  await controller.says(/is running/);
  return controller;
}

Deno.test("engines of two other machines join a cluster on the embedded broker and run its tasks", async () => {
  await using lab = await RemoteLab.open(2);
  const start = lab.run(["start", "-n", "1", "--listen", lab.address, "--name", lab.cluster, "--drain", "0"]);
  await start.says(/is running/);
  await Promise.all(lab.hosts.map((host) => join(lab, host, 2)));
  await using client = await lab.connect();
  await client.waitForEngines(5, { timeout: 10_000 });

  const inputs = Array.from({ length: 200 }, (_, index) => index);
  const squares = client.loadBalancedView().map((x: number) => x * x, inputs);
  assert.deepEqual(await within(squares, "the map", 20_000), inputs.map((x) => x * x));

  const { hosts, engines } = await lab.status();
  assert.equal(new Set(hosts.map(({ pid }) => pid)).size, 3);
  const enginesOfHost = hosts.map(({ id }) => engines.filter(({ host }) => host === id));
  assert.deepEqual(enginesOfHost.map((list) => list.length).sort(), [1, 2, 2]);
  for (const list of enginesOfHost) assert.ok(list.some(({ completed }) => completed > 0), JSON.stringify(engines));
});

Deno.test("a machine whose link is cut is lost, its tasks go elsewhere, and it comes back when the link does", async () => {
  await using lab = await RemoteLab.open(2);
  const controller = await startController(lab, "--hwm", "2");
  const [near, far] = lab.hosts;
  assert.ok(near && far);
  await join(lab, near, 1);
  await join(lab, far, 2, [`--allow-write=${lab.home}`]);
  await using client = await lab.connect();
  await client.waitForEngines(3, { timeout: 10_000 });
  const lview = client.loadBalancedView();
  const [stays = -1] = client.ids;

  // The engine that stays is busy for a while, so that what follows runs on the far machine, and queues on both.
  const busy = lview.with({ targets: [stays] }).apply(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return "busy";
  });
  const lost = lview.apply((file: string) => {
    Deno.writeTextFileSync(file, "");
    return new Promise<never>(() => {});
  }, `${lab.home}/lost`);
  const retried = lview.with({ retries: 1 }).apply((file: string) => {
    if (currentTask().attempt > 1) return currentTask().engineId;
    Deno.writeTextFileSync(file, "");
    return new Promise<never>(() => {});
  }, `${lab.home}/retried`);
  const queued = lview.map(() => currentTask().engineId, [1, 2, 3, 4, 5, 6]);
  await Promise.all([fileAppears(`${lab.home}/lost`), fileAppears(`${lab.home}/retried`)]);

  const cutAt = performance.now();
  await far.cut();
  await assert.rejects(within(lost, "the verdict", 20_000), EngineError);
  assert.ok(performance.now() - cutAt < LOST_LIMIT_MS, `lost after ${performance.now() - cutAt} ms`);
  assert.match(await controller.says(/host lost/), /silent|down/);
  assert.equal(await within(retried, "the second attempt"), stays);
  assert.equal(retried.metadata.attempts, 2);
  assert.deepEqual(await within(queued, "what was queued"), Array(6).fill(stays));
  assert.equal(await within(busy, "the machine that stayed"), "busy");
  assert.deepEqual(client.ids, [stays]);

  await far.mend();
  await client.waitForEngines(3, { timeout: 20_000 });
  // Also on the engines that were in a task without end: it is void, and was ended there.
  const everywhere = client.ids.map((id) => lview.with({ targets: [id] }).apply(() => currentTask().engineId));
  assert.deepEqual(await within(Promise.all(everywhere), "all engines", 15_000), client.ids);
});

Deno.test("a link that is away for less than three heartbeats costs nothing, and no task runs twice", async () => {
  await using lab = await RemoteLab.open(1);
  const [host] = lab.hosts;
  assert.ok(host);
  const controller = await startController(lab, "--hwm", "8");
  await join(lab, host, 2, [`--allow-write=${lab.home}`]);
  await using client = await lab.connect();
  await client.waitForEngines(2, { timeout: 10_000 });

  const ran = `${lab.home}/ran`;
  const inputs = Array.from({ length: 200 }, (_, index) => index);
  const map = client.loadBalancedView().map(
    async (index: number, file: string) => {
      Deno.writeTextFileSync(file, `${index}\n`, { append: true });
      await new Promise((resolve) => setTimeout(resolve, 5));
      return currentTask().attempt;
    },
    inputs,
    Array(inputs.length).fill(ran),
  );
  await fileAppears(ran);
  await host.cut();
  await new Promise((resolve) => setTimeout(resolve, FLAP_MS));
  await host.mend();
  assert.equal(map.ready, false, "the cut came too late");

  assert.deepEqual(await within(map, "the map", 20_000), inputs.map(() => 1));
  const lines = (await Deno.readTextFile(ran)).trim().split("\n").map(Number);
  assert.deepEqual(lines.sort((one, other) => one - other), inputs);
  assert.doesNotMatch(controller.stderr, /lost/);
});

Deno.test("a token in the environment lets hosts and clients of other machines in, another one nobody", async () => {
  await using lab = await RemoteLab.open(1);
  const [host] = lab.hosts;
  assert.ok(host);
  const env = { TROUPE_TOKEN: "open sesame" };
  const flags = ["--listen", lab.address, "--name", lab.cluster];
  const line = await lab.run(["controller", ...flags], { env }).says(/is running/);
  const url = /nats:\/\/[\d.:]+/.exec(line)?.[0] ?? "";

  const engines = ["engines", "-n", "1", "--nats", url, "--name", lab.cluster];
  await host.run(engines, { env }).says(/engines? joined/);
  await using client = await lab.connect({ name: lab.cluster, servers: url, token: "open sesame" });
  assert.equal(await within(client.loadBalancedView().apply((x: number) => x + 1, 1), "a task"), 2);

  for (const wrong of [{ TROUPE_TOKEN: "open barley" }, { TROUPE_TOKEN: "" }]) {
    const { code, stderr } = await host.run(engines, { env: wrong }).ends();
    assert.equal(code, 1);
    assert.match(stderr, /Cannot connect to "nats:.*check the credentials/);
    assert.doesNotMatch(stderr, /open/);
  }
});
