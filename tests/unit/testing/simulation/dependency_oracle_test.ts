import assert from "node:assert/strict";
import type { EngineUuid, Session, TaskId } from "../../../../protocol/ids.ts";
import type { DependencySpec, TaskFlags } from "../../../../protocol/task_spec.ts";
import {
  dependencyState,
  type DependencyView,
  followedEngines,
  invalidId,
  isOnCycle,
} from "../../../../testing/simulation/dependency_oracle.ts";
import { LedgerTask } from "../../../../testing/simulation/ledger_records.ts";
import { spec } from "../../core/given.ts";

type End = "open" | "done" | "failed";

/** A world of tasks `s-0`, `s-1` …, with their ends, and where they ran (`null`: nowhere). */
class Scene implements DependencyView {
  readonly inGrace = false;
  readonly tasks = new Map<string, LedgerTask>();
  readonly gone = new Set<string>();
  more = false;

  add(id: string, end: End, uuid: string | null = "e", flags: Partial<TaskFlags> = {}): LedgerTask {
    const task = new LedgerTask(spec(id, flags), "s" as Session, this.tasks.size, 0, this.tasks.size);
    if (end !== "open") {
      task.status = "settled";
      task.outcome = end === "done"
        ? { kind: "done", value: new Uint8Array() }
        : { kind: "threw", error: new Uint8Array() };
      task.uuid = uuid as EngineUuid | null;
    }
    this.tasks.set(id, task);
    return task;
  }
  task(id: TaskId) {
    return this.tasks.get(id);
  }
  isAlive(uuid: EngineUuid) {
    return !this.gone.has(uuid);
  }
  allows() {
    return true;
  }
  mayStillCome() {
    return this.more;
  }
}

function depends(ids: string[], all: boolean, success: boolean, failure: boolean): DependencySpec {
  return { ids: ids as TaskId[], all, success, failure };
}

/** The state of an `after` on two tasks that ended so. */
function stateOf(ends: readonly [End, End], all: boolean, success: boolean, failure: boolean): string {
  const scene = new Scene();
  ends.forEach((end, i) => scene.add(`s-${i}`, end));
  const after = depends(["s-0", "s-1"], all, success, failure);
  return dependencyState(scene.add("s-9", "open", null, { after }), scene);
}

Deno.test("an after is met, impossible or waiting by the truth table", () => {
  const pairs: readonly [End, End][] = [["done", "done"], ["done", "failed"], ["failed", "failed"], ["done", "open"], [
    "failed",
    "open",
  ], ["open", "open"]];
  const row = (all: boolean, success: boolean, failure: boolean) =>
    pairs.map((pair) => stateOf(pair, all, success, failure).slice(0, 1)).join("");
  // m: met, i: impossible, w: waiting
  assert.equal(row(true, true, false), "miiwiw");
  assert.equal(row(true, false, true), "iimiww");
  assert.equal(row(true, true, true), "mmmwww");
  assert.equal(row(false, true, false), "mmimww");
  assert.equal(row(false, false, true), "immwmw");
  assert.equal(row(false, true, true), "mmmmmw");
});

Deno.test("an empty dependency is met at once", () => {
  const scene = new Scene();
  const none = depends([], true, true, false);
  assert.equal(dependencyState(scene.add("s-0", "open", null, { after: none, follow: none }), scene), "met");
});

Deno.test("its own id, an unknown one, a direct one and a forgotten one are invalid", () => {
  const scene = new Scene();
  scene.add("s-0", "done").forgottenInStep = 0;
  for (const id of ["s-9", "s-5", `s-${2 ** 40}`, "garbage", "s-0"]) {
    const task = scene.add("s-9", "open", null, { after: depends([id], true, true, false) });
    assert.deepEqual([dependencyState(task, scene), invalidId(task, scene)], ["invalid", id]);
  }
});

Deno.test("an id that may still come with the rest of its batch is waited for", () => {
  const scene = new Scene();
  scene.more = true;
  const task = scene.add("s-9", "open", null, { after: depends(["s-5"], true, true, false) });
  assert.equal(dependencyState(task, scene), "either");
  assert.equal(invalidId(task, scene), null);
});

Deno.test("a follow of all wants one live process that ran all of them", () => {
  const scene = new Scene();
  scene.add("s-0", "done", "a");
  scene.add("s-1", "done", "a");
  scene.add("s-2", "done", "b");
  scene.add("s-3", "failed", null);
  const follow = (ids: string[], failure = false) =>
    scene.add("s-9", "open", null, { follow: depends(ids, true, true, failure) });
  const together = follow(["s-0", "s-1"]);
  assert.deepEqual([dependencyState(together, scene), [...followedEngines(together, scene) ?? []]], ["met", ["a"]]);
  assert.equal(dependencyState(follow(["s-0", "s-2"]), scene), "impossible", "on different engines");
  assert.equal(dependencyState(follow(["s-3"], true), scene), "impossible", "it never ran");
  scene.gone.add("a");
  assert.equal(dependencyState(follow(["s-0", "s-1"]), scene), "impossible", "the process is gone");
});

Deno.test("a follow of any takes every live process that ran one, and waits while another may come", () => {
  const scene = new Scene();
  scene.add("s-0", "done", "a");
  scene.add("s-1", "done", "b");
  const open = scene.add("s-2", "open");
  const task = scene.add("s-9", "open", null, { follow: depends(["s-0", "s-1", "s-2"], false, true, false) });
  assert.deepEqual([dependencyState(task, scene), [...followedEngines(task, scene) ?? []]], ["met", ["a", "b"]]);
  scene.gone.add("a").add("b");
  assert.equal(dependencyState(task, scene), "waiting");
  open.status = "settled";
  open.outcome = { kind: "threw", error: new Uint8Array() };
  assert.equal(dependencyState(task, scene), "impossible");
});

Deno.test("a cycle is found over any number of others", () => {
  const scene = new Scene();
  const after = (id: string) => ({ after: depends([id], true, true, false) });
  const tasks = [0, 1, 2].map((i) => scene.add(`s-${i}`, "open", null, after(`s-${(i + 1) % 3}`)));
  const outside = scene.add("s-3", "open", null, after("s-0"));
  assert.deepEqual([...tasks, outside].map((task) => isOnCycle(task, scene)), [true, true, true, false]);
});
