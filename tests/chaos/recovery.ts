/**
 * How long it took after each fault until work went on, from the notes of the engines and the clients' ledger.
 *
 * Pure. Two figures a fault: `elsewhere`: from the fault until the last of the tasks that ran on what was killed began
 * again; `back`: from the end of the fault until a client had a result of a task that ended on what was hit, after the
 * fault began. Called by `chaos_run.ts`.
 * @module
 */
import { median, percentile } from "../../bench/statistics.ts";
import type { LedgerLine } from "./ledger.ts";
import type { Attempt } from "./notes.ts";
import type { StruckFault } from "./strike.ts";

/** Of one fault, ms. `null`: there was nothing to measure it by. */
export interface Recovery {
  readonly fault: StruckFault;
  readonly backMs: number | null;
  readonly elsewhereMs: number | null;
}

/** Of one kind of fault. */
export interface RecoveryRow {
  readonly kind: string;
  readonly faults: number;
  readonly back: Spread | null;
  readonly elsewhere: Spread | null;
}

/** Median and 99th percentile, ms. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/** What it is computed from. */
export interface RecoveryInput {
  readonly faults: readonly StruckFault[];
  readonly ledger: readonly LedgerLine[];
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>;
  /** The pids that each host had, by its name. */
  readonly hostPids: ReadonlyMap<string, readonly number[]>;
}

/** A value that a client has. */
interface Result {
  readonly attempt: Attempt;
  readonly settledAt: number;
}

/** A figure for each fault that hit something. */
export function measureRecovery({ faults, ledger, attempts, hostPids }: RecoveryInput): readonly Recovery[] {
  const results = resultsOf(ledger, attempts);
  return faults.filter(({ thing }) => thing !== null).map((fault) => {
    const isThere = whatIsHit(fault, attempts, hostPids);
    return { fault, backMs: backMs(fault, results, isThere), elsewhereMs: elsewhereMs(fault, attempts, isThere) };
  });
}

/** Medians and 99th percentiles by kind, in the order of their names. */
export function recoveryRows(recoveries: readonly Recovery[]): readonly RecoveryRow[] {
  const kinds = Map.groupBy(recoveries, ({ fault }) => fault.kind);
  return [...kinds].map(([kind, all]) => ({
    kind,
    faults: all.length,
    back: spreadOf(all.flatMap(({ backMs }) => backMs ?? [])),
    elsewhere: spreadOf(all.flatMap(({ elsewhereMs }) => elsewhereMs ?? [])),
  })).sort((one, other) => one.kind < other.kind ? -1 : 1);
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { count: values.length, p50: median(values), p99: percentile(values, 0.99) };
}

function resultsOf(
  ledger: readonly LedgerLine[],
  attempts: ReadonlyMap<string, readonly Attempt[]>,
): readonly Result[] {
  const results = ledger.flatMap((line) => {
    if (line.line !== "settled" || line.mark === null) return [];
    const attempt = attempts.get(line.id)?.find(({ mark }) => mark === line.mark);
    return attempt === undefined ? [] : [{ attempt, settledAt: line.at }];
  });
  return results.sort((one, other) => one.settledAt - other.settledAt);
}

/** Of an engine its next process counts too: it has another pid, and the same id. */
function whatIsHit(
  { host, pid }: StruckFault,
  attempts: ReadonlyMap<string, readonly Attempt[]>,
  hostPids: ReadonlyMap<string, readonly number[]>,
): (attempt: Attempt) => boolean {
  if (host === null) return () => true;
  if (pid === null) {
    const pids = new Set(hostPids.get(host));
    return (attempt) => pids.has(attempt.host);
  }
  for (const all of attempts.values()) {
    const found = all.find((attempt) => attempt.pid === pid);
    if (found !== undefined) return ({ engine }) => engine === found.engine;
  }
  return () => false;
}

function backMs(fault: StruckFault, results: readonly Result[], isThere: (attempt: Attempt) => boolean): number | null {
  const first = results.find(({ attempt, settledAt }) =>
    attempt.ended !== null && attempt.ended > fault.at && settledAt > fault.at && isThere(attempt)
  );
  return first === undefined ? null : Math.max(0, first.settledAt - fault.until);
}

function elsewhereMs(
  fault: StruckFault,
  attempts: ReadonlyMap<string, readonly Attempt[]>,
  isThere: (attempt: Attempt) => boolean,
): number | null {
  if (!/^(?:engine|host) killed$|^(?:host|machine|link) .*long$/.test(fault.kind) || fault.host === null) return null;
  let last: number | null = null;
  for (const all of attempts.values()) {
    for (const [index, one] of all.entries()) {
      const ranThere = (fault.pid === null ? isThere(one) : one.pid === fault.pid) && one.began < fault.at;
      const next = all[index + 1];
      if (!ranThere || next === undefined || next.began < fault.at || one.attempt === next.attempt) continue;
      if (one.ended !== null && one.ended <= fault.at) continue;
      last = Math.max(last ?? 0, next.began - fault.at);
    }
  }
  return last;
}
