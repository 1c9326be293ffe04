/**
 * The truth table of dependencies, row by row, over plain sets.
 *
 * By definition and nothing else: `met` and `impossible` are asked of whole sets, each time anew. Used by the reference
 * and by the test of the table.
 * @module
 */

/** Whether a dependency holds, can't hold any more, or is not decided. */
export type Verdict = "met" | "impossible" | "open";

/** The three switches. */
export interface Switches {
  readonly all: boolean;
  readonly success: boolean;
  readonly failure: boolean;
}

type Ids = ReadonlySet<string>;
type Condition = (d: Ids, c: Ids, f: Ids) => boolean;

interface Row {
  readonly met: Condition;
  readonly impossible: Condition;
}

const never: Condition = () => false;

/** The table. `d`: the ids that are named, `c`: all that completed, `f`: all that failed for good. */
const ROWS: Readonly<Record<string, Row>> = {
  "all success": { met: (d, c) => isWithin(d, c), impossible: (d, _c, f) => meets(d, f) },
  "all failure": { met: (d, _c, f) => isWithin(d, f), impossible: (d, c) => meets(d, c) },
  "all success failure": { met: (d, c, f) => isWithin(d, both(c, f)), impossible: never },
  "any success": { met: (d, c) => meets(d, c), impossible: (d, _c, f) => isWithin(d, f) },
  "any failure": { met: (d, _c, f) => meets(d, f), impossible: (d, c) => isWithin(d, c) },
  "any success failure": { met: (d, c, f) => meets(d, both(c, f)), impossible: never },
};

/** What the table says. */
export function verdictOf({ all, success, failure }: Switches, d: Ids, c: Ids, f: Ids): Verdict {
  if (d.size === 0) return "met";
  const row = ROWS[[all ? "all" : "any", success ? "success" : "", failure ? "failure" : ""].filter(Boolean).join(" ")];
  if (row === undefined) throw new TypeError("A dependency on neither success nor failure is none");
  if (row.met(d, c, f)) return "met";
  return row.impossible(d, c, f) ? "impossible" : "open";
}

function isWithin(small: Ids, big: Ids): boolean {
  return [...small].every((id) => big.has(id));
}

function meets(one: Ids, other: Ids): boolean {
  return [...one].some((id) => other.has(id));
}

function both(one: Ids, other: Ids): Ids {
  return new Set([...one, ...other]);
}
