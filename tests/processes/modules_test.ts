/** Modules of a user on real engines: loaded there, with their state, their errors and what they import. @module */
import assert from "node:assert/strict";
import { Cluster, RemoteError, remoteModule, require, SerializationError } from "../../mod.ts";

const TASKS = import.meta.resolve("../unit/client/modules/tasks.ts");
const HELPER = import.meta.resolve("../unit/client/modules/lib/helper.ts");

Deno.test("functions of a module run on engines as they would here", async (t) => {
  await using cluster = await Cluster.start({ n: 2 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  const tasks = remoteModule<typeof import("../unit/client/modules/tasks.ts")>(TASKS);

  await t.step("in apply, map, chunks and direct views, with what the module imports", async () => {
    const here = await lview.apply(tasks.pack, 1_000);
    assert.ok(here > 20 && here < 60);
    assert.deepEqual(await lview.map(tasks.pack, [1_000, 1_000, 1_000]), [here, here, here]);
    assert.deepEqual(await lview.with({ chunksize: 2 }).map(tasks.pack, [1_000, 1_000, 1_000]), [here, here, here]);
    assert.deepEqual(await client.directView().apply(tasks.where), [0, 1]);
    const packing = remoteModule<{ encode(value: unknown): Uint8Array }>("npm:@msgpack/msgpack@3.1.3");
    assert.deepEqual(await lview.apply(packing.encode, 5), new Uint8Array([5]));
    const node = remoteModule<typeof import("node:path")>("node:path");
    assert.equal(await lview.apply(node.basename, "/a/b.txt"), "b.txt");
  });

  await t.step("its state lives as long as the engine", async () => {
    const engine = client.at(0);
    assert.deepEqual([await engine.apply(tasks.count), await engine.apply(tasks.count)], [1, 2]);
    assert.equal(await client.at(1).apply(tasks.count), 1);
  });

  await t.step("behind conditions, and submitted again", async () => {
    const f = require("node:zlib")(tasks.pack);
    const result = lview.apply(f, 10);
    const value = await result;
    assert.equal(await client.resubmit(result.msgId), value);
  });

  await t.step("what it does not export is said with what it does", async () => {
    const wrong = remoteModule<{ pakc(size: number): number }>(TASKS);
    await assert.rejects(
      lview.apply(wrong.pakc, 1).get(),
      /Cannot run "pakc": file:.*exports no such function; it exports LIMIT, count, decline, pack, where/,
    );
    await assert.rejects(lview.apply(remoteModule<{ f(): void }>("file:///nowhere/a.ts").f).get(), SerializationError);
  });

  await t.step("its errors show the user's files", async () => {
    const error = await lview.apply(tasks.pack, -1).get().then(() => null, (error) => error);
    assert.ok(error instanceof RemoteError);
    assert.match(error.stack ?? "", new RegExp(`at packedLength \\(${HELPER}:13:23\\)`));
    assert.match(error.stack ?? "", /13 \| {3}if \(size < 0\) throw new RangeError/);
    assert.doesNotMatch(error.stack ?? "", /troupeModuleCall|blob:|troupe:/);
  });

  await t.step("and so do those of functions that are shipped by themselves", async () => {
    const error = await lview.apply((x: number): number => {
      const wanted: number = x;
      if (wanted > 1) throw new TypeError("too much");
      return wanted;
    }, 2).get().then(() => null, (error) => error);
    assert.ok(error instanceof RemoteError);
    assert.match(error.stack ?? "", new RegExp(`${import.meta.url}:\\d+:29`));
    assert.match(error.stack ?? "", /\| +if \(wanted > 1\) throw new TypeError\("too much"\);\n +\| +\^/);
  });
});

Deno.test("modules travel in the scheme pure too", async () => {
  await using cluster = await Cluster.start({ n: 1, scheme: "pure" });
  await using client = await cluster.connect();
  const tasks = remoteModule<typeof import("../unit/client/modules/tasks.ts")>(TASKS);
  const lview = client.loadBalancedView();
  assert.equal(await lview.apply(tasks.where), 0);
  assert.equal(await lview.apply(tasks.count), 1);
});
