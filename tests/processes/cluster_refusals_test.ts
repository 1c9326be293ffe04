/** `Cluster.start` with what can't be meant, or can't be had: the right class, and nothing left open or running. @module */
import assert from "node:assert/strict";
import { Cluster, type ClusterOptions } from "../../mod.ts";
import { within } from "../../testing/within.ts";

const WRONG: readonly (readonly [ClusterOptions, ErrorConstructor, RegExp])[] = [
  [4 as never, TypeError, /with 4: give options, such as \{ n: 4 \}/],
  [{ drain: -1 }, RangeError, /drain -1: it is a whole number from 0/],
  [{ n: 0 }, RangeError, /n 0: it is a whole number from 1 up/],
  [{ n: 1.5 }, RangeError, /n 1\.5/],
  [{ n: "2" as never }, RangeError, /n 2/],
  [{ m: 2 } as never, TypeError, /"m": it is unknown; there are n, name/],
  [{ hwm: -1 }, RangeError, /hwm -1/],
  [{ hwm: "many" as never }, RangeError, /hwm many: .*or "auto"/],
  [{ name: "a.b" }, RangeError, /"a\.b".*a-z, 0-9/],
  [{ scheme: "fastest" }, RangeError, /"fastest": there are leastload, lru, .*"\.\/mine\.ts"/],
  [{ scheme: 5 as never }, RangeError, /scheme "5"/],
  [{ scheme: "./nowhere.ts" }, TypeError, /nowhere\.ts": its module can't be imported/],
  [{ scheme: "data:text/javascript,export default 7" }, TypeError, /its default export is a number/],
  [{ store: "sqlite" }, TypeError, /"sqlite" and no name/],
  [{ store: "redis" as never, name: "a" }, RangeError, /"redis": there are "memory", "sqlite", "jetstream"/],
  [{ store: "jetstream", name: "a" }, RangeError, /embedded broker.*NATS servers/],
  [{ durability: "power" }, RangeError, /in memory: use the store "sqlite"/],
];

for (const [options, Kind, says] of WRONG) {
  Deno.test(`Cluster.start(${JSON.stringify(options)}) is refused before anything starts`, async () => {
    await assert.rejects(Cluster.start(options), (error: Error) => {
      assert.equal(error.constructor, Kind);
      assert.match(error.message, says);
      return true;
    });
  });
}

/** A profile directory for what is started from here, until the end of the block. */
async function temporaryHome() {
  const before = Deno.env.get("TROUPE_HOME");
  const path = await Deno.makeTempDir({ prefix: "troupe-test-" });
  Deno.env.set("TROUPE_HOME", path);
  return {
    async [Symbol.asyncDispose]() {
      if (before === undefined) Deno.env.delete("TROUPE_HOME");
      else Deno.env.set("TROUPE_HOME", before);
      await Deno.remove(path, { recursive: true });
    },
  };
}

// The leak sanitizer is the other half of this test: a start that fails leaves no process and no pipe.
Deno.test("a start that fails keeps its class and leaves nothing open", async () => {
  // A cluster with a name of its own keeps its folder: not among those of whoever runs this.
  await using _home = await temporaryHome();
  const name = "taken";
  const start = (options: ClusterOptions) => within(Cluster.start({ n: 1, ...options }), "the start", 30_000);
  {
    await using _first = await start({ name });
    await assert.rejects(start({ name }), { name: "AlreadyRunning", message: /process \d+ runs it; stop it with/ });
  }
  await assert.rejects(start({ nats: "nats://127.0.0.1:1" }), {
    name: "ConnectionError",
    message: /connection refused; check the address/,
  });
  await assert.rejects(start({ timeout: 1 }), { name: "TimeoutError", message: /not ready after 1 ms/ });
  await assert.rejects(start({ signal: AbortSignal.abort(new Error("no more")) }), { message: "no more" });
});
