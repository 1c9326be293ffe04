/** What the world around does wrong: said with exit code 1, in bounded time, with what to do. @module */
import assert from "node:assert/strict";
import { CliFixture, gone } from "./cli_fixture.ts";
import { Broker } from "../../broker/broker.ts";
import { within } from "../../testing/within.ts";

const UNREACHABLE = "nats://127.0.0.1:1";

Deno.test("a port in use is named", async () => {
  await using fixture = await CliFixture.create();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  for (const flags of [[], ["--daemon"]]) {
    const { code, stderr } = await fixture.run(["start", "-n", "1", "--port", String(port), ...flags]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${port} is in use.*choose another port`));
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
  assert.throws(() => Deno.statSync(`${fixture.home}/default/lock.json`), Deno.errors.NotFound);
});

Deno.test("an address that is not of this machine is named", async () => {
  await using fixture = await CliFixture.create();
  const { code, stderr } = await fixture.run(["start", "-n", "1", "--listen", "192.0.2.1"]);
  assert.equal(code, 1);
  assert.match(stderr, /"192\.0\.2\.1" is no address of this machine/);
});

Deno.test("servers that can't be reached are named, by every verb that connects", async () => {
  await using fixture = await CliFixture.create();
  const commands = [["start", "-n", "1"], ["start", "-n", "1", "--daemon"], ["engines", "-n", "1"], ["controller"]];
  const ends = await Promise.all(
    commands.map((words, index) => fixture.run([...words, "--name", `c-${index}`, "--nats", UNREACHABLE])),
  );
  for (const { code, stderr } of ends) {
    assert.equal(code, 1);
    assert.match(stderr, /"nats:\/\/127\.0\.0\.1:1": connection refused; check the address/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});

Deno.test("wrong credentials are told from a wrong address", async () => {
  await using fixture = await CliFixture.create();
  await using broker = await Broker.start({
    hostname: "127.0.0.1",
    port: 0,
    users: [{ user: "u", password: "right" }],
  });
  const wrong = await fixture.file("wrong.json", '{"user":"u","password":"wrong"}');
  const right = await fixture.file("right.json", '{"user":"u","password":"right"}');
  const args = ["start", "-n", "1", "--daemon", "--nats", broker.url];
  const refused = await fixture.run([...args, "--credentials", wrong]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Authorization Violation.*check the credentials/);
  const accepted = await fixture.run([...args, "--credentials", right]);
  assert.equal(accepted.code, 0, accepted.stderr);
  assert.equal((await fixture.run(["status"])).code, 0, "what was given is in the connection file");
  assert.equal((await fixture.run(["stop"])).code, 0);
});

Deno.test("an engine that can't start is tried a few times, and says why", async () => {
  await using fixture = await CliFixture.create();
  const bad = "--allow-net=:::bad";
  const [alone, daemon] = await Promise.all([
    fixture.run(["start", "-n", "1", "--name", "one", bad]),
    fixture.run(["start", "-n", "1", "--name", "two", "--daemon", bad]),
  ]);
  for (const { code, stderr } of [alone, daemon]) {
    assert.equal(code, 1);
    assert.match(stderr, /Cannot start engine 0: .*invalid empty host/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
  const log = await Deno.readTextFile(`${fixture.home}/two/log.jsonl`);
  const tries = log.match(/"message":"engine [^"]* did not start: /g)?.length ?? 0;
  assert.ok(tries >= 2 && tries <= 10, `tried ${tries} times`);
  assert.match(log, /invalid empty host/);
  assert.equal((await fixture.run(["stop", "--name", "two"])).code, 11, "nothing is left of it");
});

Deno.test("engines that fail leave the cluster they wanted to join as it was, and a trace in its status", async () => {
  await using fixture = await CliFixture.create();
  assert.equal((await fixture.run(["start", "-n", "1", "--daemon"])).code, 0);
  const { code, stderr } = await fixture.run(["engines", "-n", "1", "--allow-net=:::bad"]);
  assert.equal(code, 1);
  assert.match(stderr, /Cannot start engine 1: .*invalid empty host/);
  const { engines } = JSON.parse((await fixture.run(["status", "--json"])).stdout);
  assert.deepEqual(engines.map(({ state }: { state: string }) => state), ["idle", "failed"]);
  assert.match(engines[1].reason, /invalid empty host/);
  const host = JSON.parse((await fixture.run(["list", "--json"])).stdout)[0].pid;
  assert.equal((await fixture.run(["stop"])).code, 0);
  await within(gone(host), "the end of the host");
});

Deno.test("a connection file without the credential that is needed says whose it is", async () => {
  await using fixture = await CliFixture.create();
  assert.equal((await fixture.run(["start", "-n", "1", "--daemon"])).code, 0);
  const hostOnly = `${fixture.home}/default/host.json`;
  assert.equal((Deno.statSync(hostOnly).mode ?? 0) & 0o777, 0o600);
  const clientOnly = await fixture.file(
    "client.json",
    JSON.stringify({ ...JSON.parse(await Deno.readTextFile(hostOnly)), credentials: { client: { token: "x" } } }),
  );
  const refused = await fixture.run(["engines", "-n", "1", "--connection", clientOnly]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Cannot join "default" as host: .* holds credentials for client only/);
  const missing = await fixture.run(["engines", "-n", "1", "--connection", "nowhere.json"]);
  assert.equal(missing.code, 11);
  assert.match(missing.stderr, /no connection file "nowhere\.json"/);
  const engines = fixture.spawn(["engines", "-n", "1", "--connection", hostOnly]);
  await engines.errorLine(/1 engine joined/);
  engines.signal("SIGTERM");
  assert.equal((await engines.ended()).code, 0);
  assert.equal((await fixture.run(["stop"])).code, 0);
});
