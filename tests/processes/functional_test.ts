/** Functional dependencies on a real cluster: tasks choose their engines. @module */
import assert from "node:assert/strict";
import { Cluster, currentTask, depend, DependencyTimeout, RemoteError, require, UnmetDependency } from "../../mod.ts";
import { within } from "../../testing/within.ts";

/** How often a task has come to an engine under this name, itself included. */
const count = (name: string): number => {
  const counts = globalThis as unknown as Record<string, number>;
  return counts[name] = (counts[name] ?? 0) + 1;
};

const soon = <T>(result: PromiseLike<T>) => within(result, "a task", 15_000);

async function failureOf(result: PromiseLike<unknown>): Promise<Error> {
  return await soon(Promise.resolve(result).then(() => assert.fail("it ran"), (error: Error) => error));
}

class Tasks {
  static where(x: number): [number, number] {
    return [x, currentTask().engineId];
  }
}

Deno.test("tasks decline engines: each is asked once, another one runs them, and a new one when all have declined", async (t) => {
  await using cluster = await Cluster.start({ n: 2 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  const asked = async (name: string) =>
    await soon(client.directView([0, 1]).apply((name: string): number => (globalThis as never)[name] ?? 0, name));

  await t.step("a task that throws UnmetDependency runs elsewhere, and has been tried once", async () => {
    const task = require({ count })(() => {
      count("busy");
      if (currentTask().engineId === 0) throw new UnmetDependency("busy");
      return currentTask().engineId;
    });
    const results = [lview.apply(task), lview.apply(task), lview.apply(task)];
    assert.deepEqual(await soon(Promise.all(results)), [1, 1, 1]);
    assert.deepEqual(results.map(({ metadata }) => metadata.attempts), [1, 1, 1]);
    const [on0 = 0, on1 = 0] = await asked("busy");
    assert.ok(on0 <= 3 && on1 === 3, `${on0}, ${on1}`);
  });

  await t.step("where all declined it waits, until its timeout ends it", async () => {
    const task = require({ count })(() => {
      count("nowhere");
      throw new UnmetDependency("not here");
    });
    const error = await failureOf(lview.with({ timeout: 1_000 }).apply(task));
    assert.ok(error instanceof DependencyTimeout, String(error));
    assert.deepEqual(await asked("nowhere"), [1, 1]);
  });

  await t.step("depend: its check travels with its arguments, in maps and in chunks too", async () => {
    const isOn = (wanted: readonly number[]) => wanted.includes(currentTask().engineId);
    const double = (x: number): number[] => [2 * x, currentTask().engineId];
    const wanted = [[2, 1], [4, 1], [6, 1]];
    const f = depend(isOn, [1, 7])(double);
    assert.deepEqual(await soon(lview.map(f, [1, 2, 3])), wanted);
    assert.deepEqual(await soon(lview.with({ chunksize: 2 }).map(f, [1, 2, 3])), wanted);
    const later = async (wanted: number) => await Promise.resolve(currentTask().engineId === wanted);
    assert.deepEqual(await soon(lview.apply(depend(later, 0)(double), 4)), [8, 0]);
    const error = await failureOf(client.at(0).apply(f, 1));
    assert.ok(error instanceof RemoteError && error.cause instanceof UnmetDependency, String(error));
    assert.match(error.message, /Cannot run "double" on engine 0: "isOn" gave false there/);
  });

  await t.step(
    "require: what it names is there; where it can't be imported the task waits, and says so directly",
    async () => {
      const tools: { readonly zlib: typeof import("node:zlib") } = { zlib: {} as never };
      const { zlib } = tools;
      const unpack = (text: string) => zlib.gunzipSync(zlib.gzipSync(text)).toString();
      const f = require("node:os", { zlib: "node:zlib", unpack, limit: 5 })((text: string) => unpack(text).length);
      assert.equal(await soon(lview.apply(f, "packed")), 6);
      assert.deepEqual(await soon(lview.with({ chunksize: 2 }).map(f, ["a", "bc", "def"])), [1, 2, 3]);
      const missing = require("node:nothing")(() => 1);
      const waited = await failureOf(lview.with({ timeout: 500 }).apply(missing));
      assert.ok(waited instanceof DependencyTimeout, String(waited));
      const error = await failureOf(client.at(1).apply(missing));
      assert.ok(error instanceof RemoteError && error.cause instanceof UnmetDependency, String(error));
      assert.match(error.message, /"node:nothing" can't be imported there: /);
    },
  );

  await t.step("as decorators, in both calling forms", async () => {
    const isOn = (wanted: number) => currentTask().engineId === wanted;
    const standard = depend(isOn, 1)(Tasks.where, { kind: "method", name: "where", static: true });
    assert.deepEqual(await soon(lview.apply(standard, 3)), [3, 1]);
    const descriptor = Object.getOwnPropertyDescriptor(Tasks, "where") as TypedPropertyDescriptor<typeof Tasks.where>;
    const legacy = require("node:zlib")(Tasks, "where", depend(isOn, 0)(Tasks, "where", descriptor)).value;
    assert.deepEqual(await soon(lview.apply(legacy ?? assert.fail(), 4)), [4, 0]);
  });

  await t.step("the stack of an error names the function and its line, and nothing else", async () => {
    function broken(x: number): number {
      if (x < 0) return x;
      throw new RangeError("too big");
    }
    for (const f of [depend(() => true)(broken), require({ limit: 1 })(broken)]) {
      const error = await failureOf(lview.apply(f, 1));
      assert.ok(error instanceof RemoteError, String(error));
      const frames = error.remoteStack.split("\n").filter((line) => /^\s+at /.test(line));
      assert.match(frames[0] ?? "", new RegExp(`at broken \\(${import.meta.url}:\\d+:13\\)`));
      assert.doesNotMatch(error.remoteStack, /troupeGuard/);
    }
  });

  await t.step("a task that all declined runs on a new engine", async () => {
    const task = require({ count })(() => {
      if (currentTask().engineId < 2) throw new UnmetDependency(`asked ${count("old")} times`);
      return currentTask().engineId;
    });
    const result = lview.apply(task);
    const declined = async () => {
      while ((await asked("old")).some((times) => times === 0));
    };
    await soon(declined());
    await cluster.startEngines(1);
    assert.equal(await soon(result), 2);
    assert.deepEqual(await asked("old"), [1, 1]);
  });
});
