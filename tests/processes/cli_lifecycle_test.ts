/** A cluster from start to stop by the command line: in the background, in the foreground, and for one script. @module */
import assert from "node:assert/strict";
import { CliFixture, familyOf, gone, kill, signal } from "./cli_fixture.ts";

/** Of a running cluster, by `list --json`. */
async function ownerOf(fixture: CliFixture, name: string): Promise<number> {
  const { stdout } = await fixture.run(["list", "--json"]);
  const found = JSON.parse(stdout).find((cluster: { name: string }) => cluster.name === name);
  return found.pid;
}

Deno.test("a cluster in the background: started, looked at, used, refused twice, stopped", async () => {
  await using fixture = await CliFixture.create();
  const started = await fixture.run(["start", "-n", "2", "--slots", "3", "--daemon"]);
  assert.equal(started.code, 0, started.stderr);
  assert.equal(started.stdout, "");
  assert.match(started.stderr, /"default" is running: 2 engines, nats:\/\/127\.0\.0\.1:\d+/);
  assert.match(started.stderr, /end it with "stop"/);

  const [second, status, text, list, logs, stopOther] = await Promise.all([
    fixture.run(["start", "-n", "1"]),
    fixture.run(["status", "--json"]),
    fixture.run(["status"]),
    fixture.run(["list"]),
    fixture.run(["logs"]),
    fixture.run(["stop", "--name", "other"]),
  ]);
  assert.equal(second.code, 10);
  assert.match(second.stderr, /process \d+ runs it; stop it with "stop"/);
  const { cluster, engines } = JSON.parse(status.stdout);
  assert.equal(cluster, "default");
  const shown = engines.map(({ id, state, slots }: { id: number; state: string; slots: number }) => [id, state, slots]);
  assert.deepEqual(shown, [[0, "idle", 3], [1, "idle", 3]]);
  assert.match(text.stdout, /2 of 2 engines on 1 host, /);
  assert.match(text.stdout, /^ENGINE +STATE/m);
  assert.match(list.stdout, /^default +running +\d+ +nats:/m);
  assert.match(logs.stdout, /joined the controller/);
  assert.equal(stopOther.code, 11);
  assert.match(stopOther.stderr, /"other": it does not run/);

  assert.equal((Deno.statSync(fixture.connectionFile()).mode ?? 0) & 0o777, 0o600);
  const host = await ownerOf(fixture, "default");
  const family = familyOf(host);
  assert.equal(family.controllers.length, 1);
  assert.equal(family.engines.length, 2);

  const stopped = await fixture.run(["stop"]);
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stderr, /Stopped the cluster "default"/);
  for (const pid of [host, ...family.controllers, ...family.engines]) await gone(pid);
  assert.throws(() => Deno.statSync(fixture.connectionFile()), Deno.errors.NotFound);

  const [again, statusAfter, allAfter, followed] = await Promise.all([
    fixture.run(["stop"]),
    fixture.run(["status"]),
    fixture.run(["stop", "--all"]),
    fixture.run(["logs", "--name", "other"]),
  ]);
  for (const { code } of [again, statusAfter, allAfter, followed]) assert.equal(code, 11);
  assert.match(statusAfter.stderr, /no connection file.*start it with "deno run -A cli\.ts start"/);
  assert.match(allAfter.stderr, /none runs on this machine/);

  const cleaned = await fixture.run(["clean"]);
  assert.equal(cleaned.code, 0);
  assert.match(cleaned.stderr, /Removed the files of "default"/);
  assert.deepEqual([...Deno.readDirSync(fixture.home)], []);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} in the foreground lets the running task finish, and leaves no process`, async () => {
    await using fixture = await CliFixture.create();
    const command = fixture.spawn(["start", "-n", "1"]);
    await command.errorLine(/end it with Ctrl-C/);
    const family = familyOf(command.pid);
    const program = fixture.spawnModule(new URL("cli_slow_task.ts", import.meta.url).pathname);
    await program.line(/running/);
    command.signal(signal);
    await command.errorLine(/Stopping "default"; running tasks may finish for 10 s/);
    await program.line(/finished/);
    const { code, stderr, stdout } = await command.ended();
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /warn|error/i);
    for (const pid of [...family.controllers, ...family.engines]) await gone(pid);
    assert.throws(() => Deno.statSync(fixture.connectionFile()), Deno.errors.NotFound);
  });
}

Deno.test("a second interrupt does not wait for the running task, and what it leaves is known to be stale", async () => {
  await using fixture = await CliFixture.create();
  const command = fixture.spawn(["start", "-n", "1"]);
  await command.errorLine(/end it with Ctrl-C/);
  const family = familyOf(command.pid);
  const program = fixture.spawnModule(new URL("cli_slow_task.ts", import.meta.url).pathname, ["for ever"]);
  await program.line(/running/);
  command.signal("SIGINT");
  await command.errorLine(/Again: at once/);
  command.signal("SIGINT");
  assert.equal((await command.ended()).code, 1);
  for (const pid of [...family.controllers, ...family.engines]) await gone(pid);
  const again = fixture.spawn(["start", "-n", "1"]);
  await again.errorLine(/end it with Ctrl-C/);
  again.signal("SIGINT");
  assert.equal((await again.ended()).code, 0);
});

Deno.test("a host that is killed takes all with it; its files are stale, and the next start takes over", async () => {
  await using fixture = await CliFixture.create();
  await fixture.run(["start", "-n", "1", "--daemon"]);
  const host = await ownerOf(fixture, "default");
  const family = familyOf(host);
  const program = fixture.spawnModule(new URL("cli_slow_task.ts", import.meta.url).pathname, ["endless loop"]);
  await program.line(/running/);
  await kill(host);
  for (const pid of [...family.controllers, ...family.engines]) await gone(pid);

  const [status, stop, list] = await Promise.all([
    fixture.run(["status"]),
    fixture.run(["stop"]),
    fixture.run(["list"]),
  ]);
  assert.equal(status.code, 11);
  assert.match(status.stderr, new RegExp(`process ${host} is gone.*stale.*"clean" removes it`));
  assert.equal(stop.code, 11);
  assert.match(list.stdout, /default +stopped/);

  assert.equal((await fixture.run(["start", "-n", "1", "--daemon"])).code, 0);
  assert.equal((await fixture.run(["status"])).code, 0);
  await Deno.writeTextFile(fixture.connectionFile(), '{"format":');
  const [damaged, listed] = await Promise.all([fixture.run(["status"]), fixture.run(["list"])]);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /connection file ".*": it is not JSON/);
  assert.match(listed.stdout, /default +damaged/);
  assert.equal((await fixture.run(["stop", "--all"])).code, 0, "also with a damaged file");
});

Deno.test("a start that is interrupted before it is ready leaves nothing", async () => {
  await using fixture = await CliFixture.create();
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const servers = `nats://127.0.0.1:${silent.addr.port}`;
  const command = fixture.spawn(["start", "-n", "1", "--nats", servers]);
  using _connection = await silent.accept();
  command.signal("SIGINT");
  await command.errorLine(/before it has started/);
  assert.equal((await command.ended()).code, 0);

  const daemon = fixture.spawn(["start", "-n", "1", "--daemon", "--nats", servers]);
  using _other = await silent.accept();
  const host = await ownerOf(fixture, "default");
  daemon.signal("SIGINT");
  await gone(host);
  assert.throws(() => Deno.statSync(`${fixture.home}/default/lock.json`), Deno.errors.NotFound);
});

Deno.test("of two that start the same name at once, one wins", async () => {
  await using fixture = await CliFixture.create();
  const ends = await Promise.all([1, 2].map(() => fixture.run(["start", "-n", "1", "--daemon"])));
  assert.deepEqual(ends.map(({ code }) => code).sort((a, b) => a - b), [0, 10], ends.map((end) => end.stderr).join());
  assert.equal((await fixture.run(["status"])).code, 0);
  assert.equal((await fixture.run(["stop"])).code, 0);
});

Deno.test("run gives the script its arguments and a cluster, and ends as the script does", async () => {
  await using fixture = await CliFixture.create();
  const script = await fixture.file(
    "script.ts",
    `import { Client } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
     await using client = await Client.connect();
     console.log(JSON.stringify([client.ids.length, await client.loadBalancedView().apply((x: number) => x + 1, 1), Deno.args]));
     Deno.exitCode = 7;`,
  );
  await fixture.file("package.json", "{}");
  const args = ["--help", "-n", "5", "--allow-read", "a b", "--", "x"];
  const { code, stdout, stderr } = await fixture.run(["run", "-n", "2", script, ...args], { cwd: fixture.home });
  assert.equal(code, 7, stderr);
  assert.deepEqual(JSON.parse(stdout), [2, 2, args]);
  assert.deepEqual(Deno.readDirSync(fixture.home).filter(({ isDirectory }) => isDirectory).toArray(), []);
});

Deno.test("run that is interrupted does not wait for what its script left running", async () => {
  await using fixture = await CliFixture.create();
  const script = await fixture.file(
    "script.ts",
    `import { Client } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
     await using client = await Client.connect();
     const { promise, resolve } = Promise.withResolvers<void>();
     using _ = client.onOutput(() => resolve());
     client.loadBalancedView().apply(async () => {
       console.log("on it");
       await new Promise((resolve) => setTimeout(resolve, 600_000));
     });
     await promise;
     Deno.addSignalListener("SIGINT", () => Deno.exit(9));
     console.log("running", Deno.pid);`,
  );
  const command = fixture.spawn(["run", "-n", "1", script]);
  const pid = Number((await command.line(/^running \d+$/)).split(" ")[1]);
  const began = performance.now();
  // As a terminal does: to both.
  command.signal("SIGINT");
  signal(pid, "SIGINT");
  assert.equal((await command.ended()).code, 9);
  assert.ok(performance.now() - began < 8_000, "the 10 s in which tasks may finish were not waited for");
});

Deno.test("run that is interrupted before its script is there starts none, and leaves nothing", async () => {
  await using fixture = await CliFixture.create();
  const script = await fixture.file("script.ts", `console.log("started");`);
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${silent.addr.port}`;
  // Not in the profile directory, which engines may not read.
  const setUp = `data:text/javascript,export default () => fetch("http://${address}")`;
  const command = fixture.spawn(["run", "-n", "1", `--allow-net=${address}`, "--initializer", setUp, script]);
  using _connection = await silent.accept();
  command.signal("SIGINT");
  const { code, stdout } = await command.ended();
  assert.equal(code, 130);
  assert.equal(stdout, "");
  assert.deepEqual(Deno.readDirSync(fixture.home).filter(({ isDirectory }) => isDirectory).toArray(), []);
});

Deno.test("a token of one's own lets engines in from elsewhere", async () => {
  await using fixture = await CliFixture.create();
  const env = { TROUPE_TOKEN: "open sesame" };
  const start = fixture.spawn(["controller"], { env });
  const line = await start.errorLine(/is running on nats:/);
  const servers = /nats:\/\/[\d.:]+/.exec(line)?.[0] ?? "";
  await using elsewhere = await CliFixture.create();
  const refused = await elsewhere.run(["engines", "-n", "1", "--nats", servers], { env: { TROUPE_TOKEN: "guess" } });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Authorization Violation.*check the credentials/);
  const engines = elsewhere.spawn(["engines", "-n", "1", "--nats", servers], { env });
  await engines.errorLine(/1 engine joined the cluster "default"/);
  engines.signal("SIGTERM");
  assert.equal((await engines.ended()).code, 0);
  start.signal("SIGTERM");
  assert.equal((await start.ended()).code, 0);
});
