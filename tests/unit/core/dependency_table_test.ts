import assert from "node:assert/strict";
import type { TaskId } from "../../../protocol/ids.ts";
import { type Verdict, verdictOf } from "../../reference/naive_dependency.ts";
import { DONE, spec, Stage, THREW } from "./given.ts";

type Flag = "after" | "follow";
type Fate = "done" | "failed";

const SWITCHES = [true, false].flatMap((all) =>
  [[true, false], [false, true], [true, true]].map(([success, failure]) => (
    { all, success: success === true, failure: failure === true }
  ))
);
const DEPENDENT = "s-9";

/** Every way in which up to three tasks can end. */
const FATES: readonly (readonly Fate[])[] = [0, 1, 2, 3].flatMap(fatesOf);

for (const switches of SWITCHES) {
  const { all, success, failure } = switches;
  const wants = [success ? "success" : "", failure ? "failure" : ""].filter(Boolean).join(" or ");
  for (const flag of ["after", "follow"] as const) {
    Deno.test(`${flag} ${all ? "all" : "any"} with ${wants}: as the table says, in every order of ends`, () => {
      for (const fates of FATES) {
        for (const order of ordersOf(fates.map((_, i) => i))) {
          for (let ended = 0; ended <= fates.length; ended++) playOut(flag, switches, fates, order, ended);
        }
      }
    });
  }
}

/** The tasks end in this order; the one that depends on them is submitted when `submitAt` of them have. */
function playOut(
  flag: Flag,
  switches: (typeof SWITCHES)[number],
  fates: readonly Fate[],
  order: readonly number[],
  submitAt: number,
): void {
  const stage = new Stage({ hwm: 0 });
  stage.joinEngines(1);
  const ids = fates.map((_, i) => `s-${i}` as TaskId);
  stage.submit(...ids.map((id) => spec(id)));
  const [completed, failed] = [new Set<string>(), new Set<string>()];
  const expect = () => {
    const verdict = verdictOf(switches, new Set(ids), completed, failed);
    const what = `${JSON.stringify(switches)}, ${completed.size} done, ${failed.size} failed of ${ids.length}`;
    assert.equal(verdictSeen(stage), verdict, what);
  };
  for (let ended = 0; ended <= order.length; ended++) {
    if (ended === submitAt) stage.submit(spec(DEPENDENT, { [flag]: { ids, ...switches } }));
    if (ended >= submitAt) expect();
    const next = order[ended];
    if (next === undefined) continue;
    stage.end(`s-${next}`, fates[next] === "done" ? DONE : THREW);
    (fates[next] === "done" ? completed : failed).add(`s-${next}`);
  }
}

function verdictSeen(stage: Stage): Verdict {
  const outcome = stage.outcomeOf(DEPENDENT);
  if (outcome === null) return stage.dispatched.has(DEPENDENT) ? "met" : "open";
  assert.equal(outcome, "ImpossibleDependency");
  assert.ok(!stage.dispatched.has(DEPENDENT));
  return "impossible";
}

function fatesOf(count: number): Fate[][] {
  if (count === 0) return [[]];
  return fatesOf(count - 1).flatMap((fates): Fate[][] => [[...fates, "done"], [...fates, "failed"]]);
}

function ordersOf(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => ordersOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
