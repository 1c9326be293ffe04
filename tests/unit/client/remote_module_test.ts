/** References to the functions of a module: typed, named, and nothing to be called here. @module */
import assert from "node:assert/strict";
import { FunctionCodes } from "../../../client/function_code.ts";
import { FunctionShipping } from "../../../client/function_shipping.ts";
import { parseScript } from "../../../client/script_parser.ts";
import type { AnyFunction } from "../../../client/source_text.ts";
import { FakeCluster } from "./fake_cluster.ts";
import { count } from "./modules/lib/helper.ts";
import { depend } from "../../../client/depend.ts";
import { remoteModule } from "../../../client/remote_module.ts";

const TASKS = import.meta.resolve("./modules/tasks.ts");
const tasks = remoteModule<typeof import("./modules/tasks.ts")>(TASKS);

function coded() {
  const codes = new FunctionCodes();
  const shipping = new FunctionShipping();
  shipping.open(parseScript);
  return {
    single: (f: AnyFunction) => codes.single(f, shipping.pack(f)),
    chunked: (f: AnyFunction) => codes.chunked(f, shipping.pack(f)),
    [Symbol.dispose]: () => shipping[Symbol.dispose](),
  };
}

Deno.test("a function of a module has its name, is always the same, and says where it runs when it is called", () => {
  assert.equal(tasks.pack.name, "pack");
  assert.equal(tasks.pack, tasks.pack);
  assert.throws(() => tasks.pack(1), /TypeError: Cannot call "pack" of "file:.*it runs on engines; give it to a view/);
  // @ts-expect-error -- what is no function is no part of it
  assert.equal(typeof tasks.LIMIT, "function");
});

Deno.test("a module is no promise", async () => {
  assert.equal(await Promise.resolve(tasks), tasks);
});

Deno.test("its code names the module that it loads, also in chunks and behind conditions, each module once", () => {
  using codes = coded();
  const [module] = codes.single(tasks.pack).modules ?? [];
  assert.match(new TextDecoder().decode(codes.single(tasks.pack).source as Uint8Array), new RegExp(`${module?.hash}`));
  const guarded = depend(tasks.count)(tasks.pack);
  for (const code of [codes.chunked(tasks.pack), codes.single(guarded), codes.chunked(guarded)]) {
    assert.deepEqual(code.modules?.map(({ hash }) => hash), [module?.hash]);
  }
  assert.equal(codes.single((x: number) => x).modules, undefined);
});

Deno.test("what engines import themselves travels as a specifier alone", () => {
  const { basename } = remoteModule<typeof import("node:path")>("node:path");
  using codes = coded();
  const { source, modules } = codes.single(basename);
  assert.match(new TextDecoder().decode(source as Uint8Array), /await import\("node:path"\)/);
  assert.equal(modules, undefined);
});

Deno.test("a specifier that engines could not tell is refused at once", () => {
  assert.throws(() => remoteModule("./tasks.ts"), /TypeError: .*import\.meta\.resolve\("\.\/tasks\.ts"\)/);
  assert.throws(() => remoteModule("lodash"), TypeError);
});

Deno.test("a task's template names the modules of functions among its arguments, and no other task's does", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const call = (f: () => unknown) => f();
  lview.map(call, [() => 1, () => count(), () => 2, () => count()]);
  cluster.client.at(0).apply(call, () => count());
  await cluster.until(() => cluster.tasks.size === 5);
  const named = [...cluster.tasks.values()].map(({ template }) => template[5] ?? []);
  const [hash] = named[1] ?? [];
  assert.deepEqual(named, [[], [hash], [], [hash], [hash]]);
  const text = new TextDecoder().decode(cluster.codes.get(hash ?? assert.fail()));
  assert.match(text, /function count\(\)/);
});
