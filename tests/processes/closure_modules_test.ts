/** Functions that use local modules, on a real cluster: their imports travel with them, wherever the functions stand. @module */
import assert from "node:assert/strict";
import { Cluster, CompositeError, registerType, RemoteError, remoteModule, require } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import named, { area } from "./closure_modules/areas.ts";
import * as areas from "./closure_modules/areas.ts";
import { Circle } from "./closure_modules/circle.ts";
import { count, fail, Rectangle, square } from "./closure_modules/shapes.ts";

const soon = <T>(result: PromiseLike<T>) => within(result, "a task", 15_000);

/** Its methods use a module. */
class Box {
  constructor(readonly side: number) {}
  volume(): number {
    return area(this.side, this.side) * this.side;
  }
}
registerType(Box);
registerType(Circle);

const double = (x: number) => 2 * area(x, 1);

Deno.test("functions bring the local modules that they import", async (t) => {
  await using cluster = await Cluster.start({ n: 2 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  const dview = client.directView();

  await t.step(
    "named, default, as a namespace and dynamically; in maps, in chunks, directly, submitted again",
    async () => {
      const f = async (x: number) => {
        const { area: dynamic } = await import("./closure_modules/areas.ts");
        return `${named} ${area(x, 2)} ${areas.area(x, 3)} ${dynamic(x, 4)}`;
      };
      const wanted = ["areas 2 3 4", "areas 4 6 8", "areas 6 9 12"];
      assert.deepEqual(await soon(lview.map(f, [1, 2, 3])), wanted);
      assert.deepEqual(await soon(lview.with({ chunksize: 2 }).map(f, [1, 2, 3])), wanted);
      assert.deepEqual(await soon(dview.apply(f, 1)), [wanted[0], wanted[0]]);
      const once = lview.apply(f, 1);
      assert.equal(await soon(once), wanted[0]);
      assert.equal(await soon(client.resubmit(once.msgId)), wanted[0]);
    },
  );

  await t.step("a module is loaded once on an engine, and its state stays there", async () => {
    const engine = client.at(0);
    const before = await soon(engine.apply(() => count()));
    await soon(engine.apply((side: number) => square(side).area(), 2));
    assert.equal(await soon(engine.apply(() => count())), before + 1);
    assert.equal(count(), 0);
  });

  await t.step("classes that a module registers come back as instances of what this program has", async () => {
    const [one, two] = await soon(lview.with({ chunksize: 2 }).map((side: number) => square(side), [1, 2]));
    assert.ok(one instanceof Rectangle && two instanceof Rectangle);
    assert.deepEqual([one.area(), two.area()], [1, 4]);
  });

  await t.step("so do those of a class that is imported from a module and registered here", async () => {
    const made = await soon(lview.apply((radius: number) => new Circle(radius), 2));
    const grown = await soon(lview.apply((circle: Circle) => circle instanceof Circle && circle.wider(1), made));
    assert.ok(made instanceof Circle && grown instanceof Circle);
    assert.deepEqual([made.radius, grown.radius], [2, 3]);
  });

  await t.step(
    "functions among arguments, in whatever they are, and instances of classes that use modules",
    async () => {
      const call = (f: (x: number) => number, x: number) => f(x);
      assert.equal(await soon(lview.apply(call, (x) => area(x, 5), 2)), 10);
      assert.deepEqual(await soon(dview.apply(call, (x) => area(x, 5), 2)), [10, 10]);
      const inside = ({ steps }: { readonly steps: readonly ((x: number) => number)[] }) =>
        steps.reduce((x, step) => step(x), 1);
      assert.equal(await soon(lview.apply(inside, { steps: [double, (x) => area(x, 7)] })), 14);
      const rows = [(x: number) => x, (x: number) => area(x, 2), (x: number) => square(x).area()];
      assert.deepEqual(await soon(lview.map(call, rows, [3, 3, 3])), [3, 6, 9]);
      assert.deepEqual(await soon(lview.with({ chunksize: 2 }).map(call, rows, [3, 3, 3])), [3, 6, 9]);
      assert.equal(await soon(lview.apply((box: Box) => box.volume(), new Box(3))), 27);
      const remote = remoteModule<typeof import("./closure_modules/areas.ts")>(
        import.meta.resolve("./closure_modules/areas.ts"),
      );
      const awaited = async (f: (x: number, y: number) => number | Promise<number>) => await f(4, 5);
      assert.equal(await soon(lview.apply(awaited, remote.area)), 20);
      const again = lview.apply(call, (x: number) => area(x, 9), 2);
      assert.equal(await soon(again), 18);
      assert.equal(await soon(client.resubmit(again.msgId)), 18);
    },
  );

  await t.step("functions among captured variables, behind conditions, and pushed to engines", async () => {
    const box = new Box(2);
    const table = { double };
    assert.equal(await soon(lview.apply(() => table.double(4) + box.volume())), 16);
    const remote = remoteModule<typeof import("./closure_modules/areas.ts")>(
      import.meta.resolve("./closure_modules/areas.ts"),
    ).area;
    assert.equal(await soon(lview.apply(async () => await remote(6, 7))), 42);
    const guarded = require({ path: "node:path", helper: double })((x: number) => helper(x));
    assert.equal(await soon(lview.apply(guarded, 3)), 6);
    assert.equal(await guarded(3), 6);
    await soon(dview.push({ pushed: (x: number) => area(x, 11) }));
    assert.deepEqual(await soon(dview.execute<number>("pushed(2)")), [22, 22]);
  });

  await t.step(
    "an error in a module shows its file, also where a function among the arguments brought it",
    async () => {
      const file = import.meta.resolve("./closure_modules/shapes.ts");
      for (const result of [lview.apply(() => fail()), lview.apply((f: () => never) => f(), () => fail())]) {
        const error = await soon(result.then(() => assert.fail("it ran"), (error: Error) => error));
        assert.ok(error instanceof RemoteError);
        assert.match(error.stack ?? "", new RegExp(`at fail \\(${file}:29:9\\)\n +29 \\| {3}throw new RangeError`));
      }
    },
  );
});

Deno.test("a function that was pushed finds its module also when the engine has forgotten who brought it", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const engine = client.at(0);
  const late = async (x: number) => (await import("./closure_modules/areas.ts")).area(x, 11);
  await soon(engine.push({ late }));
  // More templates than an engine keeps: each captured another value.
  const others = Array.from({ length: 300 }, (_, n) => {
    const held = [n];
    return engine.apply(() => held[0]);
  });
  assert.equal((await soon(Promise.all(others))).length, 300);
  assert.equal(await soon(engine.execute("late(3)")), 33);
});

Deno.test("an error in a function or an object among the arguments shows the user's file and line", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  const text = Deno.readTextFileSync(new URL(import.meta.url)).split("\n");
  const placeOf = (what: string) => `${import.meta.url}:${text.findIndex((line) => line.includes(what)) + 1}:`;
  const level = 3;
  const given = (): number => {
    if (level > 2) throw new RangeError("a given function");
    return level;
  };
  class Gauge {
    constructor(readonly most: number) {}
    read(): number {
      throw new RangeError(`an instance of ${this.most}`);
    }
  }
  registerType(Gauge);
  const cases = [
    [lview.apply((f: () => number) => f(), given), placeOf('RangeError("a given function")')],
    [
      lview.with({ chunksize: 2 }).map((list: (() => number)[]) => list[0]?.(), [[given]]),
      placeOf('("a given function")'),
    ],
    [lview.apply((gauge: Gauge) => gauge.read(), new Gauge(4)), placeOf("RangeError(`an instance")],
  ] as const;
  for (const [result, place] of cases) {
    const error = await soon(result.then(() => assert.fail("it ran"), (error: Error) => error));
    const first = error instanceof CompositeError ? error.errors[0] as Error : error;
    assert.ok(first.stack?.includes(`(${place}`), `${place} is not in ${first.stack}`);
  }
});

Deno.test("in the scheme pure too", async () => {
  await using cluster = await Cluster.start({ n: 1, scheme: "pure" });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  assert.equal(await soon(lview.apply(() => area(2, 3))), 6);
  assert.equal(await soon(lview.apply((f: typeof double) => f(4), double)), 8);
});

/** What require binds in the function that uses it. */
declare function helper(x: number): number;
