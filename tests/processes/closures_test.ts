/** Functions with what they captured, on a real cluster. @module */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { EventEmitter } from "node:events";
import { Cluster, currentTask, depend, registerType, RemoteError, UnmetDependency } from "../../mod.ts";
import { within } from "../../testing/within.ts";

const soon = <T>(result: PromiseLike<T>) => within(result, "a task", 15_000);

const k = 3;
const help = (x: number) => x * k;
const table = new Float64Array([0.5, 1.5, 2.5]);
let counter = 10;
const increment = () => ++counter;

class Emitter extends EventEmitter {
  heard: string[] = [];
  listen() {
    this.on("news", (text: string) => this.heard.push(basename(text)));
    return this;
  }
}

class Point {
  constructor(readonly x: number, readonly y: number) {}
  plus(other: Point) {
    return new Point(this.x + other.x, this.y + other.y);
  }
}
registerType(Point);
const origin = new Point(1, 1);

Deno.test("functions just travel: captures, imports, classes, values", async (t) => {
  await using cluster = await Cluster.start({ n: 2 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();

  await t.step("a function and what it captured, in maps, in chunks, directly", async () => {
    const f = (x: number) => help(x) + (table[x] ?? 0);
    const wanted = [0.5, 4.5, 8.5];
    assert.deepEqual(await soon(lview.map(f, [0, 1, 2])), wanted);
    assert.deepEqual(await soon(lview.with({ chunksize: 2 }).map(f, [0, 1, 2])), wanted);
    assert.deepEqual(await soon(client.directView("all").apply(f, 1)), [4.5, 4.5]);
  });

  await t.step("each call starts from the values at submission, also those of one chunk", async () => {
    const f = () => increment() + table.fill(0).length;
    const first = lview.map(f, [1, 2, 3, 4]);
    const chunked = lview.with({ chunksize: 4 }).map(f, [1, 2, 3, 4]);
    counter = 1_000;
    assert.deepEqual(await soon(first), [14, 14, 14, 14]);
    assert.deepEqual(await soon(chunked), [14, 14, 14, 14]);
    assert.equal(table[0], 0.5);
  });

  await t.step("imports are imported there, static and dynamic, and a class may extend what was imported", async () => {
    const f = async (path: string) => {
      const { extname } = await import("node:path");
      return basename(path) + extname(path);
    };
    assert.deepEqual(await soon(lview.map(f, ["/a/b.c", "d.e"])), ["b.c.c", "d.e.e"]);
    const emit = (path: string) => {
      const emitter = new Emitter().listen();
      emitter.emit("news", path);
      return [emitter.heard, emitter instanceof EventEmitter];
    };
    assert.deepEqual(await soon(lview.apply(emit, "/a/b")), [["b"], true]);
  });

  await t.step("functions as values, and instances of registered classes", async () => {
    assert.deepEqual(await soon(lview.apply((f: typeof help, x: number) => f(x), help, 2)), 6);
    const byName = (f: (path: string) => string) => f("/a/b");
    assert.equal(await soon(lview.apply(byName, (path: string) => basename(path) + k)), "b3");
    const points = await soon(lview.map((p: Point) => p.plus(origin), [new Point(1, 2), new Point(3, 4)]));
    assert.deepEqual(points, [new Point(2, 3), new Point(4, 5)]);
    assert.ok(points[0] instanceof Point);
    const both = await soon(
      lview.with({ chunksize: 2, returnExceptions: true }).map((p: Point) => {
        if (p.x === 1) throw new RangeError("one");
        return p;
      }, [new Point(1, 2), new Point(3, 4)]),
    );
    assert.ok(both[0] instanceof RemoteError && (both[1] as unknown) instanceof Point, String(both));
  });

  await t.step("the engine's own currentTask and UnmetDependency, also in helpers and checks", async () => {
    const onFirst = () => currentTask().engineId === 0;
    const engines = await soon(lview.map(depend(onFirst)(() => currentTask().engineId), [1, 2]));
    assert.deepEqual(engines, [0, 0]);
    const decline = () => {
      throw new UnmetDependency("busy");
    };
    const engine = await soon(lview.apply(() => onFirst() ? decline() : currentTask().engineId));
    assert.equal(engine, 1);
  });

  await t.step("an error keeps the function's name, and a name that nobody has says where it is missing", async () => {
    function breaks(x: number): number {
      throw new RangeError(`broken ${help(x)}`);
    }
    const error = await soon(lview.apply(breaks, 1).then(() => assert.fail("it ran"), (error: Error) => error));
    assert.ok(error instanceof RemoteError && error.cause instanceof RangeError);
    assert.match(error.remoteStack, new RegExp(`at breaks \\(${import.meta.url}:\\d+:13\\)`));
    assert.doesNotMatch(error.remoteStack, /engine\//);
    const missing = new Function("return () => nowhere + 1")();
    await assert.rejects(soon(lview.apply(missing)), /"nowhere" is not defined on engine \d/);
    const global = globalThis as unknown as { ofThisProgram?: number };
    global.ofThisProgram = 1;
    const known = lview.apply(new Function("return () => ofThisProgram")());
    await assert.rejects(soon(known), /"ofThisProgram" exists where it was submitted, but as a global/);
    delete global.ofThisProgram;
  });
});
