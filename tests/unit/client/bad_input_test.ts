/** What can't travel, sequences that fail, waits that are too short: each a clear error, and the client goes on. @module */
import assert from "node:assert/strict";
import type { Client } from "../../../client/client.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { RemoteError, SerializationError, TimeoutError } from "../../../wire/errors.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

class Plain {
  constructor(readonly name = "plain") {}
}
class Private {
  #secret = 1;
  read(): number {
    return this.#secret;
  }
}

// deno-lint-ignore no-explicit-any -- anything at all is given
const same = (value: any) => value;

/** What can't travel, and what its error says, wherever it stands. */
const UNFIT: Readonly<Record<string, readonly [value: object, says: RegExp]>> = {
  "a WeakMap": [new WeakMap(), /WeakMap, which can't travel.*pass what it refers to/],
  "a Proxy": [new Proxy({ a: 1 }, {}), /Proxy/],
  "an instance of a class that is not registered": [new Plain(), /Plain.*registerType\(Plain\)/],
  "an instance of a class with private state": [new Private(), /Private.*registerType\(Private\)/],
};

async function refused(result: PromiseLike<unknown>, ...says: RegExp[]): Promise<void> {
  await assert.rejects(Promise.resolve(result), (error) => {
    assert.ok(error instanceof SerializationError, String(error));
    for (const words of says) assert.match(error.message, words);
    return true;
  });
}

/** Nothing of it was left behind: the next task runs. */
async function goesOn(client: Client): Promise<void> {
  assert.equal(await client.loadBalancedView().apply(() => 1), 1);
}

for (const [what, [value, says]] of Object.entries(UNFIT)) {
  Deno.test(`${what} is refused in arguments, with its path, and around a function, with its name`, async () => {
    const { client } = await FakeCluster.start();
    const lview = client.loadBalancedView();
    await refused(lview.apply(same, { list: [value] }), /args\[0\]\.list\[0\]/, says);
    await refused(client.at(0).apply(same, value), says);
    await refused(lview.apply(() => value), /"value"/, /declared at .*bad_input_test\.ts:\d+:\d+/, says);
    await goesOn(client);
  });
}

Deno.test("a closure over a socket is refused, and names the variable, where it is declared, and the way out", async () => {
  const { client } = await FakeCluster.start();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [socket, other] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
  using _ = other;
  using __ = socket;
  const says = [/with "socket", a variable around it \(declared at .*:\d+:\d+\)/, /TcpConn/];
  await refused(client.loadBalancedView().apply(() => socket.localAddr), ...says);
  await refused(client.directView().apply(() => [socket].length), ...says);
  await refused(client.loadBalancedView().apply(same, socket), /args\[0\]/, /TcpConn/);
  await goesOn(client);
});

Deno.test("a result that can't be copied is the task's error, with its path", async () => {
  const { client } = await FakeCluster.start();
  const lview = client.loadBalancedView();
  const cycle = () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    return loop as unknown;
  };
  const table: readonly (readonly [f: () => unknown, says: RegExp])[] = [
    [() => ({ deep: [new WeakMap()] }), /result\.deep\[0\].*WeakMap/],
    [() => [() => 1], /result\[0\].*function/],
    [() => ({ key: Symbol("s") }), /result\.key.*Symbol/],
    [cycle, /result\.self/],
  ];
  for (const [f, says] of table) {
    await assert.rejects(Promise.resolve(lview.apply(f)), (error) => {
      assert.ok(error instanceof RemoteError && error.cause instanceof SerializationError, String(error));
      assert.match(error.message, says);
      return true;
    });
  }
  await goesOn(client);
});

Deno.test("a get whose time passes is a TimeoutError, and may be asked again", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  const result = cluster.client.loadBalancedView().apply(() => "late");
  for (let time = 0; time < 2; time++) {
    const early = assert.rejects(result.get({ timeout: 100 }), (error) => {
      assert.ok(error instanceof TimeoutError);
      assert.match(error.message, /Waited 100 ms .* 0 of 1 results are there; wait again, abort\(\) it, or ask/);
      return true;
    });
    await settleTurn();
    clock.advance(100);
    await early;
  }
  await cluster.run();
  assert.equal(await result.get({ timeout: 0 }), "late");
});

/** Gives 1 and 2, then throws; says whether it was closed. */
function failing(): Iterable<number> & { closed: boolean } {
  return {
    closed: false,
    *[Symbol.iterator]() {
      yield 1;
      yield 2;
      throw new RangeError("no third");
    },
  };
}

function endless(): Iterable<number> & { closed: boolean } {
  const made = {
    closed: false,
    *[Symbol.iterator]() {
      try {
        for (let n = 0;; n++) yield n;
      } finally {
        made.closed = true;
      }
    },
  };
  return made;
}

Deno.test("a sequence that throws rejects with what it threw, submits nothing, and closes the others", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  const lview = client.loadBalancedView();
  const add = (a: number, b: number) => a + b;
  const others = [endless(), endless(), endless()] as const;
  await assert.rejects(lview.map(add, others[0], failing()).get(), { name: "RangeError", message: "no third" });
  await assert.rejects(client.directView().map(add, others[1], failing()).get(), /no third/);
  await assert.rejects(
    lview.parallel()((xs: readonly number[], _: readonly number[]) => xs)(others[2], failing()).get(),
    /no third/,
  );
  await assert.rejects(Promise.resolve(client.directView().scatter("x", failing())), /no third/);
  await settleTurn();
  assert.deepEqual(others.map(({ closed }) => closed), [true, true, true]);
  assert.deepEqual([cluster.batches, cluster.directBatches], [[], []]);
  await goesOn(client);
});

Deno.test("a sequence that throws while an imap takes from it ends the loop with that, and closes the others", async () => {
  const cluster = await FakeCluster.start();
  const other = endless();
  const seen: number[] = [];
  await assert.rejects(async () => {
    const view = cluster.client.loadBalancedView().with({ maxOutstanding: 1 });
    for await (const sum of view.imap((a: number, b: number) => a + b, other, failing())) seen.push(sum);
  }, /no third/);
  assert.ok(other.closed);
  assert.ok(seen.length <= 2, String(seen));
  await goesOn(cluster.client);
});

Deno.test("sequences of different lengths end with the shortest, empty ones at once", async () => {
  const { client } = await FakeCluster.start();
  const add = (a: number, b: number) => a + b;
  const long = endless();
  assert.deepEqual(await client.loadBalancedView().map(add, [1, 2, 3], [10, 20]), [11, 22]);
  assert.deepEqual(await client.directView().map(add, long, [10, 20]), [10, 21]);
  assert.ok(long.closed);
  assert.deepEqual(await client.loadBalancedView().map(add, [], [1]), []);
  const shared = [1, 10, 2, 20, 3].values();
  assert.deepEqual(await client.loadBalancedView().map(add, shared, shared), [11, 22]);
});
