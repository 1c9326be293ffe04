/** What a host is told that can't join: no server, wrong credentials, no controller, another version. @module */
import assert from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import { within } from "../../testing/within.ts";
import { RemoteLab } from "./remote_lab.ts";
import { copySource } from "./source_copy.ts";
import { silentLog } from "../../wire/log.ts";

/** A controller on the embedded broker, and the file with which hosts join it. */
async function startController(lab: RemoteLab) {
  const controller = lab.run(["controller", "--listen", lab.address, "--name", lab.cluster]);
  const url = /nats:\/\/[\d.:]+/.exec(await controller.says(/is running/))?.[0] ?? "";
  return { controller, url, file: `${lab.home}/${lab.cluster}/host.json` };
}

async function copyWithVersion(folder: string, constant: string, value: string): Promise<string> {
  await copySource(folder, "protocol/version.ts", (text) => {
    const changed = text.replace(new RegExp(`${constant} = .*;`), `${constant} = ${value};`);
    assert.notEqual(changed, text);
    return changed;
  });
  return `${folder}/cli.ts`;
}

Deno.test("engines say what is wrong, with exit code 1, where they may not or can't join", async () => {
  await using lab = await RemoteLab.open(1);
  const [host] = lab.hosts;
  assert.ok(host);
  const { url, file } = await startController(lab);
  const known = JSON.parse(await Deno.readTextFile(file));
  const credentials = `${host.home}/credentials.json`;
  const engines = ["engines", "-n", "1", "--nats", url, "--credentials", credentials];

  await Deno.writeTextFile(credentials, JSON.stringify({ user: "host", password: "guessed" }));
  const stranger = await host.run([...engines, "--name", lab.cluster]).ends();
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /Cannot connect to "nats:.*"Authorization Violation".*; check the credentials/);

  await Deno.writeTextFile(credentials, JSON.stringify(known.credentials));
  const lost = await host.run([...engines, "--name", "elsewhere"]).ends();
  assert.equal(lost.code, 1, lost.stderr);
  assert.match(lost.stderr, /Error: Cannot .*"troupe\.elsewhere\..*these credentials are not allowed to/);

  const nobody = await host.run(["engines", "-n", "1", "--nats", `${lab.address}:1`, "--name", lab.cluster]).ends();
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /Cannot connect to "nats:.*check the address/);
});

Deno.test("engines without a controller say that they look for one, and give up in time", async () => {
  await using lab = await RemoteLab.open(1);
  const [host] = lab.hosts;
  assert.ok(host);
  const env = { TROUPE_TOKEN: "open sesame" };
  const users = [{ user: "host", password: env.TROUPE_TOKEN }];
  await using broker = await Broker.start({ hostname: lab.address, port: 0, users, log: silentLog });
  const flags = ["--nats", broker.url, "--name", lab.cluster, "--wait", "1500ms"];
  const engines = host.run(["engines", "-n", "1", ...flags], { env });
  await engines.says(/no controller of the cluster "lab" answers yet; looking for it.*1500/);
  const { code, stderr } = await engines.ends();
  assert.equal(code, 1);
  assert.match(stderr, /Error: Cannot join the cluster "lab": .*no controller.* within 1500 ms; start it/);
});

Deno.test("another version joins with a warning on both sides, hosts and clients of another protocol are refused", async () => {
  await using lab = await RemoteLab.open(1);
  const [host] = lab.hosts;
  assert.ok(host);
  const { controller, file } = await startController(lab);
  await Deno.copyFile(file, `${host.home}/host.json`);
  const engines = ["engines", "-n", "1", "--connection", `${host.home}/host.json`, "--drain", "0"];

  const later = await copyWithVersion(`${host.home}/later`, "PACKAGE_VERSION", '"99.0.0"');
  const joined = host.run(engines, { cli: later });
  await joined.says(/engines? joined/);
  await joined.says(/warn.* version .*99\.0\.0/);
  await controller.says(/warn.*another package version.*99\.0\.0/);
  await using client = await lab.connect();
  assert.equal(await within(client.loadBalancedView().apply((x: number) => x + 1, 1), "a task"), 2);

  const foreign = await copyWithVersion(`${host.home}/foreign`, "PROTOCOL_VERSION", "99");
  const { code, stderr } = await host.run(engines, { cli: foreign }).ends();
  assert.equal(code, 1);
  assert.match(stderr, /Error: .*another protocol number.*; run the same version/);
  await controller.says(/another protocol number/);

  const script = `${host.home}/foreign/client.ts`;
  await Deno.writeTextFile(
    script,
    `import { Client } from "./mod.ts";
const why = await Client.connect({ connectionFile: Deno.args[0] }).catch((error) => error);
console.log(why.name, why.message);`,
  );
  const refused = await lab.run([`${lab.home}/${lab.cluster}/connection.json`], { cli: script }).ends();
  assert.match(refused.stdout, /^VersionMismatch .*another protocol number/);
});
