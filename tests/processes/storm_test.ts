/** A cluster under mixed load while its engines and its controller are killed and stopped, by a seed. @module */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { type Client, Cluster, type LoadBalancedView } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { familyOf, gone, kill, signal } from "./cli_fixture.ts";

const SEED = Number(Deno.env.get("STORM_SEED") ?? 20);
const JOBS = 40;
const SETTLE_LIMIT_MS = 60_000;

/** What may become of a task whose engine is killed, or which is aborted; a wrong value is none of it. */
const EXPECTED = ["EngineError", "TaskAborted", "TaskTimeout", "DependencyTimeout"];

function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Job = (view: LoadBalancedView, draw: (below: number) => number) => Promise<void>;

const count = (length: number) => Array.from({ length }, (_, index) => index);

const JOB_KINDS: Readonly<Record<string, Job>> = {
  async map(view, draw) {
    const xs = count(1 + draw(400));
    assert.deepEqual(await view.with({ chunksize: 1 + draw(9) }).map((x: number) => x * 3, xs), xs.map((x) => x * 3));
  },
  async leave(view, draw) {
    const wanted = 1 + draw(100);
    let next = 0;
    for await (const value of view.imap((x: number) => x, count(1_000))) {
      assert.equal(value, next++);
      if (next === wanted) break;
    }
  },
  async big(view, draw) {
    const bytes = new Uint8Array(100_000 + draw(2_000_000)).fill(7);
    assert.deepEqual(await view.apply((b: Uint8Array) => b, bytes), bytes);
  },
  async abort(view, draw) {
    const job = view.apply(() => new Promise<void>(() => {}));
    setTimeout(() => job.abort(), draw(1_500));
    await job;
  },
  async loop(view, draw) {
    await view.with({ maxRuntime: 50 + draw(200) }).apply(() => {
      while (true);
    });
  },
  async late(view, draw) {
    const pause = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));
    const xs = count(1 + draw(30));
    assert.deepEqual(await view.with({ timeout: 100 + draw(2_000) }).map(pause, xs), xs);
  },
};

/** Rejects where the job ended in a way in which none may end. */
async function outcomeOf(kind: string, client: Client, draw: (below: number) => number): Promise<void> {
  try {
    await JOB_KINDS[kind]?.(client.loadBalancedView().with({ retries: draw(3) }), draw);
  } catch (error) {
    const all: unknown[] = error instanceof AggregateError ? error.errors : [error];
    if (!all.every((one) => one instanceof Error && EXPECTED.includes(one.name))) throw error;
  }
}

/** One blow, after which everything goes on. */
async function strike(host: number, draw: (below: number) => number): Promise<void> {
  const { engines, controllers } = familyOf(host);
  const engine = engines[draw(engines.length)];
  const kind = draw(4);
  if (kind === 0) { for (const pid of controllers) await kill(pid); }
  else if (kind === 1 && engine !== undefined) await kill(engine);
  else if (engine !== undefined) {
    signal(engine, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 200 + draw(400)));
    // Its time may have been up while it was stopped, and its host have ended it.
    signal(engine, "SIGCONT");
  }
}

Deno.test(`all that is submitted in a storm of deaths settles, with right values, and nothing is left (seed ${SEED})`, async () => {
  const draw = chance(SEED);
  const kinds = Object.keys(JOB_KINDS);
  const cluster = await Cluster.start({ n: 3, hwm: draw(3) });
  await using _end = cluster;
  const host: number = JSON.parse(await Deno.readTextFile(`${dirname(cluster.connection.file)}/lock.json`)).pid;
  const clients = [await cluster.connect(), await cluster.connect()] as const;
  const jobs: Promise<void>[] = [];
  for (let number = 0; number < JOBS; number++) {
    const kind = kinds[draw(kinds.length)] ?? "map";
    const job = outcomeOf(kind, clients[number % 2 === 0 ? 0 : 1], draw);
    jobs.push(within(job, `job ${number} ("${kind}", seed ${SEED})`, SETTLE_LIMIT_MS));
    if (number % 8 === 7) await strike(host, draw);
  }
  const ends = await Promise.allSettled(jobs);
  const wrong = ends.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
  assert.deepEqual(wrong, [], `seed ${SEED}`);
  assert.deepEqual(await clients[0].loadBalancedView().with({ retries: 2 }).map((x: number) => x, [1, 2, 3]), [
    1,
    2,
    3,
  ]);
  const family = familyOf(host);
  for (const client of clients) await client.close();
  await cluster.stop();
  for (const pid of [host, ...family.engines, ...family.controllers]) await gone(pid);
});
