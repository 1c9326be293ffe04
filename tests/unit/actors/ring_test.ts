/** The ring against an array. @module */
import { deepEqual, equal } from "node:assert/strict";
import { Ring } from "../../../actors/ring.ts";
import { fc } from "../../../deps/fast_check.ts";

Deno.test("a ring gives back what was pushed, in order, whatever the interleaving", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.nat(), { nil: null }), { maxLength: 300 }), (steps) => {
    const ring = new Ring<number>();
    const model: number[] = [];
    for (const step of steps) {
      if (step === null) equal(ring.shift(), model.shift());
      else {
        ring.push(step);
        model.push(step);
      }
      equal(ring.length, model.length);
    }
    const rest = [];
    for (let next = ring.shift(); next !== undefined; next = ring.shift()) rest.push(next);
    deepEqual(rest, model);
  }));
});

Deno.test("a ring that grew large works on after it ran empty", () => {
  const ring = new Ring<number>();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5_000; i++) ring.push(i);
    for (let i = 0; i < 5_000; i++) equal(ring.shift(), i);
    equal(ring.shift(), undefined);
  }
});
