/** Machines around a real nats-server: its users and their rights, blobs between machines, a server that restarts. @module */
import assert from "node:assert/strict";
import { connectNats } from "../../bus/nats_bus.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";
import { fileAppears } from "./file_appears.ts";
import { RemoteLab } from "./remote_lab.ts";

/** What engines define for tasks. */
declare const currentTask: () => { readonly attempt: number; readonly engineId: number };

const found = await findNatsServer();
const missing = "missing" in found ? found.missing : undefined;
const serverOptions = "path" in found ? { path: found.path } : {};

/** A test that needs a server, or says why it did not run. `lacks`: what else is not there. */
function natsTest(name: string, fn: () => Promise<void>, lacks = missing): void {
  const ignore = lacks !== undefined;
  Deno.test({ name: ignore ? `${name} [skipped: ${lacks}]` : name, ignore, fn });
}

async function lacksOpenssl(): Promise<string | undefined> {
  try {
    await new Deno.Command("openssl", { args: ["version"], stdout: "null" }).output();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no openssl on the PATH to make certificates with";
    throw error;
  }
}

/** A certificate for an address, signed by an authority of its own, into a folder. */
async function makeCertificate(folder: string, address: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/extensions`, `subjectAltName=IP:${address}`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const commands = [
    ["req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority of a test"],
    ["req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server of a test"],
    ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
      .concat("-out", "server.pem", "-days", "2", "-extfile", "extensions"),
  ];
  for (const args of commands) {
    const { success } = await new Deno.Command("openssl", { args, cwd: folder, stdout: "null", stderr: "null" })
      .output();
    if (!success) throw new Error(`Cannot make a certificate: "openssl ${args.join(" ")}" failed.`);
  }
}

/** How long a server hangs: longer than three heartbeats, shorter than the client takes to notice. */
const HANG_MS = 5_000;

const MB = 1024 * 1024;

/** Sums that show each byte in its place. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum = (sum * 31 + (bytes[at] ?? 0)) | 0;
  return sum;
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 255);
}

natsTest(
  "users with the rights of their roles are enough for a cluster, and for blobs between its machines",
  async () => {
    await using lab = await RemoteLab.open(2);
    const [first, second] = lab.hosts;
    assert.ok(first && second);
    const written = await lab.run(["nats-users", "--name", lab.cluster, "--out", lab.home]).ends();
    assert.equal(written.code, 0, written.stderr);
    const config = await Deno.readTextFile(`${lab.home}/nats-users.conf`);
    await using server = await NatsServer.start({ ...serverOptions, hostname: lab.address, config });

    const start = ["start", "-n", "1", "--nats", server.url, "--name", lab.cluster, "--drain", "0"];
    await lab.run([...start, "--credentials", `${lab.home}/credentials.json`]).says(/is running/);
    await Promise.all(lab.hosts.map(async (host) => {
      await Deno.copyFile(`${lab.home}/host-credentials.json`, `${host.home}/credentials.json`);
      const joining = ["--nats", server.url, "--name", lab.cluster, "--credentials", `${host.home}/credentials.json`];
      await host.run(["engines", "-n", "1", "--drain", "0", ...joining]).says(/engines? joined/);
    }));
    const { client: login } = JSON.parse(await Deno.readTextFile(`${lab.home}/client-credentials.json`));
    await using client = await lab.connect({ name: lab.cluster, servers: server.url, ...login });
    await client.waitForEngines(3, { timeout: 10_000 });
    const lview = client.loadBalancedView();
    const squares = await within(lview.map((x: number) => x * x, [1, 2, 3, 4, 5, 6]), "a map");
    assert.deepEqual(squares, [1, 4, 9, 16, 25, 36]);
    const direct = await within(client.directView().apply(() => currentTask().engineId), "a direct view");
    assert.deepEqual(direct, client.ids);

    for (const size of [100_000, MB, 20 * MB]) {
      const bytes = pattern(size);
      const sent = client.ids.map((id) =>
        lview.with({ targets: [id] }).apply((bytes: Uint8Array) => {
          let sum = 0;
          for (let at = 0; at < bytes.length; at++) sum = (sum * 31 + (bytes[at] ?? 0)) | 0;
          return sum;
        }, bytes)
      );
      const sums = await within(Promise.all(sent), `${size} bytes on all machines`, 30_000);
      assert.deepEqual(sums, client.ids.map(() => checksum(bytes)));
      const back = await within(
        lview.with({ targets: [client.ids.at(-1) ?? -1] }).apply(
          (length: number) => Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 255),
          size,
        ),
        `${size} bytes from another machine`,
        30_000,
      );
      assert.equal(checksum(back), checksum(bytes));
    }
    assert.doesNotMatch(server.log.join("\n"), /Violation/);

    // What the rights are for: a host can't play the controller, nor hear what is meant for it.
    const { host } = JSON.parse(await Deno.readTextFile(`${lab.home}/host-credentials.json`));
    const complaint = Promise.withResolvers<Error>();
    await using bus = await connectNats({
      servers: server.url,
      credentials: { user: host.user, pass: host.password },
      onError: complaint.resolve,
    });
    bus.subscribe(`troupe.${lab.cluster}.controller.main`, () => {});
    assert.match(String(await within(complaint.promise, "the refusal")), /AuthorizationError.*not allowed/);
  },
);

natsTest("a nats-server that is killed and started again under load costs no task, and none runs twice", async () => {
  await using lab = await RemoteLab.open(2);
  const auth = { token: "open sesame" };
  const env = { TROUPE_TOKEN: auth.token };
  await using server = await NatsServer.start({ ...serverOptions, hostname: lab.address, auth });
  const joining = ["--nats", server.url, "--name", lab.cluster];
  await lab.run(["controller", ...joining, "--hwm", "4"], { env }).says(/is running/);
  const ran = `${lab.home}/ran`;
  await Promise.all(
    lab.hosts.map((host) =>
      host.run(["engines", "-n", "2", "--drain", "0", `--allow-write=${lab.home}`, ...joining], { env })
        .says(/engines? joined/)
    ),
  );
  await using client = await lab.connect();
  await client.waitForEngines(4, { timeout: 10_000 });

  const inputs = Array.from({ length: 800 }, (_, index) => index);
  const map = client.loadBalancedView().map(
    async (index: number, file: string) => {
      Deno.writeTextFileSync(file, `${index}\n`, { append: true });
      await new Promise((resolve) => setTimeout(resolve, 5));
      return -index;
    },
    inputs,
    Array(inputs.length).fill(ran),
  );
  await fileAppears(ran);
  await server.kill();
  await server.restart();
  assert.equal(map.ready, false, "the outage came too late");
  assert.deepEqual(await within(map, "the map", 30_000), inputs.map((index) => -index));
  const lines = (await Deno.readTextFile(ran)).trim().split("\n").map(Number);
  assert.deepEqual(lines.sort((a, b) => a - b), inputs);
  const { engines, hosts } = await lab.status();
  assert.equal(hosts.filter(({ alive }) => alive).length, 3);
  assert.equal(engines.reduce((sum, { completed }) => sum + completed, 0), inputs.length);
});

natsTest("a nats-server with TLS serves machines that know its authority, and no others", async () => {
  await using lab = await RemoteLab.open(1);
  const [host] = lab.hosts;
  assert.ok(host);
  await makeCertificate(lab.home, lab.address);
  const config = `tls { cert_file: "${lab.home}/server.pem", key_file: "${lab.home}/server.key" }`;
  await using server = await NatsServer.start({ ...serverOptions, hostname: lab.address, config });
  const joining = ["--nats", server.url.replace("nats:", "tls:"), "--name", lab.cluster];
  const env = { DENO_CERT: `${lab.home}/ca.pem` };

  await lab.run(["controller", ...joining], { env }).says(/is running/);
  await host.run(["engines", "-n", "1", "--drain", "0", ...joining], { env }).says(/engines? joined/);

  const { code, stderr } = await host.run(["engines", "-n", "1", ...joining]).ends();
  assert.equal(code, 1);
  assert.match(stderr, /Cannot connect to "tls:.*certificate; name the file .* in DENO_CERT/);
}, missing ?? await lacksOpenssl());

natsTest(
  "a second controller of the same name is told so, and the first goes on with its hosts and tasks",
  async () => {
    await using lab = await RemoteLab.open(1);
    const [host] = lab.hosts;
    assert.ok(host);
    await using server = await NatsServer.start({ ...serverOptions, hostname: lab.address });
    const joining = ["--nats", server.url, "--name", lab.cluster];
    // Not in the profile directory of the cluster: no grant opens that.
    const first = lab.run(["start", "-n", "1", "--drain", "0", `--allow-write=${host.home}`, ...joining]);
    await first.says(/is running/);
    await using client = await lab.connect();
    const slow = client.loadBalancedView().apply((file: string) => {
      Deno.writeTextFileSync(file, "");
      return new Promise((resolve) => setTimeout(() => resolve(currentTask().attempt), 2_500));
    }, `${host.home}/slow`);
    await fileAppears(`${host.home}/slow`);

    const { code, stderr } = await host.run(["start", "-n", "1", ...joining]).ends();
    assert.equal(code, 10, stderr);
    assert.match(stderr, /Error: Cannot start the cluster "lab": a controller of this name runs on .* already/);
    assert.equal(await within(slow, "the task of before"), 1);
    assert.equal(await within(client.loadBalancedView().apply((x: number) => x + 1, 1), "a task"), 2);
    assert.doesNotMatch(first.stderr, /lost|gone/);
  },
);

natsTest("a nats-server that hangs for longer than three heartbeats costs no machine and no task", async () => {
  await using lab = await RemoteLab.open(1);
  const [host] = lab.hosts;
  assert.ok(host);
  await using server = await NatsServer.start({ ...serverOptions, hostname: lab.address });
  const joining = ["--nats", server.url, "--name", lab.cluster];
  const controller = lab.run(["controller", ...joining]);
  await controller.says(/is running/);
  await host.run(["engines", "-n", "1", "--drain", "0", `--allow-write=${lab.home}`, ...joining]).says(/joined/);
  await using client = await lab.connect();
  const started = `${lab.home}/started`;
  const task = client.loadBalancedView().apply((file: string) => {
    Deno.writeTextFileSync(file, "");
    return new Promise((resolve) => setTimeout(() => resolve(currentTask().attempt), 2_000));
  }, started);
  await fileAppears(started);

  server.pause();
  await new Promise((resolve) => setTimeout(resolve, HANG_MS));
  server.resume();
  assert.equal(await within(task, "the task", 15_000), 1);
  assert.equal(task.metadata.attempts, 1);
  assert.doesNotMatch(controller.stderr, /lost|silent/);
});
