/** Modules that came as texts: imported once, named in stacks, let go. @module */
import assert from "node:assert/strict";
import { LoadedModules } from "../../../engine/loaded_modules.ts";
import type { ContentHash } from "../../../protocol/ids.ts";

const HASH = "ab".repeat(32) as ContentHash;

Deno.test("a module is imported once, also when all its templates are forgotten after that", async () => {
  const modules = new LoadedModules();
  modules.use(HASH, "let n = 0; export const count = () => ++n;");
  modules.use(HASH, "");
  const first = await modules.load(HASH) as { count(): number };
  modules.letGo(HASH);
  modules.letGo(HASH);
  modules.use(HASH, "");
  const second = await modules.load(HASH) as { count(): number };
  assert.deepEqual([first.count(), second.count()], [1, 2]);
});

Deno.test("a module that nobody loaded goes with the last template that names it", async () => {
  const modules = new LoadedModules();
  modules.use(HASH, "export {};");
  modules.use(HASH, "export {};");
  modules.letGo(HASH);
  await modules.load(HASH);
  const others = new LoadedModules();
  others.use(HASH, "export {};");
  others.letGo(HASH);
  await assert.rejects(others.load(HASH), /Cannot load module "abababababab…": its text has not come here/);
});

Deno.test("a module that something pushed may load stays, whatever templates are forgotten", async () => {
  const modules = new LoadedModules();
  modules.use(HASH, "export const x = 1;");
  modules.keep(HASH);
  modules.keep(HASH);
  modules.letGo(HASH);
  modules.use(HASH, "export const x = 1;");
  modules.letGo(HASH);
  assert.deepEqual({ ...await modules.load(HASH) }, { x: 1 });
  modules.keep("cd".repeat(32) as ContentHash);
});

Deno.test("what fails while it is loaded is tried again, and its stack names the module", async () => {
  const modules = new LoadedModules();
  modules.use(HASH, "\nif (globalThis.troupeFails) throw new Error('not yet');\nexport const x = 1;");
  const holder = globalThis as unknown as { troupeFails?: boolean };
  holder.troupeFails = true;
  const error: Error = await modules.load(HASH).then(() => assert.fail(), (error) => error);
  assert.match(
    error.stack?.split("\n").map((line) => modules.named(line)).join("\n") ?? "",
    /troupe:module@abababab:2:\d+/,
  );
  delete holder.troupeFails;
  assert.deepEqual({ ...await modules.load(HASH) }, { x: 1 });
});
