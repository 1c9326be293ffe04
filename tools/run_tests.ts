/**
 * Runs `deno test` on some folders and counts what it did, from its own JUnit report.
 *
 * Tests that are ignored count as skipped, by name: a reason belongs into the name of the test. Called by
 * `tools/check.ts`.
 * @module
 */

/** How many tests passed and failed, and the names of those that were skipped. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** How to run them. */
export interface TestRun {
  /** Permission flags; all permissions when absent. */
  readonly permissions?: readonly string[];
  readonly parallel?: boolean;
}

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

/** Runs the tests below `paths`. A run that ends badly without a failed test counts as one failure. */
export async function runTests(paths: readonly string[], run: TestRun): Promise<TestCounts> {
  const junit = await Deno.makeTempFile({ prefix: "troupe-junit-", suffix: ".xml" });
  try {
    const permissions = run.permissions ?? ["-A"];
    const flags = ["--quiet", "--reporter=dot", `--junit-path=${junit}`, ...(run.parallel ? ["--parallel"] : [])];
    const args = ["test", "--no-prompt", ...permissions, ...flags, ...paths];
    const status = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn().status;
    const counts = readJunit(await Deno.readTextFile(junit));
    return status.success || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    await Deno.remove(junit);
  }
}
