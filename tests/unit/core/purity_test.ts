import assert from "node:assert/strict";
import { createScheduler } from "../../../scheduler/core/scheduler.ts";
import { drawOptions, Walk, WALK_SCHEME } from "./walk.ts";

type Place = Record<string, unknown>;

/** Everything by which time, chance or the outside could get in. */
const POISONED: readonly (readonly [place: object, name: string])[] = [
  [Date, "now"],
  [performance, "now"],
  [Math, "random"],
  [globalThis, "Date"],
  [globalThis, "setTimeout"],
  [globalThis, "setInterval"],
  [globalThis, "queueMicrotask"],
  [globalThis, "fetch"],
  [globalThis, "crypto"],
  [globalThis, "console"],
  [globalThis, "Promise"],
  [globalThis, "Deno"],
];

function withPoison(run: () => void): void {
  const saved = POISONED.map(([place, name]) => Object.getOwnPropertyDescriptor(place, name));
  POISONED.forEach(([place, name]) => {
    const poison = () => {
      throw new Error(`The core touched ${name}`);
    };
    Object.defineProperty(place, name, { configurable: true, get: poison });
  });
  try {
    run();
  } finally {
    POISONED.forEach(([place, name], i) => {
      const descriptor = saved[i];
      if (descriptor === undefined) delete (place as Place)[name];
      else Object.defineProperty(place, name, descriptor);
    });
  }
}

Deno.test("the poison works", () => {
  assert.throws(() => withPoison(() => Math.random()), /touched random/);
  assert.throws(() => withPoison(() => setTimeout(() => {}, 0)), /touched setTimeout/);
  assert.equal(typeof Math.random(), "number");
});

Deno.test("the core steps, explains and snapshots with every clock, timer and source of chance poisoned", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const walk = new Walk(seed);
    walk.run(150);
    withPoison(() => {
      const core = createScheduler(drawOptions(seed), WALK_SCHEME);
      for (const event of walk.events) core.step(event);
      core.snapshot();
      core.engines();
      core.explain("a-0" as never);
      core.story("a-0" as never);
    });
  }
});
