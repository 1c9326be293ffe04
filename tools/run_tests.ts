/**
 * Runs `deno test` on some files and folders, and counts what it did, from its own JUnit report.
 *
 * Tests that are ignored count as skipped, by name: a reason belongs into the name of the test. Called by
 * `tools/check.ts`.
 * @module
 */
import { runDeno } from "./run_deno.ts";

/** How many tests passed and failed, and the names of those that were skipped. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** What a run of tests came to. */
export interface TestRun extends TestCounts {
  /** What it said, without the tests that passed. */
  readonly output: string;
}

/** A line about a test, or a step of one, that passed. */
const PASSED_LINE = /^.* \.\.\. (?:ok|ignored) \(\S+\)\n/gm;

const UNESCAPED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name) => UNESCAPED[name] ?? "");
}

/** Reads the counts from a JUnit report as Deno writes it. */
export function readJunit(xml: string): TestCounts {
  let passed = 0;
  let failed = 0;
  const skipped: string[] = [];
  for (const match of xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const body = match[2] ?? "";
    if (body.includes("<skipped")) skipped.push(unescape(match[1] ?? ""));
    else if (body.includes("<failure") || body.includes("<error")) failed++;
    else passed++;
  }
  return { passed, failed, skipped };
}

/**
 * Runs the tests below `paths`, with the permissions of `flags`. A run that ends badly without a failed test counts as
 * one failure.
 */
export async function runTests(paths: readonly string[], flags: readonly string[] = ["-A"]): Promise<TestRun> {
  const junit = await Deno.makeTempFile({ prefix: "troupe-junit-", suffix: ".xml" });
  try {
    const args = ["test", "--no-prompt", "--quiet", ...flags, `--junit-path=${junit}`, ...paths];
    const run = await runDeno(args);
    const counts = readJunit(await Deno.readTextFile(junit));
    const output = run.output.replaceAll(PASSED_LINE, "");
    return { ...counts, failed: run.success ? counts.failed : Math.max(1, counts.failed), output };
  } finally {
    await Deno.remove(junit);
  }
}
