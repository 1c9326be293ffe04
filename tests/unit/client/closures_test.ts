/** Functions with what they captured, through text and back, as engines make them. @module */
import assert from "node:assert/strict";
import * as path from "node:path";
import { basename as base } from "node:path";
import os from "node:os";
import { currentTask } from "../../../client/current_task.ts";
import { depend } from "../../../client/depend.ts";
import { require } from "../../../client/require.ts";
import { SerializationError, TaskAborted, UnmetDependency } from "../../../wire/errors.ts";
import * as troupe from "../../../mod.ts";
import { FakeCluster } from "./fake_cluster.ts";

const three = 3;
const table = [10, 20, 30];
const help = (x: number) => x * three;
let counter = 0;
const increment = () => ++counter;
const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);
const isOdd = (n: number): boolean => n > 0 && isEven(n - 1);
const factorial = (n: number): number => n < 2 ? 1 : n * factorial(n - 1);
function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
function* squares(n: number) {
  for (let i = 0; i < n; i++) yield i * i;
}
async function* later(n: number) {
  for (const item of squares(n)) yield await Promise.resolve(item);
}
class Shape {
  static made = 0;
  static unit = new Shape(1);
  constructor(readonly size: number) {
    Shape.made++;
  }
  area() {
    return this.size * three;
  }
}
class Square extends Shape {
  override area() {
    return super.area() * this.size;
  }
}
class Secret {
  #value = 7;
  reveal() {
    return this.#value + three;
  }
}
const memo: { (x: number): number; calls: number } = Object.assign((x: number) => ++memo.calls + x, { calls: 0 });
const api = { twice: (x: number) => help(x) * 2, nested: { list: [(x: number) => x + counter] } };
const settings = new Map<string, unknown>([["typed", new Float64Array([1.5])], ["date", new Date(5)]]);
const Map2 = Map;
enum Color {
  Red,
  Green,
}

function makeCounter(n = 0) {
  return { increment: () => ++n, get: () => n };
}
const one = makeCounter();
const two = makeCounter();

const CASES: readonly (readonly [what: string, f: (...args: never[]) => unknown, args: readonly unknown[]])[] = [
  ["a constant", (x: number) => x * three, [2]],
  ["a function and what it captured", (x: number) => help(x) + (table[x] ?? 0), [1]],
  [
    "a typed array and a date in a map",
    () => [...settings].length + ((settings.get("typed") as Float64Array)[0] ?? 0),
    [],
  ],
  ["recursion of an arrow", factorial, [10]],
  ["recursion of a function", (n: number) => fibonacci(n), [10]],
  ["mutual recursion", (n: number) => [isEven(n), isOdd(n)], [7]],
  ["a generator used inside", (n: number) => [...squares(n)], [4]],
  ["an async generator used inside", async (n: number) => {
    const list = [];
    for await (const item of later(n)) list.push(item);
    return list;
  }, [4]],
  ["default parameters that captured", (x = three, y = help(x)) => x + y, []],
  ["destructuring and shorthand", ({ three: t }: { three: number }) => ({ three, t, ...{ table } }), [{ three: 4 }]],
  ["a class", () => new Shape(2).area(), []],
  ["a class that extends", () => [new Square(4).area(), new Square(1) instanceof Shape, Square.name], []],
  ["a class with private state", () => new Secret().reveal(), []],
  ["a static field that is an instance of its class", () => [Shape.unit.size, Shape.unit instanceof Shape], []],
  ["functions in objects", (x: number) => [api.twice(x), api.nested.list[0]?.(x)], [2]],
  ["a global under another name", () => new Map2([[1, 2]]).size, []],
  ["an enum", () => [Color.Red, Color[1]], []],
  ["a named import of another name", (text: string) => base(text), ["/a/b"]],
  ["a namespace and a default import", () => [path.join("a", "b"), typeof os.cpus], []],
  ["a dynamic import", async () => (await import("node:path")).basename("/a/b"), []],
  ["two closures of one maker", () => [one.increment(), one.increment(), two.increment(), one.get(), two.get()], []],
  ["names that are free only in typeof", () => typeof (globalThis as { nothing?: 1 }).nothing, []],
  [
    "a method in shorthand form",
    {
      add(x: number) {
        return x + three;
      },
    }.add,
    [1],
  ],
];

async function view() {
  return (await FakeCluster.start()).client.loadBalancedView();
}

for (const [what, f, args] of CASES) {
  Deno.test(`it gives on an engine what it gives here: ${what}`, async () => {
    const lview = await view();
    const shipped = await lview.apply(f as () => unknown, ...args as []);
    // Chunked, with the loop around it.
    const mapped = await lview.with({ chunksize: 2 }).map(f as (x: unknown) => unknown, [args[0], args[0]]);
    const here = await f(...args as never[]);
    assert.deepEqual(shipped, here);
    assert.deepEqual(mapped, [here, here]);
  });
}

Deno.test("what captured variables hold is that of the moment of submission, and each task starts from it", async () => {
  const lview = await view();
  counter = 5;
  const list = [1];
  const f = () => {
    increment();
    list.push(counter);
    return [counter, list.length];
  };
  const first = lview.apply(f);
  counter = 100;
  list.push(7, 7);
  const second = lview.apply(f);
  const third = lview.apply(f);
  assert.deepEqual(await Promise.all([first, second, third]), [[6, 2], [101, 4], [101, 4]]);
  assert.deepEqual([counter, list.length], [100, 3]);
});

Deno.test("a variable that two functions share is one variable there, and one of another closure is another", async () => {
  const lview = await view();
  const pair = () => {
    let n = 0;
    const inc = () => ++n;
    const both = () => {
      inc();
      inc();
      return n;
    };
    return both;
  };
  assert.equal(await lview.apply(pair()), 2);
  const make = () => {
    let n = 0;
    return () => ++n;
  };
  const [a, b] = [make(), make()];
  assert.deepEqual(await lview.apply(() => [a(), a(), b()]), [1, 2, 1]);
  let shared = 0;
  const adders = [1, 10].map((by) => () => shared += by);
  assert.deepEqual(await lview.apply(() => [...adders.map((add) => add()), shared]), [1, 11, 11]);
});

Deno.test("variables of one name from several closures are kept apart, and globals are not hidden", async () => {
  const lview = await view();
  const make = (n: number) => {
    const name = { n };
    return ({ n: x }: { n: number }) => ({ n, x, name: name.n });
  };
  const [a, b] = [make(1), make(2)];
  const n = 3;
  const hides = () => {
    const Set = () => "mine";
    return () => Set();
  };
  const hidden = hides();
  const shipped = await lview.apply(() => [a({ n }), b({ n }), n, hidden(), new Set([1]).size]);
  assert.deepEqual(shipped, [{ n: 1, x: 3, name: 1 }, { n: 2, x: 3, name: 2 }, 3, "mine", 1]);
});

Deno.test("properties of functions, and static fields as they are now, travel", async () => {
  const lview = await view();
  memo.calls = 4;
  Shape.made = 40;
  assert.deepEqual(await lview.apply(() => [memo(1), memo.calls]), [6, 5]);
  assert.equal(await lview.apply(() => Shape.made), 40);
});

Deno.test("what tasks use of Troupe is the engine's own", async () => {
  const lview = await view();
  const ask = currentTask;
  assert.equal(await lview.apply(() => currentTask().engineId === ask().engineId), true);
  await assert.rejects(
    Promise.resolve(lview.apply(() => {
      throw new UnmetDependency("busy");
    })),
    { remoteName: "UnmetDependency" },
  );
  assert.equal(await lview.apply(() => new TaskAborted("x") instanceof troupe.TroupeError), true);
});

Deno.test("functions travel as values: in arguments, in objects, as classes", async () => {
  const lview = await view();
  assert.deepEqual(await lview.apply((f: (x: number) => number, xs: number[]) => xs.map(f), help, [1, 2]), [3, 6]);
  const tools = { deep: [{ f: (x: number) => api.twice(x) }] };
  assert.equal(await lview.apply((t: typeof tools) => t.deep[0]?.f(1), tools), 6);
  assert.equal(await lview.apply((C: typeof Square) => new C(4).area(), Square), 48);
  assert.deepEqual(await lview.map((f: (s: string) => string) => f("/a/b"), [(s: string) => base(s), () => "c"]), [
    "b",
    "c",
  ]);
  assert.equal(
    await lview.apply(({ m }: { m(x: number): number }) => m(1), {
      m(x: number) {
        return x + 1;
      },
    }),
    2,
  );
  await assert.rejects(Promise.resolve(lview.apply(() => help)), /Cannot serialize result: it is the function/);
});

Deno.test("a generator can't be a result, and the error says what can", async () => {
  const lview = await view();
  await assert.rejects(Promise.resolve(lview.apply(squares, 3)), /an instance of Generator.*\[\.\.\.f\(x\)\]/);
});

Deno.test("behind conditions, functions and their checks keep what they captured", async () => {
  const lview = await view();
  const limit = { n: 2 };
  const isLow = (x: number) => x < limit.n && isEven(0);
  const f = depend(isLow, 1)((x: number) => help(x) + limit.n);
  assert.deepEqual([f(1), await lview.apply(f, 1)], [5, 5]);
  limit.n = 0;
  await assert.rejects(Promise.resolve(lview.apply(f, 1)), { remoteName: "UnmetDependency" });
  const outer = { zlib: 0, level: 0 };
  const { zlib, level } = outer as unknown as { zlib: typeof import("node:zlib"); level: number };
  const g = require({ zlib: "node:zlib", level: 9 })((x: string) => [typeof zlib.gzipSync, level, help(x.length)]);
  assert.deepEqual(await lview.apply(g, "ab"), ["function", 9, 6]);
  assert.deepEqual(await g("ab"), ["function", 9, 6]);
});

Deno.test("a function that captured nothing that changes is looked at once, and its template is shared", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const f = (x: number) => help(x);
  await Promise.all([lview.apply(f, 1), lview.apply(f, 2)]);
  await lview.apply(f, 3);
  assert.deepEqual(cluster.batches.map((batch) => [batch[1].length, batch[2].length]), [[1, 1], [0, 1]]);
  const packed = cluster.session.shipping.pack(f);
  assert.equal(cluster.session.shipping.pack(f), packed);
});

const socket = new WeakRef({});
const weak = new WeakMap();
const proxied = new Proxy({ a: 1 }, {});
const proxiedFunction = new Proxy(() => 1, {});
class Unknown {
  x = 1;
}
const unknown = new Unknown();
const deepUnknown = { list: [unknown] };
const bound = help.bind(null, 1);
const { max } = Math;
const usesWeak = () => weak;

const REFUSED: readonly (readonly [what: string, f: () => unknown, says: RegExp])[] = [
  ["a weak reference", () => socket, /Cannot ship "<?\w*>?" with "socket".*WeakRef/],
  ["a WeakMap", () => weak, /with "weak".*an instance of WeakMap/],
  ["a Proxy", () => proxied.a, /uses "proxied".*, a Proxy/],
  ["a Proxy of a function", () => proxiedFunction(), /uses "proxiedFunction".*, a Proxy/],
  [
    "an instance of a class that is not registered",
    () => deepUnknown,
    /deepUnknown\.list\[0\].*Unknown.*registerType\(Unknown\)/,
  ],
  ["a bound function", () => bound(), /uses "bound".*, which can't travel.*bound function/],
  ["a native function", () => max(1, 2), /uses "max".*, which can't travel.*native code/],
  ["a function that captured what can't travel", () => usesWeak(), /"usesWeak" with "weak"/],
  [
    "the this around an arrow",
    function (this: unknown) {
      return () => this;
    }.call(1),
    /`this` around it/,
  ],
  [
    "the arguments around an arrow",
    function () {
      return () => arguments.length;
    }.call(1),
    /`arguments` of the function around it/,
  ],
  [
    "super",
    ({
      m() {
        return super.toString();
      },
    }).m,
    /uses super/,
  ],
  ["import.meta", () => import.meta.url, /uses import\.meta/],
];

for (const [what, f, says] of REFUSED) {
  Deno.test(`it is refused by name: ${what}`, async () => {
    const lview = await view();
    await assert.rejects(Promise.resolve(lview.apply(f)), (error: Error) => {
      assert.ok(error instanceof SerializationError, String(error));
      assert.match(error.message, says);
      return true;
    });
  });
}

/** `file:///…/this_test.ts:line:column` of the first place of this text in this file. */
function placeOf(text: string, within = text): string {
  const lines = Deno.readTextFileSync(new URL(import.meta.url)).split("\n");
  const line = lines.findIndex((line) => line.includes(within));
  return `${import.meta.url}:${line + 1}:${(lines[line] ?? "").indexOf(text, (lines[line] ?? "").indexOf(within)) + 1}`;
}

Deno.test("what refuses a variable says where it is declared, in the file as it was written", async () => {
  const lview = await view();
  const declared: readonly (readonly [f: () => unknown, place: string])[] = [
    [() => socket, placeOf("socket", "const socket =")],
    [() => proxied.a, placeOf("proxied", "const proxied =")],
    [() => deepUnknown, placeOf("deepUnknown", "const deepUnknown =")],
    [() => bound(), placeOf("bound", "const bound =")],
    [() => max(1, 2), placeOf("max", "const { max }")],
  ];
  for (const [f, place] of declared) {
    await assert.rejects(Promise.resolve(lview.apply(f)), (error: Error) => {
      assert.ok(error.message.includes(` (declared at ${place})`), `${place} is not in ${error.message}`);
      return true;
    });
  }
  await assert.rejects(Promise.resolve(lview.apply(() => usesWeak())), {
    message: new RegExp(
      `"usesWeak" with "weak", a variable around it \\(declared at ${placeOf("weak", "const weak =")}\\)\\.`,
    ),
  });
});

Deno.test("what is refused in the text of a function is told with its place in the file", async () => {
  const lview = await view();
  const meta = () => import.meta.filename;
  await assert.rejects(Promise.resolve(lview.apply(meta)), {
    message: new RegExp(`uses import\\.meta at ${placeOf("import.meta.filename", "const meta =")}, `),
  });
});

Deno.test("a variable that has no value yet is refused by name", async () => {
  const lview = await view();
  const result = lview.apply(() => early);
  const early = 1;
  await assert.rejects(Promise.resolve(result), {
    message: new RegExp(
      `Cannot ship "<anonymous>": it uses "early" \\(declared at ${
        placeOf("early", "const early =")
      }\\), which has no value yet`,
    ),
  });
  assert.equal(await lview.apply(() => early), 1);
});
