/** Several tasks at a time on one real engine: whose is what, and what one of them costs the others. @module */
import assert from "node:assert/strict";
import type { EngineId } from "../../protocol/ids.ts";
import { FleetFixture, valueOf, verdictOf } from "./engine_fixture.ts";

/** Tells that it runs, and waits for its signal. */
const UNTIL_ABORTED = `() => new Promise((resolve) => {
  currentTask().publish("up");
  currentTask().signal.addEventListener("abort", () => resolve("aborted"));
})`;

function published(host: FleetFixture): string[] {
  return host.news.flatMap((news) => news.kind === "published" ? [news.run.task] : []);
}

function pidOf(host: FleetFixture): number | undefined {
  return host.fleet.ready[0]?.pid;
}

Deno.test("tasks that await share an engine, as many at a time as it has slots", async () => {
  await using host = await FleetFixture.start(1, { slots: 4 });
  const source = `async () => {
    const seen = globalThis.seen ??= { now: 0, most: 0 };
    seen.most = Math.max(seen.most, ++seen.now);
    await new Promise((resolve) => setTimeout(resolve, 200));
    seen.now--;
    return seen.most;
  }`;
  const ends = Array.from({ length: 8 }, () => host.submit(source).end);
  const most = (await Promise.all(ends)).map(valueOf);
  assert.deepEqual(most, new Array(8).fill(4));
});

Deno.test("what each task prints is its own, after awaits, in timers, callbacks and streams", async () => {
  await using host = await FleetFixture.start(1, { slots: 3 });
  const source = `async (name) => {
    const bytes = (text) => new TextEncoder().encode(text);
    const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    console.group(name);
    for (let step = 0; step < 5; step++) {
      await pause();
      console.log(name, step);
    }
    console.groupEnd();
    await pause();
    await new Promise((resolve) => setTimeout(() => resolve(console.log(name, "timer")), 5));
    await new Promise((resolve) => setImmediate(() => resolve(console.log(name, "immediate"))));
    await new Promise((resolve) => process.nextTick(() => resolve(console.log(name, "tick"))));
    await import("node:zlib");
    console.log(name, [1]);
    await Deno.stdout.write(bytes(name + " deno\\n"));
    process.stdout.write(name + " node\\n");
    const writer = Deno.stdout.writable.getWriter();
    await writer.write(bytes(name + " stream\\n"));
    await writer.close();
    console.error(name);
    return currentTask().msgId;
  }`;
  const all = ["a", "b", "c"].map((name) => ({ name, ...host.submit(source, [name]) }));
  for (const { name, run, end } of all) {
    const { stdout, stderr, outcome } = await end;
    assert.equal(outcome.kind, "done");
    assert.equal(valueOf(await end), run.task);
    const steps = [0, 1, 2, 3, 4].map((step) => `  ${name} ${step}`);
    const rest = ["timer", "immediate", "tick", "[ 1 ]", "deno", "node", "stream"].map((what) => `${name} ${what}`);
    assert.equal(stdout, [name, ...steps, ...rest, ""].join("\n"));
    assert.equal(stderr, `${name}\n`);
  }
});

const STRAYS = {
  "a rejection nobody handles": `() => { Promise.reject(new RangeError("let go")); }`,
  "a rejection after awaits": `() => { (async () => { await null; await null; throw new RangeError("let go"); })(); }`,
  "a timer that throws": `() => { setTimeout(() => { throw new RangeError("let go"); }, 5); }`,
  "an immediate that throws": `() => { setImmediate(() => { throw new RangeError("let go"); }); }`,
  "an interval that throws": `() => {
    const timer = setInterval(() => { clearInterval(timer); throw new RangeError("let go"); }, 5);
  }`,
  "a microtask that throws": `() => { queueMicrotask(() => { throw new RangeError("let go"); }); }`,
  "a listener that throws": `() => {
    const target = new EventTarget();
    target.addEventListener("x", () => { throw new RangeError("let go"); });
    setTimeout(() => target.dispatchEvent(new Event("x")), 1);
  }`,
  "an error that is reported": `() => { reportError(new RangeError("let go")); }`,
  "an emitter that nobody listens to": `() => {
    const { EventEmitter } = process.getBuiltinModule("node:events");
    setTimeout(() => new EventEmitter().emit("error", new RangeError("let go")), 1);
  }`,
};

for (const slots of [1, 3]) {
  Deno.test(`with ${slots} at a time, what nobody catches fails the task it comes from, and the others go on`, async (t) => {
    await using host = await FleetFixture.start(1, { slots });
    const pid = pidOf(host);
    const others = slots === 1 ? [] : [host.submit(UNTIL_ABORTED), host.submit(UNTIL_ABORTED)];
    await host.until(() => published(host).length === others.length);
    for (const [name, start] of Object.entries(STRAYS)) {
      await t.step(name, async () => {
        const source = `(start) => { console.log("begun"); start(); return new Promise(() => {}); }`
          .replace("start()", `(${start})()`);
        const end = await host.run(source);
        assert.equal(end.outcome.kind, "threw", verdictOf(end));
        assert.throws(() => valueOf(end), { name: "RangeError", message: "let go" });
        assert.equal(end.stdout, "begun\n");
      });
    }
    for (const { run } of others) host.fleet.abort(run);
    for (const { end } of others) assert.equal((await end).outcome.kind, "aborted");
    assert.equal(await host.value("() => 3"), 3);
    assert.equal(pidOf(host), pid);
  });
}

Deno.test("what a task leaves behind fails no later one", async () => {
  await using host = await FleetFixture.start(1);
  const left = host.submit(`async () => {
    const fail = (text) => { throw new Error(text); };
    setTimeout(fail, 50, "left timer");
    (async () => { await new Promise((resolve) => setTimeout(resolve, 60)); fail("left promise"); })();
    const task = currentTask();
    setTimeout(() => { console.log("left line"); task.publish("left news"); }, 70);
  }`);
  const later = host.submit("() => new Promise((resolve) => setTimeout(resolve, 200, 'undisturbed'))");
  assert.equal(valueOf(await left.end), undefined);
  const end = await later.end;
  assert.deepEqual([valueOf(end), end.stdout, end.stderr], ["undisturbed", "", ""]);
  for (const what of ["left timer", "left promise", "left line"]) {
    await host.until(() => host.log.some((line) => line.includes(what)));
  }
  assert.deepEqual(published(host), []);
});

Deno.test("an error of which nobody can tell whose it is ends an engine with several slots, and says so", async () => {
  await using host = await FleetFixture.start(1, { slots: 2 });
  const other = host.submit(UNTIL_ABORTED);
  await host.until(() => published(host).length === 1);
  // A function that was imported by name can't be replaced.
  const end = await host.run(`async () => {
    const { setTimeout } = await import("node:timers");
    setTimeout(() => { throw new Error("whose am I?"); }, 0);
    await new Promise(() => {});
  }`);
  assert.match(verdictOf(end), /engine-died: .*whose am I\?.*does not tell of which of 2 running tasks it is/);
  assert.equal((await other.end).outcome.kind, "engine-died");
});

Deno.test("maxRuntime of one task: it is timed out, those that ran beside it died, those behind come back", async () => {
  await using host = await FleetFixture.start(1, { slots: 2 });
  const beside = host.submit(UNTIL_ABORTED);
  const slow = host.submit("() => new Promise(() => {})", [], { flags: { maxRuntimeMs: 200 }, name: "sleep" });
  const behind = [host.submit("() => 1"), host.submit("() => 2")];
  assert.match(verdictOf(await slow.end), /^timed-out: it ran longer than its maxRuntime of 200 ms/);
  const died = verdictOf(await beside.end);
  assert.match(died, /^engine-died: task "session-2" \(sleep\) ran longer than its maxRuntime of 200 ms/);
  for (const { end } of behind) assert.equal((await end).outcome.kind, "returned");
  await host.until(() => host.fleet.ready.length === 1);
  assert.equal(await host.value("() => 5"), 5);
});

Deno.test("an abort fires the signal of its task alone", async () => {
  await using host = await FleetFixture.start(1, { slots: 3, graceMs: 10_000 });
  const all = [1, 2, 3].map(() => host.submit(UNTIL_ABORTED));
  await host.until(() => published(host).length === 3);
  const [, second] = all;
  assert.ok(second !== undefined);
  host.fleet.abort(second.run);
  assert.equal((await second.end).outcome.kind, "aborted");
  assert.equal(await host.value("() => 1"), 1);
  assert.deepEqual(all.map(({ run }) => run.state), ["running", "ended", "running"]);
});

Deno.test("a drain lets all running tasks finish", async () => {
  await using host = await FleetFixture.start(1, { slots: 2 });
  const source =
    `() => { currentTask().publish("up"); return new Promise((done) => setTimeout(done, 200, "finished")); }`;
  const running = [host.submit(source), host.submit(source)];
  await host.until(() => published(host).length === 2);
  const behind = host.submit("() => 1");
  await host.fleet.stop([0 as EngineId], 10_000);
  assert.deepEqual((await Promise.all(running.map(({ end }) => end))).map(valueOf), ["finished", "finished"]);
  assert.equal((await behind.end).outcome.kind, "returned");
});

Deno.test("what waits in the pipe can be called back; what runs, and what was sent past the scheduler, stays", async () => {
  await using host = await FleetFixture.start(1);
  // So many quick ones that the host sends ahead.
  await Promise.all(Array.from({ length: 50 }, () => host.run("() => 1")));
  const running = host.submit(
    "() => { currentTask().publish(1); return new Promise((done) => setTimeout(done, 300, 0)); }",
  );
  const behind = [host.submit("() => 2"), host.submit("() => 3", [], { direct: true }), host.submit("() => 4")];
  await host.until(() => published(host).length === 1);
  assert.deepEqual(behind.map(({ run }) => run.state), ["sent", "sent", "sent"]);
  for (const { run } of [running, ...behind]) host.fleet.callBack(run);
  assert.equal((await behind[0]?.end)?.outcome.kind, "returned");
  assert.equal((await behind[2]?.end)?.outcome.kind, "returned");
  assert.equal(running.run.state, "running");
  assert.equal(valueOf(await running.end), 0);
  assert.equal(valueOf(await (behind[1] ?? running).end), 3);
});
