/**
 * Checks the core's dispatches one by one: which task was next, and where it was allowed to go.
 *
 * Which engine a scheme draws is the core's to say; that it was one of the right ones, and that nothing was left that
 * could go, is checked here. Each dispatch that is right is then taken as given.
 * @module
 */
import type { Dispatch } from "../../scheduler/core/effects.ts";
import { agree } from "./disagreement.ts";
import { conclude, settle } from "./naive_outcomes.ts";
import { isEligible } from "./naive_places.ts";
import type { Life, NaiveTask } from "./naive_records.ts";
import type { NaiveWorld } from "./naive_world.ts";

/** Takes the dispatches of one step, in order. */
export function takeDispatches(w: NaiveWorld, dispatches: readonly Dispatch[]): void {
  const left = [...dispatches];
  for (;;) {
    while (canDispatch(w)) {
      const dispatch = left.shift();
      agree(dispatch !== undefined, "left undispatched", () => describeNext(w));
      take(w, dispatch);
    }
    if (!expireLastChances(w)) break;
  }
  const [extra] = left;
  agree(extra === undefined, "dispatched what could not go", () => `${extra?.spec.id} to engine ${extra?.engine}`);
}

/** Those past their deadline that did not get an engine right now. What that makes of others may let these go. */
function expireLastChances(w: NaiveWorld): boolean {
  const late = [...w.tasks.values()].filter(({ state, isLastChance }) => isLastChance && state !== "settled");
  for (const task of late) settle(w, task, "DependencyTimeout");
  conclude(w);
  return late.length > 0;
}

function take(w: NaiveWorld, { spec, engine, number, attempt }: Dispatch): void {
  const next = nextTask(w);
  agree(next?.id === spec.id, "wrong task goes first", () => `${spec.id} instead of ${next?.id} to engine ${engine}`);
  const life = w.current(engine);
  agree(life !== null && isEligible(w, next, life), "engine not eligible", () => `${spec.id} on engine ${engine}`);
  const only = rightEngine(w, next);
  agree(only === null || only === life, "wrong engine", () => `${spec.id} on engine ${engine}, not ${only?.id}`);
  next.attempts++;
  agree(next.attempts === attempt, "attempts counted wrongly", () => `${spec.id}: ${attempt}, not ${next.attempts}`);
  next.state = "assigned";
  next.isLastChance = false;
  life.inHand.push({ number, task: next });
  next.client.served = life.usedAt = ++w.assignments;
}

function canDispatch(w: NaiveWorld): boolean {
  return nextTask(w) !== undefined;
}

/** The one that leaves first among those that could go somewhere. */
function nextTask(w: NaiveWorld): NaiveTask | undefined {
  if (w.isGrace) return undefined;
  const [first] = [...w.tasks.values()]
    .filter((task) => task.state === "ready" && w.lives.some((life) => isEligible(w, task, life)))
    .sort((a, b) =>
      b.flags.priority - a.flags.priority || a.client.served - b.client.served ||
      a.client.appeared - b.client.appeared || a.order - b.order
    );
  return first;
}

/** The engine that a scheme without chance has to take; `null`: it draws. */
function rightEngine(w: NaiveWorld, task: NaiveTask): Life | null {
  const { scheme } = w.options;
  if (scheme !== "leastload" && scheme !== "lru") return null;
  const [right] = w.lives
    .filter((life) => isEligible(w, task, life))
    .sort((a, b) =>
      (scheme === "leastload" ? a.inHand.length - b.inHand.length : 0) || a.usedAt - b.usedAt ||
      a.appeared - b.appeared
    );
  return right ?? null;
}

function describeNext(w: NaiveWorld): string {
  const task = nextTask(w);
  const engines = w.lives.filter((life) => task !== undefined && isEligible(w, task, life)).map(({ id }) => id);
  return `${task?.id} could go to engine ${engines.join(" or ")}`;
}
