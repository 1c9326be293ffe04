/** Every example runs by `run`, and says what it is there to show. @module */
import assert from "node:assert/strict";
import { CliFixture } from "./cli_fixture.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

interface Shown {
  readonly args?: readonly string[];
  /** On so many engines; default 2. */
  readonly n?: number;
  readonly says: readonly RegExp[];
}

/** What each prints, and the arguments it wants. One that is missing here fails the last test. */
const SHOWN: Readonly<Record<string, Shown>> = {
  "01_hello.ts": { says: [/^Engines: 0, 1$/m, /^Hello world, this is process \d+\.$/m, /^x \*\* 10: 1, 1024, 59049/m] },
  "02_map.ts": { says: [/Equal to the serial result: true/, /Zipped: a, bb, ccc/, /3 of 32 failed/] },
  "03_unordered.ts": { says: [/As they arrived: .*400$/m, /The first 20 primes: 2, 3, 5, .*71$/m] },
  "04_word_count.ts": {
    args: [new URL("../docs", EXAMPLES).pathname],
    says: [/different words/, /Equal to the serial result: true/],
  },
  "05_statistics.ts": { says: [/Equal to the serial result: true/] },
  "06_dependencies.ts": {
    says: [
      /^after the first: the long one is still running$/m,
      /^after both: 20 ms and 500 ms$/m,
      /^after four squares$/m,
      /^Ran: mix, bake, eat$/m,
      /its "after" wants task .* to succeed, .* ← .* which threw an error; its cause: SyntaxError: /,
      /^after them, however they ended$/m,
    ],
  },
  "07_dag.ts": {
    n: 4,
    says: [
      /^32 tasks ran on 4 engines, with \d+ dependencies$/m,
      /^Started before what it waited for had ended: 0$/m,
      /^Drew it: .*\.svg$/m,
    ],
  },
  "08_clean_up.ts": {
    says: [
      /^monday: publish: published monday\nmonday: tidyUp: not run, since nothing failed\nmonday: report: looked at 2/m,
      /^tuesday: publish: not run, Error: "b.csv" is cut off\ntuesday: tidyUp: removed .*\ntuesday: report: looked at 3/m,
      /^attempt 3 had, 3 in all\nsurvived a death and an endless loop$/m,
    ],
  },
  "09_follow.ts": {
    says: [
      /^Lima: 24.0 °C, loaded on engine (\d), asked on engine \1\nOslo: 24.0 °C, loaded on engine (\d), asked on engine \2$/m,
      /^Some city is on engine [01]$/m,
      /where its "follow" ran: .* elsewhere; follow one of them/,
    ],
  },
  "10_functional_dependencies.ts": {
    says: [
      /^Packed on an engine: (\d+) bytes\nPacked here: \1 bytes\nbuilt for \w+\nOne ran on engine 1\n/m,
      /Two ran on engine 0.*Three ran on engine 0/,
      /^engine 1 took it, at attempt 1\nDependencyTimeout: .* declined by 2 engines, /m,
    ],
  },
  "11_questions.ts": {
    says: [
      /^assigned: .*\nfree-engine: .* waits for one of 2 engines to be free\.\ntasks: .* waits for 2 tasks: /m,
      /^Engine 0: 1 run, 0 wait\nEngine 1: 1 run, 0 wait\nNot assigned: 2\n/m,
      /^Task ".*" is done: it ran on engine [01]\.$/m,
      /^ +0 ms {2}was submitted\n(.*\n)+.* is done: it ran \d+ ms on engine [01]$/m,
      /^4 tasks in the history, 0 when all are forgotten$/m,
    ],
  },
  "12_simulate.ts": { says: [/train: settled: done/, /^ +fetch: done \d+/m, /never neither report nor alarm$/m] },
  "13_live.ts": {
    says: [
      /^\[stdout:\d\] short: 4$/m,
      /^Shown last: 7500, 15000, 30000\nThe first alone: 3\.14\d$/m,
      /^6 results, 6 with errors in place\n2 of 3 tasks failed: SyntaxError: /m,
      /^By engine: 3 results$/m,
    ],
  },
  "14_nested.ts": { says: [/^20000 values, sorted: true, by more than 20 tasks$/m] },
  "15_executor.ts": {
    says: [
      /^executor: true, true false false false true$/m,
      /^piscina: \d+ \d+ \d+, 3 completed$/m,
      /^workerpool: 42\nworkerpool: TimeoutError after 100 ms$/m,
    ],
  },
  "16_moving_a_program.ts": {
    n: 4,
    says: [
      /^25 trees, 0.8 of the features: 1[34]\d of 150 right$/m,
      /Equal to the serial result: true/,
      /^30 forests: .* on 4 engines/m,
    ],
  },
  "actors_counter.ts": { says: [/./] },
};

for (const [name, { args = [], n = 2, says }] of Object.entries(SHOWN)) {
  Deno.test(`examples/${name} shows what it says`, async () => {
    await using fixture = await CliFixture.create();
    const script = new URL(name, EXAMPLES).pathname;
    const { code, stdout, stderr } = await fixture.run(["run", "-n", String(n), script, ...args]);
    assert.equal(code, 0, stderr);
    for (const pattern of says) assert.match(stdout, pattern);
  });
}

Deno.test("the demo draws the same picture with one engine and with all, into a PNG", async () => {
  await using fixture = await CliFixture.create();
  const picture = `${fixture.home}/picture.png`;
  const demo = new URL("demo_mandelbrot.ts", EXAMPLES).pathname;
  const { code, stdout, stderr } = await fixture.spawnModule(demo, [picture]).ended();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /times as fast/);
  assert.match(stdout, /The same picture both times: true/);
  const bytes = await Deno.readFile(picture);
  assert.deepEqual([...bytes.subarray(0, 8)], PNG_SIGNATURE);
  assert.ok(bytes.length > 10_000);
});

Deno.test("the picture of the graph has a bar for each task, an arrow for each dependency, and says which engine is which", async () => {
  await using fixture = await CliFixture.create();
  const picture = `${fixture.home}/dag.svg`;
  const dag = new URL("07_dag.ts", EXAMPLES).pathname;
  const { code, stdout, stderr } = await fixture.run(["run", "-n", "3", dag, picture]);
  assert.equal(code, 0, stderr);
  const links = Number(/with (\d+) dependencies/.exec(stdout)?.[1]);
  const svg = await Deno.readTextFile(picture);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  assert.equal(svg.match(/<rect [^>]*height="12" rx="2"/g)?.length, 32 + 3, "tasks and engines in the legend");
  assert.equal(svg.match(/marker-end=/g)?.length, links);
  assert.deepEqual(svg.match(/engine \d/g), ["engine 0", "engine 1", "engine 2"]);
  assert.match(svg, /time since the first start, ms/);
});

Deno.test("no example is without a test", () => {
  const names = Deno.readDirSync(EXAMPLES).map((entry) => entry.name).filter((name) => name.endsWith(".ts"));
  assert.deepEqual(names.toArray().sort(), [...Object.keys(SHOWN), "demo_mandelbrot.ts"].sort());
});
