/** What tasks see and give back on a real engine process. @module */
import assert from "node:assert/strict";
import { SerializationError } from "../../wire/errors.ts";
import { resolvePermissions } from "../../host/permissions.ts";
import { FleetFixture, valueOf, verdictOf } from "./engine_fixture.ts";

Deno.test("an engine runs functions of every form", async () => {
  await using host = await FleetFixture.start(1);
  assert.equal(await host.value("(x) => x ** 10", [3]), 59049);
  assert.equal(await host.value("function twice(x) { return 2 * x; }", [4]), 8);
  assert.equal(await host.value("async (a, b) => { await null; return a + b; }", ["a", "b"]), "ab");
  assert.equal(await host.value("method(x) { return x + 1; }", [1]), 2);
  assert.equal(await host.value("async method(x) { return x + 2; }", [1]), 3);
  assert.equal(await host.value("function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }", [5]), 120);
  assert.deepEqual(
    await host.value("(m) => new Map([...m].map(([k, v]) => [v, k]))", [new Map([[1, 2n]])]),
    new Map([[2n, 1]]),
  );
  assert.equal(await host.value("() => {}"), undefined);
  assert.equal(await host.value("function () { return this === undefined; }"), true);
});

Deno.test("captures are decoded afresh for each task", async () => {
  await using host = await FleetFixture.start(1);
  const template = host.template("() => { list.push(1); return [list.length, name]; }", {
    captures: { list: [], name: "n" },
  });
  assert.deepEqual(valueOf(await host.submitTo(template, []).end), [1, "n"]);
  assert.deepEqual(valueOf(await host.submitTo(template, []).end), [1, "n"]);
});

Deno.test("arguments are decoded afresh and belong to the task", async () => {
  await using host = await FleetFixture.start(1);
  const bytes = new Uint8Array([1, 2, 3]);
  assert.deepEqual(await host.value("(b) => { b.fill(9); return b; }", [bytes]), new Uint8Array([9, 9, 9]));
  assert.deepEqual(await host.value("(b) => b", [bytes]), bytes);
});

Deno.test("a thrown error comes with its class, its cause and the stack of the function alone", async () => {
  await using host = await FleetFixture.start(1);
  const error = await host.error(
    `function outer(x) {
  function inner() { throw new RangeError("too big", { cause: new TypeError("why") }); }
  return inner(x);
}`,
    [1],
    { name: "outer" },
  );
  assert.ok(error instanceof RangeError);
  assert.equal(error.message, "too big");
  assert.ok(error.cause instanceof TypeError);
  const frames = (error.stack ?? "").split("\n").slice(1);
  assert.match(frames[0] ?? "", /at inner \(troupe:outer@[0-9a-f]{8}:2:28\)/);
  assert.match(frames[1] ?? "", /at outer \(troupe:outer@[0-9a-f]{8}:3:10\)/);
  assert.equal(frames.length, 2, error.stack);
});

Deno.test("positions on the first line are those of the source", async () => {
  await using host = await FleetFixture.start(1);
  const error = await host.error(`() => { throw new Error("x"); }`, [], { name: "f" });
  assert.match(error.stack ?? "", /troupe:f@[0-9a-f]{8}:1:15\b/);
});

Deno.test("what is thrown need not be an error", async () => {
  await using host = await FleetFixture.start(1);
  assert.equal(await host.error(`() => { throw "a text"; }`), "a text" as unknown as Error);
});

Deno.test("a free variable is explained", async () => {
  await using host = await FleetFixture.start(1);
  const error = await host.error("() => sharp(1)", [], { name: "resize" });
  assert.ok(error instanceof ReferenceError);
  assert.match(error.message, /Cannot run "resize": "sharp" is not defined on engine 0: .*pass "sharp" as an argument/);
});

Deno.test("a source that is no function fails its own task alone", async () => {
  await using host = await FleetFixture.start(1);
  assert.match((await host.error("(x) => { let = ; }", [], { name: "odd" })).message, /Cannot compile "odd"/);
  assert.match(
    (await host.error("function f() { [native code] }", [], { name: "nat" })).message,
    /Cannot compile "nat"/,
  );
  assert.match((await host.error("42", [], { name: "num" })).message, /Cannot run "num": its source is not a function/);
  assert.equal(await host.value("() => 1"), 1);
});

Deno.test("a result that can't be serialised fails the task and names the path", async () => {
  await using host = await FleetFixture.start(1);
  const error = await host.error("() => ({ a: { b: () => 1 } })");
  assert.ok(error instanceof SerializationError, String(error));
  assert.match(error.message, /result\.a\.b/);
});

Deno.test("console output is captured per task and channel", async () => {
  await using host = await FleetFixture.start(1);
  const first = host.submit(`() => {
    console.log("one", 1, true);
    console.info("%s is %d", "x", 3, { a: [1] });
    console.debug(new Map([[1, 2]]));
    console.warn("careful");
    console.error("bad");
    console.table([{ a: 1 }]);
    console.group("g"); console.log("inner"); console.groupEnd();
  }`);
  const second = host.submit(`() => console.log("two")`);
  const silent = host.submit(`() => 1`);
  const end = await first.end;
  assert.match(end.stdout, /^one 1 true\nx is 3 \{ a: \[ 1 \] \}\nMap\(1\) \{ 1 => 2 \}\n┌/);
  assert.match(end.stdout, /g\n {2}inner\n$/);
  assert.equal(end.stderr, "careful\nbad\n");
  assert.equal((await second.end).stdout, "two\n");
  assert.deepEqual([(await silent.end).stdout, (await silent.end).stderr], ["", ""]);
});

Deno.test("what tasks write to the standard streams is captured too", async () => {
  await using host = await FleetFixture.start(1);
  const end = await host.run(`async () => {
    const bytes = (text) => new TextEncoder().encode(text);
    Deno.stdout.writeSync(bytes("a"));
    await Deno.stdout.write(bytes("b"));
    process.stdout.write("c");
    (await import("node:process")).default.stdout.write("d");
    (await import("node:console")).default.log("e");
    Deno.stderr.writeSync(bytes("f"));
    process.stderr.write("g");
  }`);
  assert.equal(end.outcome.kind, "done", verdictOf(end));
  assert.equal(end.stdout, "abcde\n");
  assert.equal(end.stderr, "fg");
});

Deno.test("output is bounded, and says that there was more", async () => {
  await using host = await FleetFixture.start(1);
  const end = await host.run(`() => { for (let i = 0; i < 30; i++) console.log("x".repeat(100_000)); }`);
  assert.match(end.stdout.slice(-200), /the rest was dropped/);
  assert.ok(end.stdout.length < 1_100_000);
});

Deno.test("a task that reads stdin finds it ended, and the pipe goes on", async () => {
  await using host = await FleetFixture.start(1);
  const source = `async () => {
    const buffer = new Uint8Array(10);
    let chunks = 0;
    for await (const _ of Deno.stdin.readable) chunks++;
    for await (const _ of process.stdin) chunks++;
    return [await Deno.stdin.read(buffer), Deno.stdin.readSync(buffer), prompt("name?"), chunks];
  }`;
  assert.deepEqual(await host.value(source), [null, null, null, 0]);
  assert.equal(await host.value("() => 2"), 2);
});

Deno.test("a task without permission fails with a hint that names the flag", async () => {
  await using host = await FleetFixture.start(1);
  const error = await host.error(`() => Deno.readTextFileSync("/etc/hostname")`);
  assert.equal(error.name, "NotCapable");
  assert.match(error.message, /--allow-read=\/etc\/hostname/);
  assert.match((await host.error(`() => Deno.env.get("HOME")`)).message, /--allow-env=HOME/);
  assert.match((await host.error(`() => fetch("http://127.0.0.1:9999/")`)).message, /--allow-net=127\.0\.0\.1:9999/);
});

Deno.test("the import of a local module is explained", async () => {
  await using host = await FleetFixture.start(1);
  const error = await host.error("(url) => import(url)", ["file:///etc/hostname"]);
  assert.match(error.message, /Cannot import "\/etc\/hostname" on engine 0: a local module travels only where/);
});

Deno.test("granted permissions reach the task, and secret folders do not", async () => {
  const open = await Deno.makeTempDir();
  const secret = `${open}/secret`;
  await Deno.mkdir(secret);
  await Deno.writeTextFile(`${open}/a.txt`, "data");
  await Deno.writeTextFile(`${secret}/b.txt`, "token");
  try {
    await using host = await FleetFixture.start(1, {
      command: { permissions: resolvePermissions({ read: [open] }), secretFolders: [secret] },
    });
    assert.equal(await host.value("(path) => Deno.readTextFileSync(path)", [`${open}/a.txt`]), "data");
    const error = await host.error("(path) => Deno.readTextFileSync(path)", [`${secret}/b.txt`]);
    assert.equal(error.name, "NotCapable");
  } finally {
    await Deno.remove(open, { recursive: true });
  }
});

Deno.test("an engine's environment holds no secrets of its host", async () => {
  Deno.env.set("TROUPE_TOKEN", "sesame");
  try {
    await using host = await FleetFixture.start(1, { command: { permissions: resolvePermissions({ env: true }) } });
    const env = await host.value("() => Deno.env.toObject()") as Record<string, string>;
    assert.equal(env["TROUPE_TOKEN"], undefined);
    assert.equal(env["PATH"], Deno.env.get("PATH"));
  } finally {
    Deno.env.delete("TROUPE_TOKEN");
  }
});

Deno.test("a built-in or npm module can be imported inside a function", async () => {
  await using host = await FleetFixture.start(1);
  assert.equal(await host.value(`async () => (await import("node:path")).basename("/a/b.txt")`), "b.txt");
  const source = `async () => (await import("npm:@msgpack/msgpack@3.1.3")).encode([1]).length`;
  assert.equal(await host.value(source), 2);
});

Deno.test("a task knows itself: id, engine, attempt, data and progress", async () => {
  await using host = await FleetFixture.start(1);
  const { run, end } = host.submit(`async () => {
    const task = globalThis[Symbol.for("troupe.currentTask")];
    task.publish({ step: 1 });
    task.progress(0.5, "half");
    await null;
    return [task.msgId, task.engineId, task.attempt, task.signal.aborted, currentTask() === task];
  }`);
  assert.deepEqual(valueOf(await end), [run.task, 0, 1, false, true]);
  const published = host.news.find((news) => news.kind === "published");
  assert.deepEqual(published?.data, { step: 1 });
  const progress = host.news.find((news) => news.kind === "progress");
  assert.deepEqual([progress?.fraction, progress?.text], [0.5, "half"]);
  assert.equal(await host.value("() => Reflect.deleteProperty(globalThis, Symbol.for('troupe.currentTask'))"), false);
});

Deno.test("UnmetDependency declines the engine", async () => {
  await using host = await FleetFixture.start(1);
  const end = await host.run(`() => { throw new UnmetDependency("busy"); }`);
  assert.equal(end.outcome.kind, "declined");
  const other = await host.run(`() => {
    throw Object.assign(new Error("mine"), { name: "UnmetDependency", code: "UNMET_DEPENDENCY" });
  }`);
  assert.equal(other.outcome.kind, "declined");
});

Deno.test("an error that nobody waits for does not end the engine", async () => {
  await using host = await FleetFixture.start(1);
  const pid = host.fleet.ready[0]?.pid;
  await host.run(
    `() => { Promise.reject(new Error("let go")); setTimeout(() => { throw new Error("left behind"); }, 0); }`,
  );
  await host.until(() => host.log.some((line) => line.includes("left behind")));
  await host.until(() => host.log.some((line) => line.includes("let go")));
  assert.equal(await host.value("() => 3"), 3);
  assert.equal(host.fleet.ready[0]?.pid, pid);
});

Deno.test("values of megabytes go in and out through the blob folder", async () => {
  await using host = await FleetFixture.start(1);
  const big = new Uint8Array(20 * 1024 * 1024);
  for (let index = 0; index < big.length; index += 4096) big[index] = index / 4096;
  const { encodeArguments, decodeValue } = await import("../../wire/value_codec.ts");
  const payload = host.folder.store(encodeArguments([big]));
  const end = await host.run("(b) => b.reverse()", [], { payload });
  assert.ok(end.outcome.kind === "done", verdictOf(end));
  const { value } = end.outcome;
  assert.ok(!(value instanceof Uint8Array) && value.size > big.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < value.size; at += 512 * 1024) parts.push(host.folder.read(value.hash, at, 512 * 1024));
  assert.deepEqual(decodeValue(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer())), big.reverse());
  assert.equal(await host.value("() => 4"), 4);
});
