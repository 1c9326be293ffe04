import assert from "node:assert/strict";
import { IndexedHeap } from "../../../scheduler/core/indexed_heap.ts";
import { IntervalSet, MAX_INTERVALS } from "../../../scheduler/core/interval_set.ts";
import { LinkedList } from "../../../scheduler/core/linked_list.ts";
import { SeededRandom } from "../../../scheduler/core/random.ts";
import { ReadyQueue } from "../../../scheduler/core/ready_queue.ts";
import { counterOf, SessionRecord, splitTaskId } from "../../../scheduler/core/session_record.ts";
import { PagedTable } from "../../../wire/paged_table.ts";
import { TaskRecord } from "../../../scheduler/core/task_record.ts";
import { spec } from "./given.ts";

interface Thing {
  key: number;
  heapIndex: number;
  prev: Thing | null;
  next: Thing | null;
}

const thing = (key: number): Thing => ({ key, heapIndex: -1, prev: null, next: null });

Deno.test("a heap gives its members in order, whatever is pushed, moved and removed (seeds 1 to 50)", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new SeededRandom(seed);
    const heap = new IndexedHeap<Thing>((a, b) => a.key < b.key);
    const inside: Thing[] = [];
    for (let i = 0; i < 200; i++) {
      const roll = random.below(10);
      const one = inside[random.below(inside.length)];
      if (roll < 5 || one === undefined) {
        const fresh = thing(random.next());
        heap.push(fresh);
        inside.push(fresh);
      } else if (roll < 8) {
        one.key = random.next();
        heap.update(one);
      } else {
        heap.remove(one);
        assert.equal(one.heapIndex, -1);
        inside.splice(inside.indexOf(one), 1);
      }
      inside.sort((a, b) => a.key - b.key);
      assert.equal(heap.first, inside[0] ?? null, `seed ${seed}`);
      const half = inside.filter(({ key }) => key > 0.5)[0] ?? null;
      assert.equal(heap.firstWhere(({ key }) => key > 0.5), half, `seed ${seed}`);
    }
  }
});

Deno.test("a list keeps the order of appending through removals (seeds 1 to 20)", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const list = new LinkedList<Thing>();
    const inside: Thing[] = [];
    for (let i = 0; i < 200; i++) {
      const one = inside[random.below(inside.length)];
      if (random.below(5) < 3 || one === undefined) {
        inside.push(thing(i));
        list.append(inside.at(-1) as Thing);
      } else {
        list.remove(one);
        inside.splice(inside.indexOf(one), 1);
      }
      assert.deepEqual([...list].map(({ key }) => key), inside.map(({ key }) => key), `seed ${seed}`);
      assert.deepEqual([list.size, list.first, list.last], [inside.length, inside[0] ?? null, inside.at(-1) ?? null]);
    }
  }
});

Deno.test("a paged table is a map that is read in order of its numbers (seeds 1 to 20)", () => {
  const session = new SessionRecord("a" as never, 0, 0);
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const table = new PagedTable<TaskRecord>();
    const model = new Map<number, TaskRecord>();
    for (let i = 0; i < 500; i++) {
      const counter = random.below(600);
      if (random.below(2) === 0) {
        const task = new TaskRecord(spec(`a-${counter}`), session, counter, i, 0);
        table.set(counter, task);
        model.set(counter, task);
      } else {
        table.take(counter);
        model.delete(counter);
      }
      assert.equal(table.get(counter), model.get(counter), `seed ${seed}`);
      assert.equal(table.size, model.size);
    }
    const inOrder = [...model.keys()].sort((a, b) => a - b);
    assert.deepEqual([...table].map(({ counter }) => counter), inOrder);
    for (const counter of inOrder) assert.equal(table.get(counter), model.get(counter));
  }
});

Deno.test("an interval set is a set (seeds 1 to 20)", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const set = new IntervalSet();
    const model = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const value = random.below(200);
      set.add(value);
      model.add(value);
    }
    for (let value = -1; value <= 201; value++) assert.equal(set.has(value), model.has(value), `seed ${seed}`);
    const again = IntervalSet.from(set.intervals);
    assert.deepEqual(again.intervals, set.intervals);
  }
});

Deno.test("an interval set stays small: past its bound the oldest gaps are closed", () => {
  const set = new IntervalSet();
  for (let value = 0; value < 10 * MAX_INTERVALS; value += 2) set.add(value);
  assert.equal(set.intervals.length, MAX_INTERVALS);
  assert.ok(set.has(1), "an old gap");
  assert.ok(!set.has(10 * MAX_INTERVALS - 3), "a young gap");
});

Deno.test("a ready queue gives what its definition says, whatever comes, comes back and goes (seeds 1 to 30)", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const sessions = ["a", "b", "c"].map((id, serial) => new SessionRecord(id as never, serial, 0));
    const queue = new ReadyQueue();
    const inside: TaskRecord[] = [];
    const outside: TaskRecord[] = [];
    let served = 0;
    for (let i = 0; i < 300; i++) {
      const roll = random.below(10);
      const session = sessions[random.below(3)] as SessionRecord;
      if (roll < 5) {
        const task = new TaskRecord(spec(`${session.id}-${i}`, { priority: random.below(3) }), session, i, i, 0);
        queue.push(task);
        inside.push(task);
      } else if (roll < 6 && outside.length > 0) {
        const [back] = outside.splice(random.below(outside.length), 1) as [TaskRecord];
        queue.push(back);
        inside.push(back);
      } else if (roll < 7) session.served = ++served;
      else {
        const task = roll < 9 ? queue.first : inside[random.below(inside.length)] ?? null;
        if (task === null) continue;
        queue.remove(task);
        inside.splice(inside.indexOf(task), 1);
        outside.push(task);
        if (roll < 9) task.session.served = ++served;
      }
      inside.sort(leavesFirst);
      assert.equal(queue.first?.id, inside[0]?.id, `seed ${seed}, step ${i}`);
      assert.equal(queue.size, inside.length);
    }
    assert.deepEqual([...queue].map(({ id }) => id).sort(), inside.map(({ id }) => id).sort());
  }
});

function leavesFirst(a: TaskRecord, b: TaskRecord): number {
  return b.flags.priority - a.flags.priority || a.session.served - b.session.served ||
    a.session.serial - b.session.serial || a.order - b.order;
}

Deno.test("the generator is uniform enough, the same for a seed, and goes on from its state", () => {
  const [one, two] = [new SeededRandom(7), new SeededRandom(7)];
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const draw = one.below(10);
    assert.equal(draw, two.below(10));
    counts[draw] = (counts[draw] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, String(counts));
  assert.equal(new SeededRandom(one.state).next(), two.next());
});

Deno.test("the counter of an id is read only where the id is of the session", () => {
  assert.equal(counterOf("ab" as never, "ab-120" as never), 120);
  for (const id of ["abc-1", "ab-", "ab", "ab-1x", "b-1", "ab--1", `ab-${"9".repeat(16)}`]) {
    assert.equal(counterOf("ab" as never, id as never), -1, id);
  }
});

Deno.test("a task id splits at its last dash, and what is none gives null", () => {
  assert.deepEqual(splitTaskId("ab12-34" as never), { session: "ab12", counter: 34 });
  for (const id of ["", "-", "-1", "a-", "a-x", "a--1.5", "a-1.5", "a"]) {
    assert.equal(splitTaskId(id as never), null, id);
  }
});
