/**
 * What a run came to, for people and for programs.
 *
 * Pure. Called by `main.ts`.
 * @module
 */
import type { ChaosResult } from "./chaos_run.ts";
import { recoveryRows, type Spread } from "./recovery.ts";

/** One cause may have thousands. */
const MOST_FINDINGS = 40;

/** The report as lines: sums, recovery by kind of fault, memory, findings. */
export function chaosReport(result: ChaosResult): readonly string[] {
  const { account, before, after, findings, hangs } = result;
  const failed = Object.entries(account.failed).map(([name, count]) => `${name} ${count}`);
  return [
    `Seed ${result.seed}: ${result.jobs} jobs, ${account.submitted} tasks submitted, ${account.settled} settled ` +
    `(${account.done} done${failed.length > 0 ? `, ${failed.join(", ")}` : ""}), ${account.attempts} attempts, ` +
    `${account.madeAgain} of them again: forgotten by a controller, or begun on a host that was given up.`,
    "",
    ...recoveryTable(result),
    "",
    ...table(
      ["processes, most of one", "descriptors", "after", "MB", "after"],
      Object.entries(after).map(([role, now]) => {
        const then = before[role as keyof typeof before];
        return [
          role,
          `${then?.descriptors ?? "–"}`,
          `${now.descriptors}`,
          `${then?.memoryMb ?? "–"}`,
          `${now.memoryMb}`,
        ];
      }),
    ),
    "",
    ...(findings.length === 0 ? ["Nothing lost, nothing double, nothing leaked."] : [`${findings.length} findings:`]),
    ...findings.slice(0, MOST_FINDINGS).map((text) => `- ${text}`),
    ...(findings.length > MOST_FINDINGS ? [`- and ${findings.length - MOST_FINDINGS} more: --json has them all`] : []),
    ...hangs,
  ];
}

/** The same for programs. */
export function chaosJson(result: ChaosResult): string {
  return JSON.stringify({ ...result, recovery: recoveryRows(result.recoveries) }, null, 2) + "\n";
}

function recoveryTable({ recoveries }: ChaosResult): string[] {
  const rows = recoveryRows(recoveries).map(({ kind, faults, back, elsewhere }) => [
    kind,
    `${faults}`,
    ...figures(back),
    ...figures(elsewhere),
  ]);
  return table(["fault", "times", "back, ms, median", "p99", "elsewhere, ms, median", "p99"], rows);
}

function figures(spread: Spread | null): [string, string] {
  return spread === null ? ["–", "–"] : [`${Math.round(spread.p50)}`, `${Math.round(spread.p99)}`];
}

/** Columns as wide as they must be, the first to the left, figures to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
      "  ",
    );
  return [head, ...rows].map(line);
}
