/**
 * Everything CI does, in one command: format, lint, types, layers, purity, docs, tests. `deno task test` runs it.
 *
 * Its last line is `N passed, N failed`. A test that is skipped is printed with its reason at the end; with `CI=true`
 * in the environment a skip is a failure. `deno task test unit` runs the named steps only.
 * @module
 */
import { checkLayers } from "./layers.ts";
import { checkPurity } from "./purity.ts";
import { runTests, type TestCounts } from "./run_tests.ts";

/** What one step came to. */
interface StepResult extends TestCounts {
  readonly name: string;
  readonly seconds: number;
}

interface Step {
  readonly name: string;
  readonly run: () => Promise<TestCounts>;
}

const OK: TestCounts = { passed: 1, failed: 0, skipped: [] };
const FAILED: TestCounts = { passed: 0, failed: 1, skipped: [] };

/** Runs Deno itself; its output goes where ours goes. */
async function deno(...args: string[]): Promise<TestCounts> {
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn();
  return (await child.status).success ? OK : FAILED;
}

function report(violations: readonly { readonly file: string; readonly message: string }[]): TestCounts {
  for (const { file, message } of violations) console.error(`${file} ${message}`);
  return violations.length === 0 ? OK : FAILED;
}

const STEPS: readonly Step[] = [
  { name: "format", run: () => deno("fmt", "--check", "--quiet") },
  { name: "lint", run: () => deno("lint", "--quiet") },
  { name: "types", run: () => deno("check", "--quiet", ".") },
  { name: "layers", run: async () => report(await checkLayers()) },
  {
    name: "purity",
    run: async () =>
      report(
        (await checkPurity()).map(({ file, line, name }) => ({ file: `${file}:${line}`, message: `uses ${name}` })),
      ),
  },
  { name: "docs", run: () => deno("doc", "--lint", "--quiet", "mod.ts", "testing/mod.ts") },
  {
    name: "examples in docs",
    run: () =>
      runTests(["--doc", "mod.ts", "actors", "broker", "bus", "client", "cluster", "store", "testing", "wire"], {}),
  },
  { name: "core", run: () => runTests(["tests/unit/core"], { permissions: [] }) },
  { name: "unit", run: () => runTests(["tests/unit"], { parallel: true }) },
  { name: "simulated", run: () => runTests(["tests/simulated"], { parallel: true }) },
  { name: "broker", run: () => runTests(["tests/broker"], {}) },
  { name: "processes", run: () => runTests(["tests/processes"], {}) },
];

async function runStep(step: Step): Promise<StepResult> {
  const began = performance.now();
  console.log(`\n── ${step.name}`);
  const counts = await step.run();
  return { ...counts, name: step.name, seconds: (performance.now() - began) / 1000 };
}

function printTable(results: readonly StepResult[]): void {
  console.log("");
  for (const { name, passed, failed, skipped, seconds } of results) {
    const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
    console.log(`${name.padEnd(18)} ${seconds.toFixed(1).padStart(6)} s   ${passed} passed, ${failed} failed${skips}`);
  }
}

/** Runs the steps of these names, or all; the exit code. */
async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`Cannot run "${unknown.join('", "')}": the steps are ${STEPS.map(({ name }) => name).join(", ")}.`);
    return 2;
  }
  const results: StepResult[] = [];
  for (const step of STEPS) {
    if (names.length === 0 || names.includes(step.name)) results.push(await runStep(step));
  }
  printTable(results);
  const skipped = results.flatMap((result) => result.skipped);
  for (const reason of skipped) console.log(`SKIPPED  ${reason}`);
  const sum = (key: "passed" | "failed") => results.reduce((total, result) => total + result[key], 0);
  const failed = sum("failed") + (Deno.env.get("CI") === "true" ? skipped.length : 0);
  console.log(`${sum("passed")} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
