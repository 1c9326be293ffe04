/**
 * Everything CI does, in one command: format, lint, types, layers, purity, docs, tests. `deno task test` runs it.
 *
 * First what needs no test, and fills the caches; then the tests, several files at a time, each in a process of its own
 * (see `lanes.ts`). What a part says is printed in whole when it fails. The last line is `N passed, N failed`. A test
 * that is skipped is printed with its reason at the end; with `CI=true` in the environment a skip is a failure.
 * `deno task test unit` runs the named steps only.
 * @module
 */
import { findNatsServer } from "../testing/find_nats_server.ts";
import { type Job, runInLanes } from "./lanes.ts";
import { checkLayers } from "./layers.ts";
import { checkPurity } from "./purity.ts";
import { runDeno } from "./run_deno.ts";
import { runTests, type TestRun } from "./run_tests.ts";
import { sourceFiles } from "./source_files.ts";

/** A part of a step, and what it came to. */
interface PartResult extends TestRun {
  readonly step: string;
  readonly seconds: number;
}

interface Step {
  readonly name: string;
  readonly parts: readonly Part[];
}

interface Part extends Job<TestRun> {
  /** Empty for the only part of a step. */
  readonly name: string;
}

/** One lane more than processors, since most tests wait; one fewer that computes, so that those do not wait for it. */
const LANES = {
  lanes: navigator.hardwareConcurrency + 1,
  busyLanes: Math.max(1, navigator.hardwareConcurrency - 1),
};

/** These take longest, so they begin first. */
const LONG_TESTS = ["guide", "nested", "examples", "pure", "cli_lifecycle", "remote_nats", "url_import", "chaos"];

/** The types of the tests are checked before they run, once for all. */
const TEST_FLAGS = ["-A", "--no-check"];

function outcome(success: boolean, output: string): TestRun {
  return { passed: Number(success), failed: Number(!success), skipped: [], output };
}

async function deno(...args: string[]): Promise<TestRun> {
  const { success, output } = await runDeno(args);
  return outcome(success, output);
}

function report(violations: readonly { readonly file: string; readonly message: string }[]): TestRun {
  return outcome(violations.length === 0, violations.map(({ file, message }) => `${file} ${message}\n`).join(""));
}

async function reportPurity(): Promise<TestRun> {
  const uses = await checkPurity();
  return report(uses.map(({ file, line, name }) => ({ file: `${file}:${line}`, message: `uses ${name}` })));
}

/** A step of one part. */
function step(name: string, busy: boolean, run: () => Promise<TestRun>): Step {
  return { name, parts: [{ name: "", busy, run }] };
}

const CHECKS: readonly Step[] = [
  step("types", true, () => deno("check", "--quiet", ".")),
  step("format", false, () => deno("fmt", "--check", "--quiet")),
  step("lint", false, () => deno("lint", "--quiet")),
  step("layers", false, async () => report(await checkLayers())),
  step("purity", false, reportPurity),
  step("docs", false, () => deno("doc", "--lint", "--quiet", "mod.ts", "testing/mod.ts")),
];

const DOCUMENTED = ["mod.ts", "actors", "broker", "bus", "client", "cluster", "store", "testing", "wire"];

async function testSteps(): Promise<Step[]> {
  const files = (await sourceFiles()).map(({ path }) => path).filter((path) => /^tests\/.*_test\.ts$/.test(path));
  const inFolder = (folder: string) => files.filter((path) => path.startsWith(`tests/${folder}/`));
  const [core, client] = [inFolder("unit/core"), inFolder("unit/client")];
  const others = inFolder("unit").filter((path) => !core.includes(path) && !client.includes(path));
  const steps = [
    step("examples in docs", true, () => runTests(DOCUMENTED, ["-A", "--doc"])),
    // With no permission at all: nothing in there may need one.
    step("core", true, () => runTests(core, ["--no-check"])),
    {
      name: "unit",
      parts: [
        { name: "client", busy: true, run: () => runTests(client, TEST_FLAGS) },
        { name: "others", busy: true, run: () => runTests(others, TEST_FLAGS) },
      ],
    },
    step("simulated", true, () => runTests(inFolder("simulated"), TEST_FLAGS)),
    { name: "processes", parts: longestFirst(inFolder("processes")).map(fileOfTests) },
    step("broker", false, () => runTests(inFolder("broker"), TEST_FLAGS)),
  ];
  // What somebody adds is run without a word here.
  for (const folder of new Set(files.map((path) => path.split("/")[1] ?? ""))) {
    if (!steps.some(({ name }) => name === folder)) {
      steps.push({ name: folder, parts: inFolder(folder).map(fileOfTests) });
    }
  }
  return steps;
}

function longestFirst(paths: readonly string[]): string[] {
  const rank = (path: string) => {
    const index = LONG_TESTS.findIndex((name) => path.endsWith(`/${name}_test.ts`));
    return index < 0 ? LONG_TESTS.length : index;
  };
  return paths.toSorted((a, b) => rank(a) - rank(b));
}

function fileOfTests(path: string): Part {
  const name = path.slice(path.lastIndexOf("/") + 1).replace("_test.ts", "");
  return { name, busy: false, run: () => runTests([path], TEST_FLAGS) };
}

async function runPart(stepName: string, part: Part): Promise<PartResult> {
  const began = performance.now();
  const run = await part.run();
  const result = { ...run, step: stepName, seconds: (performance.now() - began) / 1000 };
  if (run.failed > 0) console.log(`\n── ${stepName} ${part.name}\n${run.output.trim()}\n`);
  console.log(tableLine(`${stepName} ${part.name}`, result));
  return result;
}

function runSteps(steps: readonly Step[]): Promise<PartResult[]> {
  const parts = steps.flatMap(({ name, parts }) =>
    parts.map((part) => ({ busy: part.busy, run: () => runPart(name, part) }))
  );
  return runInLanes(parts, LANES);
}

/** Of one part or of some. */
function sum(results: readonly PartResult[], key: "passed" | "failed" | "seconds"): number {
  return results.reduce((total, result) => total + result[key], 0);
}

function tableLine(name: string, ...results: PartResult[]): string {
  const count = results.flatMap(({ skipped }) => skipped).length;
  const counts = `${sum(results, "passed")} passed, ${sum(results, "failed")} failed`;
  const seconds = sum(results, "seconds").toFixed(1).padStart(6);
  return `${name.padEnd(30)} ${seconds} s   ${counts}${count > 0 ? `, ${count} skipped` : ""}`;
}

/** Runs the steps of these names, or all; the exit code. */
async function main(names: readonly string[]): Promise<number> {
  const tests = await testSteps();
  const known = [...CHECKS, ...tests].map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`Cannot run "${unknown.join('", "')}": the steps are ${known.join(", ")}.`);
    return 2;
  }
  const chosen = (steps: readonly Step[]) => steps.filter(({ name }) => names.length === 0 || names.includes(name));
  const results = await runSteps(chosen(CHECKS));
  // Before several tests look for one at the same time, and each brings its own.
  if (chosen(tests).length > 0) await findNatsServer();
  results.push(...await runSteps(chosen(tests)));

  console.log("");
  for (const name of known) {
    const parts = results.filter(({ step }) => step === name);
    if (parts.length > 0) console.log(tableLine(name, ...parts));
  }
  const skipped = results.flatMap((result) => result.skipped);
  for (const reason of skipped) console.log(`SKIPPED  ${reason}`);
  const failed = sum(results, "failed") + (Deno.env.get("CI") === "true" ? skipped.length : 0);
  console.log(`${sum(results, "passed")} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
