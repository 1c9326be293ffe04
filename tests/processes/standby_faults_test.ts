/** Controllers with a store in JetStream that can't lead, can't go on, or are told to end. @module */
import assert from "node:assert/strict";
import { dialNats } from "../../bus/nats_transport.ts";
import { jetstreamManager } from "../../deps/nats_jetstream.ts";
import { leaseBucket } from "../../protocol/subjects.ts";
import { NatsServer } from "../../testing/nats_server.ts";
import { CliFixture } from "./cli_fixture.ts";
import { StandbyLab, standbyTest } from "./standby_lab.ts";

const ALREADY_RUNNING = 10;
/** From the end of one that leads to the lease of the next; it takes none of this, on a machine that is not busy. */
const HANDOVER_MS = 500;

/** Text of a terminal in one line. */
function joined(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

standbyTest(
  "one name has one controller on a server, whatever their stores; who is refused learns who leads",
  async () => {
    await using lab = await StandbyLab.start({ controllers: 1, engines: 0 });
    const { pid } = await lab.leader();
    // Each as on a machine of its own.
    await using homes = new AsyncDisposableStack();
    const home = async () => homes.use(await CliFixture.create());
    const inMemory = ["controller", "--nats", lab.servers];
    const [second, memory, other] = await Promise.all([
      (await home()).run(lab.controllerArgs("first")),
      (await home()).run(inMemory),
      (async () => {
        await (await home()).spawn([...inMemory, "--name", "other"]).errorLine(/is running on/);
        return await (await home()).run([...lab.controllerArgs("first"), "--name", "other"]);
      })(),
    ]);
    assert.equal(second.code, ALREADY_RUNNING, second.stderr);
    assert.match(joined(second.stderr), new RegExp(`leads already \\(.*process ${pid}\\).*--standby.*--name`));
    for (const { code, stderr } of [memory, other]) {
      assert.equal(code, ALREADY_RUNNING, stderr);
      assert.match(joined(stderr), /a controller of this name runs on .* already/);
    }
  },
);

standbyTest("a server without JetStream is an error that says what to do", async () => {
  await using server = await NatsServer.start();
  await using fixture = await CliFixture.create();
  const { code, stderr } = await fixture.run(["controller", "--store", "jetstream", "--nats", server.url]);
  assert.equal(code, 1, stderr);
  assert.match(joined(stderr), /JetStream is not enabled there.*jetstream \{\}.*choose another store/);
});

standbyTest("a store without room ends the controller, and its host says why", async () => {
  const folder = await Deno.makeTempDir();
  await using _removed = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  await using server = await NatsServer.start({ config: `jetstream { store_dir: "${folder}", max_file_store: 2MB }` });
  await using lab = await StandbyLab.start({ controllers: 1, servers: server.url, engines: 1 });
  await using client = await lab.connect();
  const big = Array.from({ length: 200 }, () => new Uint8Array(30_000));
  const job = client.loadBalancedView().map((bytes: Uint8Array) => bytes.length, big);
  // It waits for room until the client is closed.
  void Promise.resolve(job).catch(() => {});
  const said = await lab.controllers[0]?.command.errorLine(/there is no room/) ?? "";
  assert.match(said, /raise the limits of the account or the stream/);
});

standbyTest("who is told to stop hands over at once, and leaves nothing on the server", async () => {
  await using lab = await StandbyLab.start({ controllers: 3, engines: 0 });
  await using connection = await connect(lab.servers);
  const { streams } = await jetstreamManager(connection.nats);
  const first = await lab.leader();
  const [leading, standing, last] = lab.controllers;
  standing?.command.signal("SIGINT");
  assert.equal((await standing?.command.ended())?.code, 0);
  assert.equal((await lab.leader()).pid, first.pid);
  leading?.command.signal("SIGTERM");
  await lab.released();
  const releasedAt = performance.now();
  const next = await lab.leader(first.epoch);
  const tookMs = performance.now() - releasedAt;
  assert.ok(tookMs < HANDOVER_MS, `the standby led after ${tookMs} ms`);
  assert.equal((await leading?.command.ended())?.code, 0);
  assert.equal(lab.hostOf(next), last);
  last?.command.signal("SIGTERM");
  assert.equal((await last?.command.ended())?.code, 0);
  // That of this test, which watches the lease.
  assert.equal((await streams.info(`KV_${leaseBucket("default")}`)).state.consumer_count, 1);
});

async function connect(server: string) {
  const nats = await dialNats({ servers: server });
  return { nats, [Symbol.asyncDispose]: () => nats.close() };
}
