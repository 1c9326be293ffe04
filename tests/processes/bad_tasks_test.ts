/** Tasks that misbehave, as their client sees them: a clear error each, and everything else goes on. @module */
import assert from "node:assert/strict";
import { Cluster, EngineError, RemoteError, SerializationError } from "../../mod.ts";
import { within } from "../../testing/within.ts";

/** What it fails with. */
function failureOf(result: PromiseLike<unknown>): Promise<Error> {
  const failed = Promise.resolve(result).then(
    (value) => assert.fail(`it came to ${String(value)}`),
    (error: Error) => error,
  );
  return within(failed, "the failure of a task", 15_000);
}

Deno.test("tasks that misbehave fail with what to do, and nothing else is disturbed", async () => {
  await using cluster = await Cluster.start({ n: 2 });
  await using client = await cluster.connect();
  const [bad, good] = [client.loadBalancedView({ targets: 0 }), client.loadBalancedView({ targets: 1 })];
  const pidBefore = await good.apply(() => Deno.pid);
  const meanwhile = good.apply(() => new Promise<string>((resolve) => setTimeout(resolve, 500, "undisturbed")));

  const native = await failureOf(bad.apply(Math.sqrt, 4));
  assert.ok(native instanceof SerializationError, String(native));
  assert.match(native.message, /native code.*\(x\) => Math\.sqrt\(x\)/);

  const result = await failureOf(bad.apply(() => ({ list: [1, () => 2] }) as unknown));
  assert.ok(result instanceof RemoteError && result.cause instanceof SerializationError, String(result));
  assert.match(result.message, /result\.list\[1\].*function/);

  const exit = await failureOf(bad.apply(() => Deno.exit(3)));
  assert.ok(exit instanceof EngineError, String(exit));
  assert.match(exit.message, /exit code 3/);

  const printed = bad.apply(() => Deno.stdout.writeSync(new TextEncoder().encode("raw\n")));
  assert.equal(await within(printed, "a task on the restarted engine", 15_000), 4);
  assert.equal(printed.stdout, "raw\n");

  assert.equal(await bad.apply(() => Deno.stdin.readSync(new Uint8Array(1))), null);
  await failureOf(bad.apply(() => {
    Array.prototype.push = () => {
      throw new Error("patched");
    };
    throw new Error("after the patch");
  }));
  assert.deepEqual(await bad.map((x: number) => [x].concat(x), [1, 2, 3]), [[1, 1], [2, 2], [3, 3]]);

  assert.equal(await meanwhile, "undisturbed");
  assert.equal(await good.apply(() => Deno.pid), pidBefore);
  assert.deepEqual(client.ids, [0, 1]);
});
