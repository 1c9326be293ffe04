/** Servers of a NATS cluster that die in turn under a mixed load, and networks that fail in one direction. @module */
import assert from "node:assert/strict";
import { type Client, EngineError } from "../../mod.ts";
import { NatsCluster } from "../../testing/nats_cluster.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { StallingProxy } from "../../testing/stalling_proxy.ts";
import { within } from "../../testing/within.ts";
import type { CliProcess } from "./cli_process.ts";
import { fileAppears } from "./file_appears.ts";
import { RemoteLab } from "./remote_lab.ts";

/** What engines define for tasks. */
declare const currentTask: () => { readonly attempt: number; readonly engineId: number };

const found = await findNatsServer();
const missing = "missing" in found ? found.missing : undefined;
const serverOptions = "path" in found ? { path: found.path } : {};

/** A test that needs a server, or says why it did not run. */
function natsTest(name: string, fn: () => Promise<void>): void {
  const ignore = missing !== undefined;
  Deno.test({ name: ignore ? `${name} [skipped: ${missing}]` : name, ignore, fn });
}

/** How long a direction is blocked that opens in time. */
const FLAP_MS = 1_200;

/** Three heartbeats of a second each, and what a busy machine adds. */
const LOST_LIMIT_MS = 8_000;

const count = (length: number) => Array.from({ length }, (_, index) => index);

/** Tasks that each write a line, so that it shows which ran how often. */
class CountedMap {
  readonly #file: string;
  readonly #inputs: readonly number[];
  readonly result: PromiseLike<readonly number[]> & { readonly ready: boolean };

  constructor(client: Client, file: string, tasks: number) {
    this.#file = file;
    this.#inputs = count(tasks);
    this.result = client.loadBalancedView().map(
      async (index: number, file: string) => {
        Deno.writeTextFileSync(file, `${index}\n`, { append: true });
        await new Promise((resolve) => setTimeout(resolve, 30));
        return -index;
      },
      this.#inputs,
      Array(tasks).fill(file),
    );
  }

  /** There is something left for the next blow to hit. */
  checkUnderWay(): void {
    assert.equal(this.result.ready, false, "the map was over before the blow");
  }

  /** All have settled, and each ran once. */
  async check(): Promise<void> {
    assert.deepEqual(await within(this.result, "the map", 40_000), this.#inputs.map((index) => -index));
    const lines = (await Deno.readTextFile(this.#file)).trim().split("\n").map(Number);
    assert.deepEqual(lines.sort((a, b) => a - b), this.#inputs);
  }
}

async function startEngines(lab: RemoteLab, host: number, engines: number, url: string): Promise<CliProcess> {
  const flags = ["--drain", "0", `--allow-write=${lab.home}`, "--nats", url, "--name", lab.cluster];
  const running = lab.hosts[host]?.run(["engines", "-n", `${engines}`, ...flags]);
  assert.ok(running);
  await running.says(/engines? joined/);
  return running;
}

natsTest(
  "the servers of a NATS cluster die in turn: who was on one moves, no task is lost, none runs twice",
  async () => {
    await using lab = await RemoteLab.open(2);
    await using nats = await NatsCluster.start(3, { ...serverOptions, hostname: lab.address });
    const [first = "", second = "", third = ""] = nats.urls;
    // Each knows one server, and learns of the others from it.
    const controller = lab.run(["controller", "--nats", first, "--name", lab.cluster, "--hwm", "4"]);
    await controller.says(/is running/);
    await Promise.all([startEngines(lab, 0, 2, second), startEngines(lab, 1, 2, third)]);
    await using client = await lab.connect({ name: lab.cluster, servers: third });
    await client.waitForEngines(4, { timeout: 10_000 });
    const lview = client.loadBalancedView();

    const map = new CountedMap(client, `${lab.home}/ran`, 1_000);
    const endless = lview.apply(() => new Promise<never>(() => {}));
    await fileAppears(`${lab.home}/ran`);
    const others: Promise<unknown>[] = [];
    for (const [round, server] of nats.servers.entries()) {
      const bytes = new Uint8Array(1_500_000).fill(round);
      others.push(
        Promise.resolve(lview.apply((given: Uint8Array) => given.length, bytes)).then((length) =>
          assert.equal(length, bytes.length)
        ),
        Promise.resolve(client.directView().apply(() => currentTask().engineId)).then((ids) =>
          assert.deepEqual(ids, client.ids)
        ),
      );
      await server.kill();
      if (round === 1) endless.abort();
      await within(Promise.all(others.splice(0)), `what was under way when server ${round} died`, 30_000);
      await server.restart();
      await server.says(/Route connection created/);
    }
    await map.check();
    await assert.rejects(within(endless, "the abort"), { name: "TaskAborted" });
    assert.doesNotMatch(controller.stderr, /host lost|engine .* ended/);
    // That of the controller too.
    assert.equal((await lab.status()).hosts.filter(({ alive }) => alive).length, 3);
  },
);

natsTest(
  "a server of a NATS cluster that hangs is left for another in time: no host is lost, no task runs twice",
  async () => {
    await using lab = await RemoteLab.open(1);
    await using nats = await NatsCluster.start(3, { ...serverOptions, hostname: lab.address });
    const [first = "", second = "", third = ""] = nats.urls;
    const controller = lab.run(["controller", "--nats", first, "--name", lab.cluster, "--hwm", "4"]);
    await controller.says(/is running/);
    await startEngines(lab, 0, 2, second);
    await using client = await lab.connect({ name: lab.cluster, servers: third });
    await client.waitForEngines(2, { timeout: 10_000 });

    const map = new CountedMap(client, `${lab.home}/ran`, 300);
    await fileAppears(`${lab.home}/ran`);
    for (const server of nats.servers) {
      map.checkUnderWay();
      server.pause();
      // Also where it was that of the controller, everybody is heard again before anybody is given up.
      await within(client.directView().apply(() => 1), "a task past the server that hangs", 10_000);
      server.resume();
    }
    await map.check();
    assert.doesNotMatch(controller.stderr, /host lost/);
  },
);

natsTest("a network that fails in one direction and comes back within three heartbeats costs nothing", async () => {
  await using lab = await RemoteLab.open(1);
  await using server = await NatsServer.start({ ...serverOptions, hostname: lab.address });
  await using proxy = StallingProxy.start({ hostname: lab.address, port: server.port });
  const behind = `nats://${lab.address}:${proxy.port}`;
  const controller = lab.run(["controller", "--nats", server.url, "--name", lab.cluster, "--hwm", "4"]);
  await controller.says(/is running/);
  await startEngines(lab, 0, 2, behind);
  await using client = await lab.connect({ name: lab.cluster, servers: behind });
  await client.waitForEngines(2, { timeout: 10_000 });

  const map = new CountedMap(client, `${lab.home}/ran`, 250);
  await fileAppears(`${lab.home}/ran`);
  for (const direction of ["out", "back"] as const) {
    map.checkUnderWay();
    proxy.block(direction);
    await new Promise((resolve) => setTimeout(resolve, FLAP_MS));
    proxy.open(direction);
    await within(client.directView().apply(() => 1), `a task after "${direction}"`, 10_000);
  }
  await map.check();
  assert.doesNotMatch(controller.stderr, /host lost|silent/);
});

for (const direction of ["out", "back"] as const) {
  const side = direction === "out" ? "is not heard" : "hears nothing";
  natsTest(
    `a machine that ${side} for long is lost with what it ran, and comes back when the network does`,
    async () => {
      await using lab = await RemoteLab.open(2);
      await using server = await NatsServer.start({ ...serverOptions, hostname: lab.address });
      await using proxy = StallingProxy.start({ hostname: lab.address, port: server.port });
      const controller = lab.run(["controller", "--nats", server.url, "--name", lab.cluster]);
      await controller.says(/is running/);
      await startEngines(lab, 0, 1, `nats://${lab.address}:${proxy.port}`);
      await startEngines(lab, 1, 1, server.url);
      await using client = await lab.connect({ name: lab.cluster, servers: server.url });
      await client.waitForEngines(2, { timeout: 10_000 });
      const [far = -1, near = -1] = client.ids;
      const lview = client.loadBalancedView();

      const lost = lview.with({ targets: [far] }).apply((file: string) => {
        Deno.writeTextFileSync(file, "");
        return new Promise<never>(() => {});
      }, `${lab.home}/started`);
      await fileAppears(`${lab.home}/started`);
      proxy.block(direction);
      await assert.rejects(within(lost, "the verdict", LOST_LIMIT_MS), EngineError);
      assert.match(await controller.says(/host lost/), /silent|down/);
      assert.deepEqual(await within(lview.map(() => currentTask().engineId, [1, 2, 3]), "a map"), [near, near, near]);

      proxy.open(direction);
      await client.waitForEngines(2, { timeout: 20_000 });
      // Also on the engine that was in a task without end: it is void, and was ended there.
      const everywhere = client.ids.map((id) => lview.with({ targets: [id] }).apply(() => currentTask().attempt));
      assert.deepEqual(await within(Promise.all(everywhere), "all engines", 15_000), [1, 1]);
    },
  );
}
