/** Tasks that submit tasks, on real clusters. @module */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { type Client, Cluster, type ClusterOptions, currentTask, type OutputLine, TaskTimeout } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { familyOf, kill } from "./cli_fixture.ts";

const LIMIT_MS = 30_000;

/** Calls itself in tasks of its own, and adds up what they come to. */
async function leaves(depth: number, source: string): Promise<number> {
  if (depth === 0) return 1;
  const self = (0, eval)(`(${source})`) as typeof leaves;
  const view = currentTask().client.loadBalancedView();
  const parts = await view.map(self, [depth - 1, depth - 1], [source, source]);
  return (parts[0] ?? 0) + (parts[1] ?? 0);
}

const SOURCE = leaves.toString();

async function withCluster(options: ClusterOptions, use: (client: Client, cluster: Cluster) => Promise<void>) {
  await using cluster = await Cluster.start(options);
  await using client = await cluster.connect();
  await use(client, cluster);
}

for (const n of [1, 2, 4]) {
  for (const hwm of [0, 1, "auto"] as const) {
    Deno.test(`maps within maps, five deep, two at a time, come to an end: ${n} engines, hwm ${hwm}`, async () => {
      await withCluster({ n, hwm }, async (client) => {
        const both = client.loadBalancedView().map(leaves, [5, 5], [SOURCE, SOURCE]);
        assert.deepEqual(await within(both, "the leaves", LIMIT_MS), [32, 32]);
      });
    });
  }
}

Deno.test("in the scheme pure, and with several slots, nested maps come to an end too", async () => {
  // With one engine all tasks submit through one client, and more wait than it ever has under way otherwise.
  for (const options of [{ n: 1, scheme: "pure" }, { n: 2, scheme: "pure" }, { n: 1, slots: 3 }]) {
    await withCluster(options, async (client) => {
      const total = client.loadBalancedView().apply(leaves, 5, SOURCE);
      assert.equal(await within(total, `the leaves, ${JSON.stringify(options)}`, LIMIT_MS), 32);
    });
  }
});

Deno.test("a task waits in whatever way it likes, on any view, and knows itself afterwards", async () => {
  await withCluster({ n: 1 }, async (client) => {
    const seen = client.loadBalancedView().apply(async () => {
      const { client, msgId } = currentTask();
      const view = client.loadBalancedView();
      const square = (x: number) => x * x;
      const found: unknown[] = [await view.apply(square, 2).get(), await client.directView(0).apply(square, 3)];
      for await (const value of view.map(square, [4, 5])) found.push(value);
      for await (const value of view.imap(square, [6])) found.push(value);
      const last = view.apply(square, 7);
      found.push(await client.wait([last]), await last.wait(), await last);
      const other = view.apply(() => currentTask().msgId);
      found.push(await other !== msgId, currentTask().msgId === msgId, client.ids);
      return found;
    });
    assert.deepEqual(await within(seen, "the squares", LIMIT_MS), [4, 9, 16, 25, 36, true, true, 49, true, true, [0]]);
  });
});

Deno.test("a function that does not name its client gets it with connect(), and is told so", async () => {
  await withCluster({ n: 1 }, async (client) => {
    const view = client.loadBalancedView();
    const tells = view.apply((property: "client") => {
      try {
        return typeof currentTask()[property];
      } catch (error) {
        return String(error);
      }
    }, ["cli", "ent"].join("") as "client");
    // An argument is no code, so nobody looked for it there.
    assert.match(await within(tells, "the reason", LIMIT_MS), /await currentTask\(\)\.connect\(\)/);
    const sum = view.apply(() =>
      currentTask().connect().then((found) => found.loadBalancedView().apply((x: number) => x + 1, 1))
    );
    assert.equal(await within(sum, "the sum", LIMIT_MS), 2);
  });
});

Deno.test("what a task submitted and has no outcome of is aborted when it ends", async () => {
  await withCluster({ n: 1, slots: 4 }, async (client) => {
    const left = client.loadBalancedView().apply(() => {
      const view = currentTask().client.loadBalancedView();
      return view.map((_: number) => new Promise<void>(() => {}), [1, 2]).msgIds;
    });
    const ids = await within(left, "the ids", LIMIT_MS);
    assert.equal(ids.length, 2);
    await aborted(client, ids);
  });
});

Deno.test("what a task submitted is aborted with it, and when its engine dies", async () => {
  await withCluster({ n: 3 }, async (client, cluster) => {
    const submit = async () => {
      const view = currentTask().client.loadBalancedView();
      await view.with({ label: "child" }).apply(() => new Promise<void>(() => {}));
    };
    const view = client.loadBalancedView();
    const first = view.with({ targets: 0 }).apply(submit);
    const [child] = await children(client, 1);
    first.abort();
    await assert.rejects(within(first, "the abort", LIMIT_MS), { name: "TaskAborted" });
    await aborted(client, [child ?? ""]);

    const second = view.with({ targets: 1 }).apply(submit);
    const [, other] = await children(client, 2);
    await cluster.signalEngines("SIGKILL", [1]);
    await assert.rejects(within(second, "the death", LIMIT_MS), { name: "EngineError" });
    await aborted(client, [other ?? ""]);
  });
});

Deno.test("a controller dies while a task waits for others on the only engine: all end as they would", async () => {
  await withCluster({ n: 1 }, async (client, cluster) => {
    const sum = client.loadBalancedView().apply(async () => {
      const slow = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));
      const view = currentTask().client.loadBalancedView().with({ label: "child" });
      const parts = await view.map(slow, [700, 300, 100]);
      return (parts[0] ?? 0) + (parts[1] ?? 0) + (parts[2] ?? 0);
    });
    await children(client, 3);
    const host = JSON.parse(Deno.readTextFileSync(`${dirname(cluster.connection.file)}/lock.json`)).pid;
    const { controllers } = familyOf(host);
    assert.equal(controllers.length, 1);
    for (const pid of controllers) await kill(pid);
    assert.equal(await within(sum, "the sum", LIMIT_MS), 1_100);
  });
});

Deno.test("a task that waits still has its time, and is ended past it", async () => {
  await withCluster({ n: 1 }, async (client) => {
    const late = client.loadBalancedView().with({ maxRuntime: 300 }).apply(async () => {
      const view = currentTask().client.loadBalancedView();
      await view.apply(() => new Promise<void>(() => {}));
    });
    await assert.rejects(within(late, "the time-out", LIMIT_MS), TaskTimeout);
    assert.equal(await within(client.loadBalancedView().apply(() => 1), "the next one", LIMIT_MS), 1);
  });
});

Deno.test("results find a task whose engine was busy for longer than any silence is borne", async () => {
  await withCluster({ n: 1 }, async (client) => {
    const sum = client.loadBalancedView().apply(async () => {
      const burn = (ms: number) => {
        const end = performance.now() + ms;
        while (performance.now() < end);
        return ms;
      };
      const parts = await currentTask().client.loadBalancedView().map(burn, [4_500, 1]);
      return (parts[0] ?? 0) + (parts[1] ?? 0);
    });
    assert.equal(await within(sum, "the sum", LIMIT_MS), 4_501);
  });
});

/** Resolves with the ids of the tasks with the label "child", once so many were submitted. */
async function children(client: Client, count: number): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    const records = await client.dbQuery({ label: "child" }, { keys: ["msgId"], sort: ["submitted"] });
    return records.length < count ? await look() : records.map(({ msgId }) => msgId);
  };
  return await within(look(), `${count} children`, LIMIT_MS);
}

/** Resolves when all of these are aborted. */
async function aborted(client: Client, ids: readonly string[]): Promise<void> {
  const look = async (): Promise<void> => {
    const { status } = await client.resultStatus(ids);
    if (!ids.every((id) => status[id] === "aborted")) await look();
  };
  await within(look(), `the end of ${ids.join(", ")}`, LIMIT_MS);
}

for (const scheme of ["leastload", "pure"]) {
  Deno.test(`what tasks of tasks print comes to the program that began it all, from any depth: ${scheme}`, async () => {
    await withCluster({ n: 2, scheme }, async (client) => {
      const lines: OutputLine[] = [];
      using _ = client.onOutput((line) => lines.push(line));
      const outer = client.loadBalancedView().apply(async () => {
        const inner = async () => {
          console.log("from the second");
          const third = () => console.error("from the third");
          await currentTask().client.loadBalancedView().with({ label: "deep" }).apply(third);
        };
        await currentTask().client.loadBalancedView().apply(inner);
        console.log("from the first");
      });
      await within(outer, "the outer task", LIMIT_MS);
      const told = lines.map(({ channel, label, text }) => [channel, label, text].join()).sort();
      assert.deepEqual(told, ["stderr,deep,from the third", "stdout,,from the first", "stdout,,from the second"]);
      assert.equal(new Set(lines.map(({ msgId }) => msgId)).size, 3);
      assert.ok(lines.every(({ engineId }) => engineId === 0 || engineId === 1));
      assert.equal(outer.stdout, "from the first\n");
    });
  });
}
