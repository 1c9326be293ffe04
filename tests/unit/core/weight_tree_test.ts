/** The tree that engines are drawn from by weight. @module */
import assert from "node:assert/strict";
import { SeededRandom } from "../../../scheduler/core/random.ts";
import { WeightTree } from "../../../scheduler/core/weight_tree.ts";

interface Thing {
  weight: number;
  heapIndex: number;
}

const thing = (weight: number): Thing => ({ weight, heapIndex: -1 });

function treeOf(things: readonly Thing[], weigh: (one: Thing) => number = ({ weight }) => weight): WeightTree<Thing> {
  const tree = new WeightTree<Thing>(weigh);
  for (const one of things) tree.push(one);
  return tree;
}

Deno.test("a member is drawn as often as its weight says, whatever came, changed and went (seeds 1 to 10)", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    const tree = treeOf([]);
    const inside: Thing[] = [];
    for (let i = 0; i < 300; i++) {
      const one = inside[random.below(inside.length)];
      const roll = random.below(10);
      if (roll < 4 || one === undefined) {
        inside.push(thing(1 + random.below(9)));
        tree.push(inside.at(-1) as Thing);
      } else if (roll < 7) {
        one.weight = 1 + random.below(9);
        tree.update(one);
      } else {
        tree.remove(one);
        assert.equal(one.heapIndex, -1);
        inside.splice(inside.indexOf(one), 1);
      }
      assert.deepEqual([tree.size, tree.members.length], [inside.length, inside.length]);
      for (const member of inside) assert.ok(tree.has(member));
    }
    const sum = inside.reduce((all, { weight }) => all + weight, 0);
    const counts = new Map<Thing, number>();
    // In the middle of each unit of weight.
    for (let unit = 0; unit < sum; unit++) {
      const found = tree.at((unit + 0.5) / sum) as Thing;
      counts.set(found, (counts.get(found) ?? 0) + 1);
    }
    for (const member of inside) assert.equal(counts.get(member), member.weight, `seed ${seed}`);
  }
});

Deno.test("sums do not drift: after a million changes of far apart weights a fresh tree draws the same", () => {
  const random = new SeededRandom(3);
  const things = Array.from({ length: 64 }, () => thing(1));
  const tree = treeOf(things);
  for (let i = 0; i < 1_000_000; i++) {
    const one = things[random.below(64)] as Thing;
    one.weight = 1 / (random.below(4) + 1e-6);
    tree.update(one);
  }
  const fresh = treeOf(tree.members.map(({ weight }) => thing(weight)));
  for (let i = 0; i < 10_000; i++) {
    const share = random.next();
    assert.equal(tree.at(share)?.heapIndex, fresh.at(share)?.heapIndex);
  }
});

Deno.test("one of 10,000 is drawn, changed and removed with a look at a few", () => {
  let looks = 0;
  const things = Array.from({ length: 10_000 }, (_, i) => thing(1 + i % 5));
  const tree = treeOf(things, ({ weight }) => (looks++, weight));
  for (const share of [0, 0.3, 0.9999]) {
    looks = 0;
    const found = tree.at(share) as Thing;
    assert.ok(looks <= 14, `drawing: ${looks}`);
    looks = 0;
    tree.update(found);
    assert.ok(looks <= 14, `changing: ${looks}`);
    looks = 0;
    tree.remove(found);
    assert.ok(looks <= 28, `removing: ${looks}`);
  }
});

Deno.test("an empty tree draws nobody, and a tree that is filled again lies as the other did", () => {
  assert.equal(treeOf([]).at(0.5), null);
  const tree = treeOf([thing(1), thing(2), thing(3)]);
  tree.remove(tree.members[0] as Thing);
  const again = treeOf([]);
  const lying = tree.members.map(({ weight }) => weight);
  again.refill([...tree.members]);
  assert.deepEqual(again.members.map(({ weight }) => weight), lying);
  assert.equal(again.at(0.1)?.weight, 3);
});
