/** The supervision tree as clients and the command line show it, and the log in which programs can look things up. @module */
import assert from "node:assert/strict";
import { Client, type SupervisionNode } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, familyOf, gone, kill, signal } from "./cli_fixture.ts";

function find(node: SupervisionNode, kind: string, name = kind): SupervisionNode {
  const found = all(node).find((one) => one.kind === kind && one.name === name);
  assert.ok(found, `no ${kind} "${name}" in ${JSON.stringify(node)}`);
  return found;
}

function all(node: SupervisionNode): SupervisionNode[] {
  return [node, ...node.children.flatMap(all)];
}

Deno.test("the tree tells who runs under whom, since when, what was started again, and why", async () => {
  await using fixture = await CliFixture.create();
  assert.equal((await fixture.run(["start", "-n", "2", "--daemon"])).code, 0);
  await using client = await Client.connect({ connectionFile: fixture.connectionFile() });
  const before = await client.tree();
  assert.deepEqual([before.kind, before.name, before.state], ["cluster", "default", "up"]);
  const [host] = before.children;
  assert.ok(host);
  assert.deepEqual(host.children.map(({ kind, name }) => `${kind} ${name}`), [
    "controller controller",
    "engine 0",
    "engine 1",
  ]);
  assert.deepEqual(find(host, "controller").children.map(({ kind }) => kind), ["broker", "hub", "scheduler"]);
  const { controllers, engines } = familyOf(host.pid ?? 0);
  assert.deepEqual([find(before, "controller").pid], controllers);
  assert.deepEqual([find(before, "engine", "0").pid, find(before, "engine", "1").pid].sort(), engines.sort());
  assert.ok(
    all(before).every(({ state, restarts, lastEnd, uptimeMs }) => (
      state === "up" && restarts === 0 && lastEnd === null && uptimeMs !== null && uptimeMs >= 0
    )),
  );

  const view = client.loadBalancedView({ targets: 0 });
  const doomed = view.apply(() => {
    console.log("in");
    return new Promise(() => {});
  });
  const begun = Promise.withResolvers<void>();
  using _ = client.onOutput(() => begun.resolve());
  await within(begun.promise, "the task", 10_000);
  signal(find(before, "engine", "0").pid ?? 0, "SIGKILL");
  await assert.rejects(Promise.resolve(doomed), /SIGKILL/);
  await view.apply(() => 1);
  const [controller = 0] = controllers;
  await kill(controller);
  assert.equal(await within(view.apply(() => 2), "a task of the next controller", 20_000), 2);

  const after = await client.tree();
  const engine = find(after, "engine", "0");
  assert.equal(engine.restarts, 1);
  assert.match(engine.lastEnd?.reason ?? "", /killed by SIGKILL/);
  assert.ok((engine.uptimeMs ?? Infinity) <= (engine.lastEnd?.agoMs ?? 0));
  assert.equal(find(after, "engine", "1").restarts, 0);
  const next = find(after, "controller");
  assert.deepEqual([next.restarts, next.lastEnd?.reason], [1, "its process ended with SIGKILL"]);
  assert.ok((next.uptimeMs ?? Infinity) < (find(after, "host", host.name).uptimeMs ?? 0));

  const shown = await fixture.run(["status", "--tree"]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^cluster default · up/);
  assert.match(
    shown.stdout,
    /\n└─ host \S+ · pid \d+ · up \d+ s\n {3}├─ controller · pid \d+ · up \d+ s · 1 restart · ended/,
  );
  assert.match(shown.stdout, /\n {3}├─ engine 0 · pid \d+ · up \d+ s · 1 restart · ended \d+ s ago: .*SIGKILL/);
  assert.match(shown.stdout, /\n {3}│ {2}└─ scheduler/);
  const { tree } = JSON.parse((await fixture.run(["status", "--json"])).stdout);
  assert.equal(find(tree, "engine", "0").restarts, 1);

  // The log has it too, line by line.
  const log = await fixture.run(["logs", "--json"]);
  const lines = log.stdout.trim().split("\n").map((line) => JSON.parse(line));
  for (const line of lines) {
    for (const key of ["time", "level", "message", "cluster", "actor", "task", "cause"]) assert.ok(key in line, key);
    assert.equal(line.cluster, "default");
  }
  const failed = lines.find(({ task }) => task === doomed.msgId);
  assert.deepEqual([failed?.actor, failed?.engine, failed?.level], ["host", 0, "warn"]);
  assert.match(failed?.cause, /SIGKILL/);
  assert.doesNotMatch((await fixture.run(["logs"])).stdout, /=null|cluster=/);
});

Deno.test("with --log-format json a host in the foreground writes nothing but JSON lines, also when it fails", async () => {
  await using fixture = await CliFixture.create();
  const command = fixture.spawn(["start", "-n", "1", "--log-format", "json", "--drain", "300ms"]);
  await command.errorLine(/is running: 1 engine/);
  const program = fixture.spawnModule(new URL("cli_slow_task.ts", import.meta.url).pathname, ["endless loop"]);
  await program.line(/running/);
  const second = await fixture.run(["start", "-n", "1", "--log-format", "json"]);
  assert.equal(second.code, 10);
  const failure = JSON.parse(second.stderr);
  assert.deepEqual([failure.level, failure.cluster], ["error", "default"]);

  // The drain has a deadline: what does not end in time is ended.
  const { engines } = familyOf(command.pid);
  command.signal("SIGTERM");
  const { code, stderr } = await command.ended();
  assert.equal(code, 0);
  for (const pid of engines) await gone(pid);
  const lines = stderr.trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(lines.some(({ message }) => /may finish for 0\.3 s/.test(message)));
  const ended = lines.find(({ task }) => task !== null);
  assert.match(ended?.cause, /its tasks did not end within 300 ms/);
});

Deno.test("SIGTERM of engines that joined: what runs may finish, and its result arrives", async () => {
  await using fixture = await CliFixture.create();
  assert.equal((await fixture.run(["controller", "--log-format", "xml"])).code, 2);
  const controller = fixture.spawn(["controller"]);
  await controller.errorLine(/is running on/);
  const engines = fixture.spawn(["engines", "-n", "1"]);
  await engines.errorLine(/joined the cluster/);
  const program = fixture.spawnModule(new URL("cli_slow_task.ts", import.meta.url).pathname);
  await program.line(/running/);
  engines.signal("SIGTERM");
  await program.line(/finished/);
  assert.equal((await engines.ended()).code, 0);
  controller.signal("SIGTERM");
  assert.equal((await controller.ended()).code, 0);
});
