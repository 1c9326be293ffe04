import assert from "node:assert/strict";
import { depend, dependent } from "../../../client/depend.ts";
import { require } from "../../../client/require.ts";
import { RemoteError, SerializationError, UnmetDependency } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

const isEven = (x: number) => x % 2 === 0;
const never = () => false;
const always = () => true;

/** Names that only `require` gives a value: on an engine, and from the text. */
const unbound: { readonly zlib: typeof import("node:zlib"); readonly limit: number } = { zlib: {} as never, limit: -1 };
const { zlib, limit } = unbound;

function add(this: unknown, x: number, y: number): number {
  return x + y;
}

async function view() {
  return (await FakeCluster.start()).client.loadBalancedView();
}

/** What a task failed with on its engine. */
async function causeOf(result: PromiseLike<unknown>): Promise<Error> {
  const error = await Promise.resolve(result).then(() => assert.fail("it ran"), (error) => error);
  assert.ok(error instanceof RemoteError && error.cause instanceof Error, String(error));
  return error.cause;
}

Deno.test("a function behind a check keeps its name, its length and what it gives", async () => {
  const lview = await view();
  const f = depend(isEven, 4)(add);
  assert.deepEqual([f.name, f.length], ["add", 2]);
  assert.equal(f.call(null, 1, 2), 3);
  assert.equal(await lview.apply(f, 1, 2), 3);
  const same = dependent(add, isEven, 4);
  assert.deepEqual([same.name, same.length, await lview.apply(same, 1, 2)], ["add", 2, 3]);
});

Deno.test("a check that gives false declines, here and on an engine, and says which and where", async () => {
  const f = depend(isEven, 3)(add);
  assert.throws(() => f.call(null, 1, 2), (error: Error) => {
    assert.ok(error instanceof UnmetDependency);
    assert.match(error.message, /Cannot run "add" in this program: "isEven" gave false there/);
    return true;
  });
  const cause = await causeOf((await view()).apply(f, 1, 2));
  assert.ok(cause instanceof UnmetDependency);
  assert.match(cause.message, /Cannot run "add" on engine 0: "isEven" gave false there/);
});

Deno.test("nothing but false declines, also where it comes as a promise", async () => {
  const lview = await view();
  for (const verdict of [undefined, null, 0, "", NaN]) {
    const same = (x: unknown) => x;
    const later = async (x: unknown) => await Promise.resolve(x);
    assert.equal(await lview.apply(depend(same, verdict)(add), 1, 2), 3);
    assert.equal(await lview.apply(depend(later, verdict)(add), 1, 2), 3);
    assert.equal(await depend(later, verdict)(add)(1, 2), 3);
  }
  const declines = async () => await Promise.resolve(false);
  await assert.rejects(Promise.resolve(depend(declines)(add)(1, 2)), UnmetDependency);
  assert.ok(await causeOf(lview.apply(depend(declines)(add), 1, 2)) instanceof UnmetDependency);
});

Deno.test("what a check throws is the error of the task", async () => {
  const broken = () => {
    throw new RangeError("broken check");
  };
  const f = depend(broken)(add);
  assert.throws(() => f.call(null, 1, 2), /RangeError: broken check/);
  assert.ok(await causeOf((await view()).apply(f, 1, 2)) instanceof RangeError);
});

Deno.test("what a check is given is taken at the moment of submission, and is fresh for each task", async () => {
  const lview = await view();
  const list = [1];
  const isShort = (list: number[]) => list.push(0) < 4;
  const f = depend(isShort, list)(add);
  assert.equal(await lview.apply(f, 1, 2), 3);
  assert.equal(await lview.apply(f, 1, 2), 3);
  list.push(2, 3);
  assert.ok(await causeOf(lview.apply(f, 1, 2)) instanceof UnmetDependency);
  assert.deepEqual(list, [1, 2, 3]);
});

Deno.test("tasks of one wrapped function share a template until what it was given changes", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const given = { n: 2 };
  const f = depend((given: { n: number }) => given.n > 0, given)(add);
  const results = [lview.apply(f, 1, 2), lview.apply(f, 1, 2)];
  given.n = 0;
  const last = lview.apply(f, 1, 2);
  await cluster.until(() => cluster.batches.length === 1);
  const [, codes, templates, rows] = cluster.batches[0] ?? assert.fail();
  assert.deepEqual([codes.length, templates.length, rows.map((row) => row[1])], [1, 2, [0, 0, 1]]);
  await cluster.run();
  assert.deepEqual(await Promise.all(results), [3, 3]);
  assert.ok(await causeOf(last) instanceof UnmetDependency);
});

Deno.test("big arguments of a check go as a blob, once", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const f = depend((bytes: Uint8Array) => bytes.length === 100_000, new Uint8Array(100_000))(add);
  assert.equal(await lview.apply(f, 1, 2), 3);
  assert.deepEqual(await lview.map(f, [1, 2], [3, 4]), [4, 6]);
  assert.equal(cluster.blobs.size, 1);
  assert.equal(await cluster.client.at(0).apply(f, 1, 2), 3);
});

Deno.test("a check's arguments that can't travel reject, by name", async () => {
  const lview = await view();
  const f = depend((x: { a: unknown }) => x, { a: Symbol("s") })(add);
  const error = await lview.apply(f, 1, 2).catch((error) => error);
  assert.ok(error instanceof SerializationError);
  assert.match(error.message, /args of "<anonymous>"\[0\]\.a/);
  const bound = require({ limit: { deep: Symbol("s") } })(() => limit);
  assert.match(String(await lview.apply(bound).catch((error) => error)), /SerializationError.*limit\.deep/);
});

Deno.test("wrapped functions run in maps, in chunks and on direct views; a decline in a chunk is one of the task", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const f = depend(isEven, 2)((x: number) => x * x);
  assert.deepEqual(await lview.map(f, [1, 2, 3]), [1, 4, 9]);
  assert.deepEqual(await lview.with({ chunksize: 2 }).map(f, [1, 2, 3]), [1, 4, 9]);
  assert.deepEqual(await cluster.client.directView([0, 1]).apply(f, 3), [9, 9]);
  const declined = lview.with({ chunksize: 3 }).map(depend(never)((x: number) => x), [1, 2, 3]);
  const error = await declined.catch((error) => error);
  assert.ok(error instanceof AggregateError);
  assert.ok(error.errors.every((each) => each.cause instanceof UnmetDependency));
  assert.ok(await causeOf(cluster.client.at(0).apply(depend(never)(add), 1, 2)) instanceof UnmetDependency);
});

Deno.test("what can be imported is bound to its name inside the function, here and on an engine", async () => {
  const lview = await view();
  const f = require({ zlib: "node:zlib" })((text: string) => zlib.gunzipSync(zlib.gzipSync(text)).toString());
  assert.deepEqual([f.length, await f("here"), await lview.apply(f, "there")], [1, "here", "there"]);
});

Deno.test("functions and values are bound too: functions see each other, values are fresh for each call", async () => {
  const lview = await view();
  const [twice, list] = [(x: number): number => base(x) * 2, [1]];
  function base(x: number): number {
    return x + list.push(0);
  }
  const f = require(base, { twice, list, limit: 5 }, "node:zlib")((x: number) => [twice(x), limit, list.length]);
  assert.deepEqual(await f(1), [6, 5, 2]);
  assert.deepEqual(await f(1), [6, 5, 2]);
  assert.deepEqual(await lview.apply(f, 1), [6, 5, 2]);
  assert.deepEqual(await lview.apply(f, 1), [6, 5, 2]);
  assert.deepEqual(list, [1]);
});

Deno.test("a class is found under its name", async () => {
  class Point {
    readonly #x: number;
    constructor(x: number) {
      this.#x = x;
    }
    get double(): number {
      return 2 * this.#x;
    }
  }
  const f = require({ Point })((x: number) => new Point(x).double);
  assert.deepEqual([await f(2), await (await view()).apply(f, 3)], [4, 6]);
});

Deno.test("what can't be imported declines, and says what and why", async () => {
  for (const f of [require("node:nothing")(add), require("node:zlib", { limit: "node:nothing" })(add)]) {
    const error = await Promise.resolve(f(1, 2)).catch((error) => error);
    assert.ok(error instanceof UnmetDependency, String(error));
    assert.match(error.message, /Cannot run "add" .*: "node:nothing" can't be imported there: .*node:nothing/);
    assert.ok(error.cause instanceof Error);
  }
});

Deno.test("conditions nest in any order; the outer ones are looked at first, and the inner name wins", async () => {
  const lview = await view();
  const f = depend(always)(require({ limit: 1 })(depend(isEven, 2)(require({ limit: 2 })(() => limit))));
  assert.deepEqual([await f(), await lview.apply(f)], [2, 2]);
  const outer = require({ limit: () => 1 })(require({ limit: 2 })(() => limit));
  assert.deepEqual([await outer(), await lview.apply(outer)], [2, 2]);
  const declines = depend(never)(require("node:nothing")(add));
  assert.match((await causeOf(lview.apply(declines, 1, 2))).message, /"never" gave false there/);
  const [check, bound] = [require({ limit: 7 })((x: number) => x === limit), { limit: 5 }];
  const checked = depend(check, 7)(require(bound)(() => limit));
  assert.deepEqual([await checked(), await lview.apply(checked)], [5, 5]);
  const helper = require({ limit: 3 })(() => limit);
  const withHelper = require({ helper, limit: 4 })(async () => [await helper(), limit]);
  assert.deepEqual([await withHelper(), await lview.apply(withHelper)], [[3, 4], [3, 4]]);
});

Deno.test("methods in shorthand form, recursive and async functions can be wrapped", async () => {
  const lview = await view();
  const tools = {
    triple(x: number) {
      return 3 * x;
    },
    no() {
      return false;
    },
  };
  assert.equal(await lview.apply(depend(always)(tools.triple), 2), 6);
  assert.deepEqual(await lview.with({ chunksize: 2 }).map(depend(always)(tools.triple), [1, 2]), [3, 6]);
  assert.ok(await causeOf(lview.apply(depend(tools.no)(tools.triple), 2)) instanceof UnmetDependency);
  const { triple } = tools;
  assert.equal(await lview.apply(require({ triple })((x: number) => triple(x)), 3), 9);
  const factorial = depend(always)(function self(n: number): number {
    return n < 2 ? 1 : n * self(n - 1);
  });
  assert.equal(await lview.apply(factorial, 5), 120);
  assert.equal(await lview.apply(depend(always)(async (x: number) => await Promise.resolve(x)), 5), 5);
});

Deno.test("the stack of an error is that of the function alone, with its name and line", async () => {
  const lview = await view();
  function outer(x: number): number {
    if (x < 0) return x;
    throw new RangeError("too big");
  }
  const later = async (x: number) => {
    await null;
    throw new RangeError(`too big: ${x}`);
  };
  const rows = [
    [depend(always)(outer), /at outer .*<anonymous>:3:/],
    [require("node:zlib")(outer), /at outer .*<anonymous>:3:/],
    [depend(always)(later), /at .*<anonymous>:3:/],
  ] as const;
  for (const [f, place] of rows) {
    const cause = await causeOf(lview.apply(f as typeof outer, 1));
    assert.ok(cause instanceof RangeError);
    assert.match(cause.stack ?? "", place);
    assert.doesNotMatch(cause.stack ?? "", /troupeGuard/);
  }
});

Deno.test("what can't be shipped rejects as it does without a wrapper", async () => {
  const lview = await view();
  for (const f of [depend(always)(Math.sqrt), depend(Math.sqrt, 4)(add), require({ limit: Math.sqrt })(add)]) {
    const error = await (lview.apply as (f: unknown, x: number) => PromiseLike<unknown>).call(lview, f, 4)
      .then(() => assert.fail("it ran"), (error) => error);
    assert.match(String(error), /SerializationError: Cannot ship "sqrt": it is native code/);
  }
});

for (
  const [what, make, says] of [
    ["a relative specifier", () => require("./x.ts"), /import\.meta\.resolve\("\.\/x\.ts"\)/],
    ["a path", () => require("/x.ts"), /import\.meta\.resolve/],
    ["a bare specifier", () => require("lodash"), /write "npm:lodash", "node:lodash" or a URL\.$/],
    [
      "a text in a record",
      () => require({ greeting: "hello" }),
      /goes into a list or record: \{ greeting: \["hello"\] \}/,
    ],
    ["a name that no variable can have", () => require({ "a-b": 1 }), /as "a-b": no variable/],
    ["a reserved name", () => require({ class: 1 }), /as "class"/],
    ["code in a name", () => require({ "a = globalThis.pwned = 1": 1 }), /no variable/],
    ["a function without a name", () => require((() => () => 1)()), /without a name/],
    ["nothing", () => require(), /nothing/],
    ["an empty record", () => require({}), /nothing/],
    ["a number", () => require(5 as never), /Cannot require 5/],
    ["a list", () => require(["node:zlib"] as never), /Cannot require \["node:zlib"\]/],
    ["no function to wrap", () => require("node:zlib")(5 as never), /Cannot wrap 5 with require/],
    ["no check", () => depend(5 as unknown as () => boolean), /Cannot ask 5 in depend/],
    ["no function to depend", () => dependent(5 as never, always), /Cannot wrap 5 with dependent/],
  ] as const
) {
  Deno.test(`${what} is a TypeError at once`, () => {
    assert.throws(make, (error: Error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, says);
      return true;
    });
  });
}
