import assert from "node:assert/strict";
import { depend } from "../../../client/depend.ts";
import { require } from "../../../client/require.ts";
import { UnmetDependency } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

class Tasks {
  static square(x: number): number {
    return x * x;
  }

  static get computed(): number {
    return 1;
  }

  cube(x: number): number {
    return x ** 3;
  }
}

const context = (name: string, more: object = {}) => ({ kind: "method", name, static: true, private: false, ...more });
const never = () => false;

Deno.test("as a standard decorator of a static method it gives the method behind its conditions", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const square = require("node:zlib")(Tasks.square, context("square"));
  assert.deepEqual([square.name, square.length, await square(3)], ["square", 1, 9]);
  assert.equal(await lview.apply(square, 4), 16);
  const declined = depend(never)(Tasks.square, context("square"));
  assert.throws(() => declined(3), UnmetDependency);
});

Deno.test("as a legacy decorator of a static method it gives the descriptor of one, else unchanged", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const before = Object.getOwnPropertyDescriptor(Tasks, "square") as TypedPropertyDescriptor<typeof Tasks.square>;
  const after = depend(() => true)(Tasks, "square", before);
  assert.deepEqual([after.writable, after.enumerable, after.configurable], [true, false, true]);
  assert.equal(await lview.apply(after.value ?? assert.fail(), 5), 25);
  assert.equal(before.value, Tasks.square);
  const declined = depend(never)(Tasks, "square", before).value ?? assert.fail();
  assert.throws(() => declined(3), UnmetDependency);
});

Deno.test("decorators go one on another", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const inner = require("node:zlib")(Tasks.square, context("square"));
  const outer = depend((x: number) => x > 0, 1)(inner, context("square"));
  assert.equal(await lview.apply(outer, 6), 36);
});

for (
  const [what, decorate] of [
    ["an instance method, standard", () => depend(never)(new Tasks().cube, context("cube", { static: false }))],
    ["a getter, standard", () => depend(never)(() => 1, context("computed", { kind: "getter" }))],
    ["a class, standard", () => depend(never)(Tasks as never, { kind: "class", name: "Tasks" } as never)],
    ["a field, standard", () => depend(never)(undefined as never, context("square", { kind: "field" }))],
    ["an instance method, legacy", () => depend(never)(Tasks.prototype, "cube", { value: Tasks.prototype.cube })],
    ["a getter, legacy", () => {
      const descriptor = Object.getOwnPropertyDescriptor(Tasks, "computed") as PropertyDescriptor;
      return depend(never)(Tasks, "computed", descriptor);
    }],
  ] as const
) {
  Deno.test(`${what}, can't be decorated, and the error says what can`, () => {
    assert.throws(decorate, /TypeError: Cannot decorate "\w+" with depend\(…\): only a static method/);
  });
}
