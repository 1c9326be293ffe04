/** Every example runs by `run`, and says what it is there to show. @module */
import assert from "node:assert/strict";
import { CliFixture } from "./cli_fixture.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** What each prints, and the arguments it wants. One that is missing here fails the last test. */
const SHOWN: Readonly<Record<string, { readonly args?: readonly string[]; readonly says: readonly RegExp[] }>> = {
  "01_hello.ts": { says: [/^Engines: 0, 1$/m, /^Hello world, this is process \d+\.$/m, /^x \*\* 10: 1, 1024, 59049/m] },
  "02_map.ts": { says: [/Equal to the serial result: true/, /Zipped: a, bb, ccc/, /3 of 32 failed/] },
  "03_unordered.ts": { says: [/As they arrived: .*400$/m, /The first 20 primes: 2, 3, 5, .*71$/m] },
  "04_word_count.ts": {
    args: [new URL("../docs", EXAMPLES).pathname],
    says: [/different words/, /Equal to the serial result: true/],
  },
  "05_statistics.ts": { says: [/Equal to the serial result: true/] },
  "actors_counter.ts": { says: [/./] },
};

for (const [name, { args = [], says }] of Object.entries(SHOWN)) {
  Deno.test(`examples/${name} shows what it says`, async () => {
    await using fixture = await CliFixture.create();
    const script = new URL(name, EXAMPLES).pathname;
    const { code, stdout, stderr } = await fixture.run(["run", "-n", "2", script, ...args]);
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

Deno.test("no example is without a test", () => {
  const names = Deno.readDirSync(EXAMPLES).map((entry) => entry.name).filter((name) => name.endsWith(".ts"));
  assert.deepEqual(names.toArray().sort(), [...Object.keys(SHOWN), "demo_mandelbrot.ts"].sort());
});
