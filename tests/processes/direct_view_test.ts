/** The direct view on real engines of two hosts: names, texts, files, sequences, losses, and the end. @module */
import assert from "node:assert/strict";
import type { Bus } from "../../bus/bus.ts";
import { connectNats } from "../../bus/nats_bus.ts";
import { credentialFor, readConnectionFile } from "../../cluster/connection_file.ts";
import { broadcastSubject } from "../../protocol/subjects.ts";
import { type Client, Cluster, CompositeError, ConnectionError, Reference, RemoteError } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliProcess } from "./cli_process.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** What functions find among the names of their engine. */
declare const factor: number;
declare const part: readonly number[];

/** A cluster of two hosts with two engines each. */
interface Stage extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly far: CliProcess;
}

async function open(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await Cluster.start({ n: 2 }));
  const verb = ["engines", "-n", "2", "--connection", cluster.connection.file];
  const far = stack.use(new CliProcess(["deno", "run", "-A", CLI, ...verb], {}));
  const client = stack.use(await cluster.connect());
  await client.waitForEngines(4, { timeout: 30_000 });
  const kept = stack.move();
  return { cluster, client, far, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Hears what is said in the cluster, as its controller may. */
async function listen({ name, connection }: Cluster): Promise<Bus> {
  const info = await readConnectionFile(connection.file, name);
  const { user = "", password = "" } = credentialFor(info, "controller", connection.file) ?? {};
  return await connectNats({ servers: [...connection.servers], credentials: { user, pass: password } });
}

Deno.test("names, texts, files and sequences on the engines of two hosts", async (t) => {
  await using stage = await open();
  const { client } = stage;
  const all = client.directView();

  await t.step("what is pushed is found by functions, texts, balanced tasks and references", async () => {
    await all.push({ factor: 10, config: { size: { rows: 3 } } });
    assert.deepEqual(await all.apply((x: number) => x * factor, 2), [20, 20, 20, 20]);
    assert.deepEqual(await all.execute("scaled = factor + 1"), [11, 11, 11, 11]);
    assert.deepEqual(await all.pull(["scaled", "factor"]), Array(4).fill([11, 10]));
    assert.equal(await client.at(3).get("config.size.rows"), 3);
    const nested = { rows: [new Reference("config.size.rows")] };
    assert.deepEqual(await client.at(2).apply((given: unknown) => given, nested), { rows: [3] });
    const lview = client.loadBalancedView({ targets: 3 });
    assert.equal(await lview.apply((x: unknown) => x, new Reference("factor")), 10);
    assert.deepEqual(await lview.map((x: number) => x * factor, [1, 2]), [10, 20]);
  });

  await t.step("a call on all engines is one message on the wire", async () => {
    await using bus = await listen(stage.cluster);
    let heard = 0;
    bus.subscribe(broadcastSubject(stage.cluster.name), () => void heard++);
    await bus.flush();
    assert.deepEqual(await all.apply((x: number) => x, 1), [1, 1, 1, 1]);
    await bus.flush();
    assert.equal(heard, 1);
    assert.deepEqual(await client.directView([0, 1]).apply((x: number) => x, 2), [2, 2]);
    await bus.flush();
    assert.equal(heard, 1);
  });

  await t.step("each engine has names of its own", async () => {
    await client.at(1).set("factor", 7);
    assert.deepEqual(await all.get("factor"), [10, 7, 10, 10]);
  });

  await t.step("a name that is not there is a ReferenceError that names it and the engine", async () => {
    await client.at(1).set("mine", 1);
    await assert.rejects(Promise.resolve(all.pull("mine")), (error: Error) => {
      assert.ok(error instanceof CompositeError);
      assert.equal(error.errors.length, 3);
      const [first] = error.errors as RemoteError[];
      assert.equal(first?.remoteName, "ReferenceError");
      assert.match(first?.message ?? "", /Cannot find "mine" on engine 0/);
      return true;
    });
    const missing = client.at(2).apply((x: unknown) => x, new Reference("mine"));
    await assert.rejects(Promise.resolve(missing), /ReferenceError: Cannot find "mine" on engine 2/);
  });

  await t.step("sequences are dealt out and come back, typed arrays as what they are", async () => {
    const numbers = Float64Array.from({ length: 10 }, (_, i) => i / 2);
    for (const dist of ["block", "roundRobin"] as const) {
      await all.scatter("part", numbers, { dist });
      assert.deepEqual(await all.gather("part", { dist }), numbers);
      const inTurn: number[] = [];
      for await (const x of all.gather<number[]>("part", { dist })) inTurn.push(x);
      assert.deepEqual(inTurn, [...numbers]);
    }
    await all.scatter("part", ["a", "b", "c", "d"], { flatten: true });
    assert.deepEqual(await all.pull("part"), ["a", "b", "c", "d"]);
    assert.deepEqual(await all.gather("part"), ["a", "b", "c", "d"]);
    await all.scatter("part", [1, 2, 3, 4, 5]);
    assert.deepEqual(await all.apply(() => part.length), [2, 1, 1, 1]);
  });

  await t.step("a file runs with its types taken off and its local modules with it, in its turn", async () => {
    const folder = await Deno.makeTempDir({ prefix: "troupe-run-" });
    try {
      await Deno.writeTextFile(`${folder}/deno.json`, '{ "imports": { "path": "node:path" } }');
      const twice = 'import { basename } from "path";\nexport const twice = (x: number): number => 2 * x;\n' +
        'export const last = basename("/a/b");\n';
      await Deno.writeTextFile(`${folder}/twice.ts`, twice);
      const program = 'import { last, twice } from "./twice.ts";\ninterface Size { rows: number }\n' +
        "export const size: Size = { rows: twice(21) };\nfunction grow(this: void, by: number) { return size.rows + by }\n";
      await Deno.writeTextFile(`${folder}/program.ts`, program);
      void all.run(`${folder}/program.ts`);
      assert.deepEqual(await all.execute("grow(1)"), [43, 43, 43, 43]);
      assert.deepEqual(await all.pull("last"), ["b", "b", "b", "b"]);
      await Deno.writeTextFile(`${folder}/fails.ts`, "type T = string;\n\nthrow new Error('here');\n");
      await assert.rejects(Promise.resolve(client.at(0).run(`${folder}/fails.ts`)), ({ stack }: Error) => {
        assert.match(stack ?? "", /fails\.ts@\w+.*:3:7/);
        return true;
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  await t.step("big values are brought to one host, and fetched by the other from there", async () => {
    const big = new Uint8Array(3_000_000).fill(7);
    await all.push({ big });
    assert.deepEqual(await all.apply(() => (globalThis as unknown as { big: Uint8Array }).big.length), [
      big.length,
      big.length,
      big.length,
      big.length,
    ]);
  });

  await t.step("clear takes the names away", async () => {
    await all.clear();
    assert.deepEqual(
      await all.apply(() => typeof (globalThis as { factor?: unknown }).factor),
      Array(4).fill("undefined"),
    );
  });
});

Deno.test("an engine that leaves in the middle of a scatter is named, and the others keep their parts", async () => {
  await using stage = await open();
  const { client } = stage;
  const all = client.directView();
  const busy = client.at(3).apply(() => new Promise<never>(() => {}));
  await client.at(0).apply(() => 0);
  const scattered = all.scatter("part", [1, 2, 3, 4]);
  await client.directView([0, 1, 2]).apply(() => part);
  await client.signal("SIGKILL", { targets: 3 });
  await assert.rejects(within(Promise.resolve(busy), "the loss", 10_000), /engine 3 died/);
  // It comes back under its id, and then gets what waited for it.
  await within(Promise.resolve(scattered), "the scatter", 10_000);

  const stopped = client.at(3).apply(() => new Promise<never>(() => {}));
  const partly = all.scatter("part", [5, 6, 7, 8]);
  await client.directView([0, 1, 2]).apply(() => part);
  const leaving = client.at(3).shutdown();
  // It was told to end, and would wait for what runs.
  await client.signal("SIGKILL", { targets: 3 });
  await assert.rejects(Promise.resolve(stopped));
  await assert.rejects(within(Promise.resolve(partly), "the scatter", 15_000), (error: Error) => {
    assert.ok(error instanceof CompositeError);
    assert.deepEqual(error.errors.length, 1);
    assert.match(String(error.errors[0]), /EngineError.*engine 3/);
    return true;
  });
  await leaving;
  assert.deepEqual(client.ids, [0, 1, 2]);
  assert.deepEqual(await client.directView([0, 1, 2]).pull("part"), [[5], [6], [7]]);
  assert.deepEqual(await all.map((x: number) => x + 1, [1, 2, 3, 4]), [2, 3, 4, 5]);
});

Deno.test("shutdown with the hub ends the engines, the hosts and the controller", async () => {
  await using stage = await open();
  const { client, cluster, far } = stage;
  await assert.rejects(client.signal("SIGNONE" as Deno.Signal), /"SIGNONE": it is no signal for engines/);
  await client.shutdown({ targets: [0] });
  assert.deepEqual(client.ids, [1, 2, 3]);
  await client.shutdown({ hub: true });
  assert.equal((await far.ends()).code, 0);
  await assert.rejects(within(client.waitForEngines(1), "the end of the cluster", 10_000), ConnectionError);
  await assert.rejects(cluster.startEngines(1), /has ended/);
});
