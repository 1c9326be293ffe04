import assert from "node:assert/strict";
import type { AsyncResult } from "../../../client/async_result.ts";
import { fc } from "../../../deps/fast_check.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { TaskAborted } from "../../../wire/errors.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

/** What may happen to a session, each with a number to choose by. */
const step = fc.tuple(
  fc.constantFrom("apply", "map", "chunks", "bigMap", "big", "run", "runSome", "abort", "lose", "stop", "go", "turn"),
  fc.nat(1_000),
);

const echo = (x: number) => x;

/** A task behind a map whose next slice nobody made any more once a new controller came: it hung. */
const BEHIND_AN_ABORTED_SLICE: ["big" | "bigMap" | "apply" | "abort" | "lose", number][] = [
  ["big", 0],
  ["bigMap", 1],
  ["apply", 0],
  ["abort", 0],
  ["abort", 79],
  ["lose", 0],
];

/** One random life, and what it submitted: results and what they should come to. */
class Walk {
  readonly clock = new FakeClock();
  readonly submitted: { result: AsyncResult<unknown, boolean>; wanted: unknown; aborted: boolean }[] = [];
  readonly #cluster: FakeCluster;
  /** How many messages earlier controllers were sent. */
  #before = 0;

  constructor(cluster: FakeCluster, clock: FakeClock) {
    this.#cluster = cluster;
    this.clock = clock;
  }

  async take(name: string, n: number): Promise<void> {
    const cluster = this.#cluster;
    const lview = cluster.client.loadBalancedView();
    const xs = Array.from({ length: name === "bigMap" ? 4_000 + n : n % 20 }, (_, x) => x);
    if (name === "apply") this.#add(lview.apply(echo, n), n);
    if (name === "map" || name === "bigMap") this.#add(lview.map(echo, xs), xs);
    if (name === "chunks") this.#add(lview.with({ chunksize: 1 + n % 5 }).map(echo, xs), xs);
    if (name === "big") this.#add(lview.apply((x: string) => x.length, "x".repeat(70_000 + n)), 70_000 + n);
    if (name === "run") await cluster.run();
    if (name === "runSome") await cluster.run([...cluster.tasks.keys()].filter((key) => (key * 7 + n) % 3 === 0));
    if (name === "abort") this.#abort(n);
    if (name === "lose") this.#lose();
    if (name === "stop") cluster.credit = n % 3;
    if (name === "go") cluster.giveCredit(Infinity);
    if (name === "turn") await this.clock.run(n);
  }

  /** Lets all of it come to its end. */
  async finish(): Promise<void> {
    this.#cluster.giveCredit(Infinity);
    for (let turn = 0; turn < 50 && !(this.toldAll && this.submitted.every(({ result }) => result.ready)); turn++) {
      await settleTurn();
      await this.clock.run(1_000);
      await this.#cluster.run();
    }
  }

  /** Whether this controller waits for nothing more of what was submitted. */
  get toldAll(): boolean {
    return this.#cluster.batches.slice(this.#before).at(-1)?.[4] !== true;
  }

  #add(result: AsyncResult<unknown, boolean>, wanted: unknown): void {
    this.submitted.push({ result, wanted, aborted: false });
  }

  #abort(n: number): void {
    const chosen = this.submitted[n % Math.max(1, this.submitted.length)];
    if (chosen === undefined) return;
    chosen.aborted = true;
    chosen.result.abort();
  }

  /** The controller dies with all it knew, and another one comes. */
  #lose(): void {
    this.#cluster.tasks.clear();
    this.#cluster.codes.clear();
    this.#cluster.epoch++;
    this.#before = this.#cluster.batches.length;
    this.#cluster.session.controllerLost();
  }
}

Deno.test("whatever happens in whatever order, every result comes to its own end, once, and nothing is left", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = new FakeClock();
      const cluster = (await FakeCluster.start(clock)).manual();
      const walk = new Walk(cluster, clock);
      for (const [name, n] of steps) await walk.take(name, n);
      await walk.finish();
      for (const { result, wanted, aborted } of walk.submitted) {
        assert.ok(result.ready, `${result.msgId} hangs`);
        assert.equal(result.progress, result.length);
        if (result.successful) assert.deepEqual(await result, wanted);
        else assert.ok(aborted && onlyAborts(await result.catch((error) => error)));
      }
      assert.ok(walk.toldAll);
      assert.deepEqual([cluster.session.tasks.pending, cluster.session.tasks.unfinishedJobs().size], [0, 0]);
      await cluster.client.close();
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 60, examples: [[BEHIND_AN_ABORTED_SLICE]] },
  );
});

function onlyAborts(error: unknown): boolean {
  return error instanceof AggregateError
    ? error.errors.every((each) => each instanceof TaskAborted)
    : error instanceof TaskAborted;
}
