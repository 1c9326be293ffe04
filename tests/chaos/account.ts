/**
 * The account of a run: every task that was submitted, what its client saw, and what engines did for it.
 *
 * Pure: texts and faults in, findings out. None may be lost, none settled twice, none run more often than its retries
 * allow, and none have a value that no attempt of it gave. Called by `chaos_run.ts`.
 * @module
 */
import type { LedgerLine } from "./ledger.ts";
import type { Attempt } from "./notes.ts";

/** A span in which something was struck. Epoch ms. */
export interface Trouble {
  readonly at: number;
  readonly until: number;
  /**
   * The processes of hosts that may have been given up for it, while they went on or just before they died: of what they
   * had, only the first task of each engine counts as begun, and the rest goes elsewhere under the same number. `null`:
   * any. Empty: none.
   */
  readonly lost: readonly number[] | null;
}

/** What the account is made of. */
export interface AccountInput {
  readonly ledger: readonly LedgerLine[];
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>;
  readonly troubles: readonly Trouble[];
  /** When nobody took in what hosts report: the controller, or the way to it, was away. */
  readonly deaf: readonly { readonly at: number; readonly until: number }[];
  /** When the controller forgot all it knew; never, with a store that outlives it. Epoch ms. */
  readonly forgotAt: readonly number[];
}

/** The sums, and what does not add up. */
export interface Account {
  readonly submitted: number;
  readonly settled: number;
  readonly done: number;
  /** By the name of the error. */
  readonly failed: Readonly<Record<string, number>>;
  readonly attempts: number;
  /** Attempts that were made again under the same number: a controller forgot them, or their host was given up. */
  readonly madeAgain: number;
  /** Tasks by the kind of their job. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** Something that must not be. */
export interface Finding {
  readonly rule: "lost" | "settled twice" | "wrong" | "ran too often" | "ran twice" | "no such attempt" | "bad end";
  readonly id: string;
  readonly text: string;
}

type Submitted = Extract<LedgerLine, { line: "submitted" }>;
type Settled = Extract<LedgerLine, { line: "settled" }>;

/** What faults make of tasks, as their clients see it. */
const BY_FAULT = "EngineError";
/** A fault is felt so long after it was undone: until links are back, hosts given up, engines up again. */
const AFTERMATH_MS = 15_000;

/** A host that was given up and is back runs on for so long, at most, before it hears of it. */
const ZOMBIE_MS = 3_000;
/** A result is on its way from its host for so long, at most. */
const UNREPORTED_MS = 1_000;

/** So long after the controller is back a host may still have to report. */
const REJOIN_MS = 5_000;

/** Makes the account. */
export function makeAccount({ ledger, attempts, troubles: struck, deaf, forgotAt }: AccountInput): Account {
  const troubles = struck.map((one) => reachingBack(one, deaf));
  const submitted = ledger.filter((line) => line.line === "submitted");
  const settled = Map.groupBy(ledger.filter((line) => line.line === "settled"), ({ id }) => id);
  const findings: Finding[] = ledger.flatMap((line) =>
    line.line === "wrong" ? [{ rule: "wrong", id: line.id, text: line.text }] : []
  );
  for (const task of submitted) {
    const [end, second] = settled.get(task.id) ?? [];
    const find = (rule: Finding["rule"], text: string) => findings.push({ rule, id: `${task.kind} ${task.id}`, text });
    if (end === undefined) find("lost", "it was submitted and never settled");
    else checkEnd(task, end, attempts.get(task.id) ?? [], troubles, find);
    if (second !== undefined) {
      find("settled twice", `once as ${end?.error ?? "done"}, then as ${second.error ?? "done"}`);
    }
  }
  const known = new Map(submitted.map((task) => [task.id, task]));
  let madeAgain = 0;
  for (const [id, all] of attempts) {
    const counted = all.filter(({ end }) => end !== "decline");
    const task = known.get(id);
    const lives = 1 + forgettings(task, settled.get(id)?.[0], counted, forgotAt);
    const binding = counted.filter((one) => !isOfLostHost(one, troubles));
    checkAttempts(id, binding, lives, findings);
    if (task !== undefined && binding.length > lives * (1 + task.retries)) {
      const text = `${counted.length} times with ${task.retries} retries: ${inWords(all)}`;
      findings.push({ rule: "ran too often", id: `${task.kind} ${id}`, text });
    }
    madeAgain += counted.length - new Set(counted.map(({ attempt }) => attempt)).size;
  }
  const ends = [...settled.values()].flatMap(([end]) => end ?? []);
  return {
    submitted: submitted.length,
    settled: ends.length,
    done: ends.filter(({ error }) => error === null).length,
    failed: countBy(ends.flatMap(({ error }) => error ?? [])),
    attempts: [...attempts.values()].reduce((total, { length }) => total + length, 0),
    madeAgain,
    kinds: countBy(submitted.map(({ kind }) => kind)),
    findings,
  };
}

/**
 * A host that is given up right after its controller was away takes along what it had not been able to report: what it
 * ran since.
 */
function reachingBack(trouble: Trouble, deaf: AccountInput["deaf"]): Trouble {
  if (trouble.lost !== null && trouble.lost.length === 0) return trouble;
  let { at } = trouble;
  for (;;) {
    const before = deaf.find((one) => one.at < at && one.until + REJOIN_MS >= at);
    if (before === undefined) return { ...trouble, at };
    at = before.at;
  }
}

function checkEnd(
  task: Submitted,
  end: Settled,
  attempts: readonly Attempt[],
  troubles: readonly Trouble[],
  find: (rule: Finding["rule"], text: string) => void,
): void {
  if (end.error === null && !attempts.some(({ mark, end: word }) => mark === end.mark && word === "end")) {
    find("no such attempt", `its value says it is of ${end.mark}: ${inWords(attempts)}`);
  }
  if (end.error === null || task.mayFail.includes(end.error)) return;
  const troubled = troubles.some(({ at, until }) => at <= end.at && until + AFTERMATH_MS >= task.at);
  if (end.error === BY_FAULT && troubled) return;
  find("bad end", `${end.error}: ${end.text} (${inWords(attempts)})`);
}

/** How often a controller forgot the task while it was under way. Of what no ledger knows, its attempts say when. */
function forgettings(
  task: Submitted | undefined,
  end: Settled | undefined,
  attempts: readonly Attempt[],
  forgotAt: readonly number[],
): number {
  const from = task?.at ?? (attempts[0]?.began ?? 0) - AFTERMATH_MS;
  const to = task === undefined ? attempts.at(-1)?.began ?? 0 : end?.at ?? Infinity;
  return forgotAt.filter((at) => at >= from && at <= to).length;
}

/** Whether its host was given up about then: such a run may be one too many, and must not be the only one that counts. */
function isOfLostHost({ host, began, ended }: Attempt, troubles: readonly Trouble[]): boolean {
  return troubles.some(({ at, until, lost }) =>
    (lost === null || lost.includes(host)) && began <= until + ZOMBIE_MS && (ended ?? Infinity) >= at - UNREPORTED_MS
  );
}

/** In each life of a controller an attempt has a number of its own, whoever the task belongs to. */
function checkAttempts(id: string, attempts: readonly Attempt[], lives: number, findings: Finding[]): void {
  for (const same of Map.groupBy(attempts, ({ attempt }) => attempt).values()) {
    if (same.length > lives) findings.push({ rule: "ran twice", id, text: inWords(same) });
  }
}

function inWords(attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return "no attempt began";
  const words = attempts.map(({ attempt, pid, host, began, ended, end }) =>
    `attempt ${attempt} on ${pid} of host ${host} from ${clock(began)} to ${ended === null ? "no end" : clock(ended)}` +
    (end === "end" || end === null ? "" : ` (${end})`)
  );
  return words.join("; ");
}

/** As in the log: `08:15:02.123` */
export function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
