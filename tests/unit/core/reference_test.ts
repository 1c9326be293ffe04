import type { SchedulerEvent } from "../../../scheduler/core/events.ts";
import { printHistory } from "../../reference/printed_history.ts";
import { drawOptions } from "../../reference/history_options.ts";
import { RandomHistory } from "../../reference/random_history.ts";
import { ruleOf, shorten } from "../../reference/trial.ts";

const HISTORIES = 150;
const STEPS = 150;

/** Each run goes elsewhere, unless a seed is asked for: `deno test tests/unit/core/reference_test.ts -- 618370 [count]`. */
const FIRST_SEED = Number(Deno.args[0] ?? NaN) || Math.floor(performance.timeOrigin) % 1_000_000;
const COUNT = Number(Deno.args[1] ?? NaN) || HISTORIES;

/** Some without dependencies: what goes wrong there is easier to see. */
const WITH_DEPENDENCIES = [false, true];

for (const withDependencies of WITH_DEPENDENCIES) {
  const kind = withDependencies ? "with dependencies" : "without dependencies";
  Deno.test(`core and reference agree on random histories ${kind} (seeds from ${FIRST_SEED})`, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + COUNT; seed++) compare(seed, withDependencies);
  });
}

function compare(seed: number, withDependencies: boolean): void {
  const history = new RandomHistory(seed, withDependencies);
  try {
    history.run(STEPS);
    history.settleDown();
  } catch (error) {
    throw new Error(explain(seed, history.trial.stage.events, error), { cause: error });
  }
}

function explain(seed: number, events: readonly SchedulerEvent[], error: unknown): string {
  const options = drawOptions(seed);
  const short = shorten(options, events, ruleOf(error));
  return `Failed with seed ${seed}: ${error}. The shortest history that breaks the same rule:\n${
    printHistory(options, short)
  }`;
}
