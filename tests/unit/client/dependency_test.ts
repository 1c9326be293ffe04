import assert from "node:assert/strict";
import { Dependency, type DependencyOptions } from "../../../client/dependency.ts";
import { FakeCluster } from "./fake_cluster.ts";

const [A, B, C] = ["s-0", "s-1", "s-2"];

/** The truth table of the specification: switches, completed, failed, met, impossible. */
const ROWS: readonly [DependencyOptions, string[], string[], boolean, boolean][] = [
  [{}, [], [], false, false],
  [{}, [A, B], [], true, false],
  [{}, [A], [], false, false],
  [{}, [A], [B], false, true],
  [{ success: false, failure: true }, [], [A, B], true, false],
  [{ success: false, failure: true }, [], [A], false, false],
  [{ success: false, failure: true }, [B], [A], false, true],
  [{ failure: true }, [A], [B], true, false],
  [{ failure: true }, [A], [], false, false],
  [{ failure: true }, [], [A, B], true, false],
  [{ all: false }, [A], [B], true, false],
  [{ all: false }, [], [B], false, false],
  [{ all: false }, [C], [A, B], false, true],
  [{ all: false, success: false, failure: true }, [A], [B], true, false],
  [{ all: false, success: false, failure: true }, [A], [], false, false],
  [{ all: false, success: false, failure: true }, [A, B], [C], false, true],
  [{ all: false, failure: true }, [], [B], true, false],
  [{ all: false, failure: true }, [A], [], true, false],
  [{ all: false, failure: true }, [C], [C], false, false],
];

for (const [options, completed, failed, met, impossible] of ROWS) {
  const name = `${JSON.stringify(options)} on s-0, s-1 with ${completed} done and ${failed} failed`;
  Deno.test(`${name}: met ${met}, impossible ${impossible}`, () => {
    const dependency = new Dependency([A, B], options);
    assert.deepEqual(
      [dependency.check(completed, failed), dependency.unreachable(completed, failed)],
      [met, impossible],
    );
    const asSets = [new Set(completed), new Set(failed)] as const;
    assert.deepEqual([dependency.check(...asSets), dependency.unreachable(...asSets)], [met, impossible]);
  });
}

Deno.test("an empty dependency is met at once and never impossible, whatever its switches", () => {
  for (const options of [{}, { all: false }, { success: false, failure: true }, { all: false, failure: true }]) {
    const empty = new Dependency([], options);
    assert.deepEqual([empty.check([], [A]), empty.unreachable([], [A])], [true, false]);
  }
});

Deno.test("what failed may be left out", () => {
  const dependency = new Dependency(A);
  assert.deepEqual([dependency.check([A]), dependency.unreachable([])], [true, false]);
});

Deno.test("it is a set of the ids of results, of maps and of ids, each once, and can be changed as one", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const one = lview.apply(() => 1);
  const map = lview.map((x: number) => x, [1, 2]);
  const dependency = new Dependency([one, "other-7", map, one.msgId]);
  assert.ok(dependency instanceof Set);
  assert.deepEqual([...dependency], ["testsessio-0", "other-7", "testsessio-1", "testsessio-2"]);
  assert.deepEqual([...new Dependency(map)], map.msgIds);
  assert.deepEqual([...new Dependency(one.msgId)], [one.msgId]);
  dependency.delete("other-7");
  dependency.add("other-8");
  assert.deepEqual([dependency.size, dependency.has("other-8")], [4, true]);
  assert.deepEqual([dependency.all, dependency.success, dependency.failure], [true, true, false]);
});

Deno.test("what it can't be made of is refused by name", () => {
  const make = Dependency as unknown as new (...args: unknown[]) => Dependency;
  assert.throws(() => new Dependency([A], { success: false }), /TypeError.*success and failure both false/);
  assert.throws(() => new make([A], { success: "yes" }), /TypeError.*success "yes": allowed is true or false/);
  assert.throws(() => new make([A], { sucess: false }), /TypeError.*switch "sucess".*there are all, success, failure/);
  assert.throws(() => new make([A], true), /TypeError.*with true: give switches/);
  for (const jobs of [5, null, {}, [5], [[A]], "", "nonsense", ["a-b"], [new Promise(() => {})], new Map([[A, B]])]) {
    assert.throws(() => new make(jobs), /TypeError: Cannot depend on .* neither a result nor the id of a task/);
  }
  assert.throws(() => new Dependency().add("nonsense"), TypeError);
});

Deno.test("100,000 ids fit and one more does not, in a dependency and in a plain list", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const ids = Array.from({ length: 100_000 }, (_, index) => `s-${index}`);
  const full = new Dependency(ids);
  full.add("s-5");
  assert.equal(full.size, 100_000);
  assert.throws(() => full.add("s-100000"), RangeError);
  assert.throws(() => new Dependency([...ids, "s-100000"]), /RangeError.*more than 100,000 tasks/);
  lview.with({ after: ids, follow: [...ids, "s-5"] });
  assert.throws(() => lview.with({ after: [...ids, "s-100000"] }), /RangeError.*flag "after".*more than 100,000/);
});
