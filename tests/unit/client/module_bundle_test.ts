/** Bundles of a user's modules: what is in them, what stays an import, when they are made again. @module */
import assert from "node:assert/strict";
import { engineImports } from "../../../client/bundle_imports.ts";
import { localModule, ModuleBundles } from "../../../client/module_bundle.ts";
import { engineExports } from "../../../engine/engine_exports.ts";
import { EXPORTS_KEY } from "../../../protocol/shipped_names.ts";
import { LoadedModules, type ModuleNamespace } from "../../../engine/loaded_modules.ts";
import { SerializationError, UnmetDependency } from "../../../wire/errors.ts";
import type { ModuleRef } from "../../../client/shipped_text.ts";

const TASKS = new URL("./modules/tasks.ts", import.meta.url).href;

/** As an engine would, which has `currentTask` from its runner. */
async function loaded({ hash, source }: ModuleRef): Promise<Record<string, (...args: unknown[]) => unknown>> {
  Object.defineProperty(globalThis, Symbol.for(EXPORTS_KEY), {
    configurable: true,
    value: engineExports({ currentTask: () => ({ engineId: 7 }) }),
  });
  const modules = new LoadedModules();
  modules.use(hash, new TextDecoder().decode(source));
  const all: ModuleNamespace = await modules.load(hash);
  return all as Record<string, (...args: unknown[]) => unknown>;
}

/** A folder with these files. */
async function folder(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { url(name: string): string }> {
  const path = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${path}/${name}`, text);
  return {
    url: (name) => new URL(name, `file://${path}/`).href,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

Deno.test("a module and the files that it imports are one text without the library in it", async () => {
  const module = localModule(TASKS);
  const text = new TextDecoder().decode(module.source);
  assert.ok(module.source.length < 2_000, `${module.source.length} bytes`);
  assert.match(text, /from "node:zlib"/);
  assert.doesNotMatch(text, /sourceMappingURL/);
  const tasks = await loaded(module);
  assert.equal(tasks.pack?.(1_000), tasks.pack?.(1_000));
  assert.deepEqual([tasks.where?.(), tasks.LIMIT, tasks.count?.(), tasks.count?.()], [7, 5, 1, 2]);
  assert.throws(() => tasks.decline?.(), UnmetDependency);
});

Deno.test("a bundle's map tells the file, the line and its text", () => {
  const { source, map } = localModule(TASKS);
  const lines = new TextDecoder().decode(source).split("\n");
  const row = lines.findIndex((line) => line.includes("new RangeError("));
  const place = map.find(row + 1, (lines[row] ?? "").indexOf("new RangeError(") + 1);
  assert.equal(place?.url, new URL("./modules/lib/helper.ts", import.meta.url).href);
  assert.equal(place?.text, "  if (size < 0) throw new RangeError(`negative: ${size}`);");
  assert.equal(place?.text?.slice((place?.column ?? 0) - 1, (place?.column ?? 0) + 13), "new RangeError");
  assert.equal(map.find(100_000, 1), null);
});

Deno.test("a bundle is made again when a file behind it changes, and only then", async () => {
  await using files = await folder({ "a.ts": 'export { x } from "./b.ts";', "b.ts": "export const x = () => 1;" });
  const bundles = new ModuleBundles();
  const first = bundles.of(files.url("a.ts"));
  assert.equal(bundles.of(files.url("a.ts")), first);
  await Deno.writeTextFile(new URL(files.url("b.ts")), "export const x = () => 22;");
  await Deno.utime(new URL(files.url("b.ts")), 1, 1);
  const second = bundles.of(files.url("a.ts"));
  assert.notEqual(second.hash, first.hash);
  assert.equal((await loaded(second)).x?.(), 22);
});

Deno.test("names of an import map become what they stand for", async () => {
  await using files = await folder({
    "deno.json": '{ "imports": { "paths": "node:path", "troupe": "' + new URL("../../../mod.ts", import.meta.url) +
      '" } }',
    "a.ts": `
      ${"import"} { basename } from "paths";
      ${"import"} * as troupe from "troupe";
      export const name = basename;
      export const later = async () => (await ${"import"}("paths")).dirname("/a/b");
      export const task = () => troupe.currentTask().engineId;
      export const cluster = () => troupe.Cluster.start();
      export const all = async () => (await ${"import"}("troupe")).currentTask().engineId;`,
  });
  const module = await loaded(localModule(files.url("a.ts")));
  assert.deepEqual([module.name?.("/a/b"), await module.later?.(), module.task?.(), await module.all?.()], [
    "b",
    "/a",
    7,
    7,
  ]);
  assert.throws(() => (module.cluster as unknown as () => void)(), /Cannot use "Cluster" of the library inside a task/);
});

Deno.test("what can't be bundled says what is wrong with it", async () => {
  await using files = await folder({ "syntax.ts": "export const x = ;", "gap.ts": 'export * from "./nowhere.ts";' });
  const fails = (name: string, text: RegExp) =>
    assert.throws(() => localModule(files.url(name)), (error) => {
      assert.ok(error instanceof SerializationError);
      assert.match(error.message, text);
      return true;
    });
  fails("syntax.ts", /Cannot bundle ".*syntax\.ts": .*Expression expected[^]*:1:18/);
  fails("gap.ts", /Cannot bundle ".*gap\.ts": .*nowhere\.ts/);
  fails("none.ts", /Cannot bundle ".*none\.ts": No such file/);
  fails("nofolder/none.ts", /Cannot read the imports of ".*none\.ts": .*is there such a file\?/);
  assert.throws(() => localModule("npm:lodash-es@4"), /it is no "file:" URL/);
});

Deno.test({
  name: "without the permission to run deno the error says what to give",
  permissions: { read: true, run: false },
  fn() {
    assert.throws(() => new ModuleBundles().of(TASKS), /SerializationError: .*--allow-run=deno/);
  },
});

Deno.test("only whole import statements are rewritten, line for line", () => {
  const text =
    'import {\n  a,\n  b as c\n} from "/lib/mod.ts";\nconst s = "import x from \\"alias\\"";\nimport "alias";\nexport * from "/lib/mod.ts";\n';
  const made = engineImports(text, new Map([["alias", "npm:x@1"]]), ["/lib/mod.ts"]).split("\n");
  assert.equal(made.length, text.split("\n").length);
  assert.match(made[0] ?? "", /^import \{ a, b as c \} from "data:text\/javascript,/);
  assert.equal(made[4], 'const s = "import x from \\"alias\\"";');
  assert.equal(made[5], 'import "npm:x@1";');
  assert.equal(made[6], "");
});
