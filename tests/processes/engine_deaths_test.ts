/** How engines end, come back, and what becomes of their tasks, with real processes. @module */
import assert from "node:assert/strict";
import type { EngineId } from "../../protocol/ids.ts";
import { engineCommand } from "../../host/engine_command.ts";
import { FleetFixture, valueOf, verdictOf } from "./engine_fixture.ts";

const FOR_EVER = "() => { for (;;); }";
const ASLEEP = "() => new Promise(() => {})";

function readyUuids(host: FleetFixture): string[] {
  return host.news.flatMap((news) => news.kind === "ready" ? [news.engine.uuid] : []);
}

Deno.test("an engine killed from outside: the running task died, the others return, it comes back with its id and a new uuid", async () => {
  await using host = await FleetFixture.start(1);
  const running = host.submit(`() => { currentTask().publish(1); for (;;); }`);
  const others = [1, 2, 3].map((x) => host.submit("(x) => x", [x]));
  await host.until(() => host.news.some((news) => news.kind === "published"));
  host.fleet.signal("SIGKILL", [0 as EngineId]);
  assert.match(
    verdictOf(await running.end),
    /^engine-died: its process was killed by SIGKILL/,
  );
  for (const other of others) assert.equal((await other.end).outcome.kind, "returned");
  await host.until(() => host.news.some((news) => news.kind === "ended"));
  assert.deepEqual([host.fleet.ready, host.fleet.returning], [[], [0]]);
  await host.until(() => readyUuids(host).length === 2);
  assert.deepEqual(host.fleet.returning, []);
  const [before, after] = readyUuids(host);
  assert.notEqual(before, after);
  assert.equal(host.fleet.ready[0]?.id, 0);
  const ended = host.news.find((news) => news.kind === "ended");
  assert.deepEqual([ended?.requested, ended?.returns, ended?.uuid], [false, true, before]);
  assert.equal(await host.value("() => 1"), 1);
});

Deno.test("Deno.exit() in a task ends its engine alone, and the exit code is told", async () => {
  await using host = await FleetFixture.start(2);
  const other = host.submit("() => new Promise((resolve) => setTimeout(resolve, 300, 7))", [], { engine: 1 });
  const end = await host.run("() => Deno.exit(3)");
  assert.match(verdictOf(end), /^engine-died: .*exit code 3/);
  assert.equal(valueOf(await other.end), 7);
  await host.until(() => readyUuids(host).length === 3);
  assert.equal(host.news.filter((news) => news.kind === "ended").length, 1);
});

Deno.test("a result that was written before the death is kept", async () => {
  await using host = await FleetFixture.start(1);
  const first = host.submit("() => 11");
  const second = host.submit("() => process.exit(0)");
  assert.equal(valueOf(await first.end), 11);
  assert.match(verdictOf(await second.end), /exit code 0/);
});

Deno.test("a task that breaks into the pipe gets its own engine killed, and nothing else", async () => {
  await using host = await FleetFixture.start(2);
  const other = host.submit("() => new Promise((resolve) => setTimeout(resolve, 500, 7))", [], { engine: 1 });
  const end = await host.run(`async () => {
    (await import("node:fs")).writeSync(1, "hello");
    await new Promise(() => {});
  }`);
  assert.match(verdictOf(end), /engine-died: .*Found "hello" on the pipe/);
  assert.equal(valueOf(await other.end), 7);
  await host.until(() => readyUuids(host).length === 3);
  assert.equal(await host.value("() => 1"), 1);
});

Deno.test("one byte in the pipe is enough to be found out", async () => {
  await using host = await FleetFixture.start(1);
  const end = await host.run(
    `async () => { (await import("node:fs")).writeSync(1, "x"); await new Promise(() => {}); }`,
  );
  assert.match(verdictOf(end), /engine-died/);
});

Deno.test("patched globals end with their task", async () => {
  await using host = await FleetFixture.start(2);
  const patch = `() => {
    const broken = () => { throw new Error("patched"); };
    for (const name of Object.getOwnPropertyNames(Array.prototype)) {
      if (typeof Array.prototype[name] === "function" && name !== "constructor") Array.prototype[name] = broken;
    }
    Object.getPrototypeOf(Uint8Array.prototype).set = broken;
    JSON.stringify = Promise.prototype.then = console.log = Map.prototype.get = broken;
    return 1;
  }`;
  assert.equal(valueOf(await host.run(patch)), 1);
  assert.deepEqual(await host.value("() => [1, 2].map((x) => x + 1)"), [2, 3]);
  assert.equal(await host.value("() => 7", [], { engine: 1 }), 7);
  assert.equal(readyUuids(host).length, 2);
});

Deno.test("a patch that can't be undone ends the engine of its own task, before the next one starts", async () => {
  await using host = await FleetFixture.start(1);
  const patch = host.submit(`() => {
    Object.defineProperty(Array.prototype, "push", { value: null, configurable: false, writable: false });
  }`);
  const next = host.submit("() => 1");
  assert.match(verdictOf(await patch.end), /engine-died: .*a task has replaced "push" of a built-in for good/);
  assert.equal((await next.end).outcome.kind, "returned");
});

Deno.test("a patched Array.prototype leaves simple tasks working", async () => {
  await using host = await FleetFixture.start(1);
  await host.run("() => { Array.prototype.push = Array.prototype.shift = Array.prototype.map = () => { throw 1; }; }");
  assert.equal(await host.value("(x) => x + 1", [1]), 2);
});

Deno.test("maxRuntime ends the process of the task that exceeds it, and the next one runs", async () => {
  await using host = await FleetFixture.start(1);
  const slow = host.submit(FOR_EVER, [], { flags: { maxRuntimeMs: 200 }, name: "spin" });
  assert.match(
    verdictOf(await slow.end),
    /^timed-out: it ran longer than its maxRuntime of 200 ms; its engine's process was ended/,
  );
  await host.until(() => readyUuids(host).length === 2);
  assert.equal(await host.value("() => 5", [], { flags: { maxRuntimeMs: 5_000 } }), 5);
});

Deno.test("maxRuntime counts from the start of the task, not from its arrival", async () => {
  await using host = await FleetFixture.start(1);
  const wait = "() => new Promise((resolve) => setTimeout(resolve, 150))";
  const ends = [1, 2, 3, 4].map(() => host.submit(wait, [], { flags: { maxRuntimeMs: 400 } }).end);
  for (const end of await Promise.all(ends)) assert.equal(end.outcome.kind, "done", verdictOf(end));
});

Deno.test("an abort takes a queued task away at once", async () => {
  await using host = await FleetFixture.start(1);
  host.submit(ASLEEP);
  const queued = [1, 2, 3, 4, 5].map(() => host.submit("() => 1"));
  for (const { run } of queued) host.fleet.abort(run);
  for (const { end } of queued) assert.equal((await end).outcome.kind, "aborted");
  assert.equal(readyUuids(host).length, 1);
});

Deno.test("an abort fires the signal of a running task, whose engine stays", async () => {
  await using host = await FleetFixture.start(1, { graceMs: 10_000 });
  const { run, end } = host.submit(`() => new Promise((resolve) => {
    currentTask().publish("up");
    currentTask().signal.addEventListener("abort", () => resolve(1));
  })`);
  await host.until(() => host.news.some((news) => news.kind === "published"));
  host.fleet.abort(run);
  assert.equal((await end).outcome.kind, "aborted");
  assert.equal(await host.value("() => 2"), 2);
  assert.equal(readyUuids(host).length, 1);
});

Deno.test("a running task that ignores its abort is ended after the grace, with its process", async () => {
  await using host = await FleetFixture.start(1, { graceMs: 100 });
  const { run, end } = host.submit(`() => { currentTask().publish("up"); for (;;); }`);
  const next = host.submit("() => 1");
  await host.until(() => host.news.some((news) => news.kind === "published"));
  host.fleet.abort(run);
  assert.equal((await end).outcome.kind, "aborted");
  assert.equal((await next.end).outcome.kind, "returned");
  await host.until(() => readyUuids(host).length === 2);
});

Deno.test("a drain lets the running task finish and returns the others", async () => {
  await using host = await FleetFixture.start(1);
  const running = host.submit(`() => {
    currentTask().publish("up");
    return new Promise((resolve) => setTimeout(resolve, 300, "finished"));
  }`);
  await host.until(() => host.news.some((news) => news.kind === "published"));
  const others = [1, 2, 3].map(() => host.submit("() => 1"));
  const stopped = host.fleet.stop([0 as EngineId], 10_000);
  for (const { end } of others) assert.equal((await end).outcome.kind, "returned");
  assert.equal(valueOf(await running.end), "finished");
  await stopped;
  const ended = host.news.find((news) => news.kind === "ended");
  assert.deepEqual([ended?.requested, ended?.returns], [true, false]);
  assert.ok(host.news.some((news) => news.kind === "draining"));
  assert.equal(host.fleet.ready.length, 0);
});

Deno.test("a drain that takes too long ends the process, and the task has died", async () => {
  await using host = await FleetFixture.start(1);
  const running = host.submit(`() => { currentTask().publish("up"); for (;;); }`);
  await host.until(() => host.news.some((news) => news.kind === "published"));
  await host.fleet.stop([0 as EngineId], 100);
  assert.match(verdictOf(await running.end), /engine-died: .*did not end within 100 ms/);
});

Deno.test("a restart on request keeps the id and gives a new uuid", async () => {
  await using host = await FleetFixture.start(1);
  await host.fleet.restart([0 as EngineId], 1_000);
  await host.until(() => readyUuids(host).length === 2);
  const ended = host.news.find((news) => news.kind === "ended");
  assert.deepEqual([ended?.requested, ended?.returns], [true, true]);
  assert.equal(await host.value("() => 1"), 1);
});

Deno.test("an idle engine that is stopped is found by its pings and replaced", async () => {
  await using host = await FleetFixture.start(1, { heartbeatMs: 50 });
  host.fleet.signal("SIGSTOP", [0 as EngineId]);
  await host.until(() => readyUuids(host).length === 2);
  const ended = host.news.find((news) => news.kind === "ended");
  assert.match(ended?.reason ?? "", /did not answer for 3 heartbeats/);
});

Deno.test("an engine that is busy in a loop is alive, however many heartbeats pass", async () => {
  await using host = await FleetFixture.start(1, { heartbeatMs: 20 });
  assert.equal(
    await host.value("() => { const end = Date.now() + 600; while (Date.now() < end); return 'alive'; }"),
    "alive",
  );
  assert.equal(readyUuids(host).length, 1);
});

Deno.test("an engine with a bad flag is given up after a few tries, and says why", async () => {
  await using host = new FleetFixture({ command: { extraFlags: ["--no-such-flag"] } });
  host.fleet.start(1);
  host.fleet.assignIds([0 as EngineId]);
  await host.until(() => host.news.some((news) => news.kind === "failed" && news.givenUp));
  const failures = host.news.filter((news) => news.kind === "failed");
  assert.ok(failures.length <= 5);
  assert.match(failures[0]?.reason ?? "", /exit code 1.*--no-such-flag/);
  assert.deepEqual([host.fleet.seats, host.fleet.returning], [[{ id: 0, state: "failed" }], []]);
});

Deno.test("an engine of another version is refused at once, with the reason", async () => {
  const folder = await Deno.makeTempDir();
  const main = `${folder}/main.ts`;
  const frames = import.meta.resolve("../../wire/pipe_frames.ts");
  await Deno.writeTextFile(
    main,
    `import { pipeFrame } from "${frames}";
const head = new Uint8Array(4);
Deno.stdin.readSync(head);
Deno.stdout.writeSync(pipeFrame(new DataView(head.buffer).getUint32(0), [0, 1, "99.0.0", 1]));
await Deno.stdin.read(head);`,
  );
  try {
    await using host = new FleetFixture({ command: { mainModule: main } });
    host.fleet.start(1);
    host.fleet.assignIds([0 as EngineId]);
    await host.until(() => host.news.some((news) => news.kind === "failed"));
    const failure = host.news.find((news) => news.kind === "failed");
    assert.equal(failure?.givenUp, true);
    assert.match(failure?.reason ?? "", /version 99\.0\.0/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a program that can't be started is a failure with a reason, not a crash", async () => {
  await using host = new FleetFixture({
    makeCommand: (options) => ({ ...engineCommand(options), program: "/nowhere/deno" }),
  });
  host.fleet.start(1);
  host.fleet.assignIds([0 as EngineId]);
  await host.until(() => host.news.some((news) => news.kind === "failed"));
  assert.match(host.news[0]?.kind === "failed" ? host.news[0].reason : "", /can't be started/);
});

Deno.test("an engine that runs out of memory says so", async () => {
  await using host = await FleetFixture.start(1, { command: { memoryMb: 64 } });
  const end = await host.run("() => { const all = []; for (;;) all.push(new Array(10_000).fill({})); }");
  assert.match(verdictOf(end), /engine-died: .*out of memory; cut the task into smaller ones/);
});

Deno.test("an engine that is stopped while no process of it is up is told to be gone for good", async () => {
  await using host = await FleetFixture.start(1);
  for (let death = 1; death <= 3; death++) {
    await host.until(() => readyUuids(host).length === death);
    host.fleet.signal("SIGKILL", [0 as EngineId]);
    await host.until(() => host.news.filter((news) => news.kind === "ended").length === death);
  }
  assert.equal(host.fleet.seats[0]?.state, "waiting");
  await host.fleet.stop([0 as EngineId], 1_000);
  const last = host.news.at(-1);
  assert.ok(last?.kind === "ended" && last.requested && !last.returns, JSON.stringify(last));
});

Deno.test("an engine that is stopped before it is ready ends, and is told to be gone for good", async () => {
  await using host = new FleetFixture();
  host.fleet.start(1);
  host.fleet.assignIds([0 as EngineId]);
  await host.fleet.stop([0 as EngineId], 1_000);
  assert.deepEqual(host.news.map((news) => news.kind), ["ended"]);
});

Deno.test("direct tasks wait for the next process of their engine, scheduled ones go back", async () => {
  await using host = await FleetFixture.start(1);
  const running = host.submit(`() => { currentTask().publish(1); for (;;); }`);
  await host.until(() => host.news.some((news) => news.kind === "published"));
  const direct = [1, 2, 3].map((x) => host.submit("(x) => x", [x], { direct: true }));
  const scheduled = host.submit("() => 1");
  host.fleet.signal("SIGKILL", [0 as EngineId]);
  assert.equal((await running.end).outcome.kind, "engine-died");
  assert.equal((await scheduled.end).outcome.kind, "returned");
  assert.deepEqual((await Promise.all(direct.map(({ end }) => end))).map(valueOf), [1, 2, 3]);
});

Deno.test("what the queue group gives to an engine that has just died goes back, and waits for no other process", async () => {
  await using fixture = await FleetFixture.start(1);
  fixture.fleet.signal("SIGKILL", [0 as EngineId]);
  await fixture.until(() => fixture.news.some(({ kind }) => kind === "ended"));
  assert.equal(verdictOf(await fixture.run("() => 1", [], { pure: true })), "returned");
});

Deno.test("a restart on request keeps the direct tasks that wait, in their order", async () => {
  await using host = await FleetFixture.start(1);
  const running = host.submit(
    `() => { currentTask().publish(1); return new Promise((done) => setTimeout(done, 200, 0)); }`,
  );
  await host.until(() => host.news.some((news) => news.kind === "published"));
  const source = "(x) => (globalThis.seen ??= []).push(x) && globalThis.seen";
  const direct = [1, 2, 3].map((x) => host.submit(source, [x], { direct: true }));
  await host.fleet.restart([0 as EngineId], 5_000);
  assert.equal(valueOf(await running.end), 0);
  assert.deepEqual(valueOf(await (direct[2] ?? running).end), [1, 2, 3]);
});
