/** Instances of classes on their way to engines and back. @module */
import assert from "node:assert/strict";
import { registerType } from "../../../client/registered_type.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

const scale = { factor: 2 };

class Point {
  constructor(readonly x: number, readonly y: number) {}
  plus(other: Point) {
    return new Point(this.x + other.x, this.y + other.y);
  }
  scaled() {
    return new Point(this.x * scale.factor, this.y * scale.factor);
  }
}
class Point3 extends Point {
  constructor(x: number, y: number, readonly z: number) {
    super(x, y);
  }
}
class Celsius {
  #degrees: number;
  constructor(degrees: number) {
    this.#degrees = degrees;
  }
  get degrees() {
    return this.#degrees;
  }
  warmer(by: number) {
    return new Celsius(this.#degrees + by);
  }
}
class Tags extends Set<string> {}

registerType(Point);
registerType(Point3);
registerType(Celsius, {
  encode: (value) => ({ degrees: value.degrees }),
  decode: ({ degrees }) => new Celsius(degrees),
});

async function view() {
  return (await FakeCluster.start()).client.loadBalancedView();
}

Deno.test("an instance arrives as one, with its methods, and comes back as one", async () => {
  const lview = await view();
  const result = await lview.apply((p: Point) => p.plus(new Point(1, 1)), new Point(1, 2));
  assert.ok(result instanceof Point);
  assert.deepEqual(result, new Point(2, 3));
  const listed = await lview.map((p: Point) => [p, { deep: p.scaled() }], [new Point(1, 2), new Point(3, 4)]);
  assert.deepEqual(listed[1], [new Point(3, 4), { deep: new Point(6, 8) }]);
});

Deno.test("arguments, captures and what the function makes are of one class, also from task to task and in chunks", async () => {
  const lview = await view();
  const origin = new Point(0, 0);
  const same = (p: Point, q: Point) => [
    p instanceof Point,
    origin instanceof Point,
    p.constructor === q.constructor,
    p.constructor === new Point(1, 1).constructor,
    origin.plus(p),
  ];
  const wanted = [true, true, true, true, new Point(5, 6)];
  assert.deepEqual(await lview.apply(same, new Point(5, 6), new Point(1, 1)), wanted);
  assert.deepEqual(await lview.with({ chunksize: 2 }).map(same, [new Point(5, 6)], [new Point(1, 1)]), [wanted]);
});

Deno.test("a registered subclass keeps its class and its base", async () => {
  const lview = await view();
  const result = await lview.apply((p: Point3) => [p instanceof Point, p], new Point3(1, 2, 3));
  assert.ok((result as unknown[])[1] instanceof Point3);
  assert.deepEqual(result, [true, new Point3(1, 2, 3)]);
});

Deno.test("a class with private state travels by its encode and decode", async () => {
  const lview = await view();
  const result = await lview.apply((c: Celsius) => c.warmer(5), new Celsius(20));
  assert.ok(result instanceof Celsius);
  assert.equal(result.degrees, 25);
});

Deno.test("what can't travel as properties is refused at registration, and says what to give", () => {
  assert.throws(() =>
    registerType(
      class Secret {
        #x = 1;
        get x() {
          return this.#x;
        }
      },
    ), /TypeError: Cannot register "Secret": its instances have private state.*encode, decode/);
  assert.throws(() => registerType(Tags), /Cannot register "Tags": it extends Set/);
  assert.throws(() => registerType(Celsius, { encode: () => 1 }), /give both/);
  assert.throws(() => registerType((() => 1) as never), /it is no class/);
  assert.throws(() => registerType(class {}), /without a name/);
  registerType(
    class Commented {
      // A colour such as #fff is no private name.
      colour = "#fff";
    },
  );
});

Deno.test("an instance of a class that is not registered is refused, and says which", async () => {
  class Unknown {
    x = 1;
  }
  class Derived extends Point {}
  const lview = await view();
  for (const value of [new Unknown(), new Derived(1, 2)]) {
    const result = lview.apply((x: unknown) => x, { list: [value] });
    await assert.rejects(Promise.resolve(result), (error: Error) => {
      assert.ok(error instanceof SerializationError);
      assert.match(error.message, /args\[0\]\.list\[0\].*registerType\((Unknown|Derived)\)/);
      return true;
    });
  }
});
