/**
 * Many errors in a few lines: equal ones together, with the engines and tasks they came from.
 *
 * Pure, and never throws, whatever was thrown: getters that throw among it. Called by `CompositeError` alone, which hands
 * in the class of remote errors.
 * @module
 */

/** What is read of a remote error. */
interface Remote {
  readonly cause?: unknown;
  readonly message: string;
  readonly engineId: number | null;
  readonly msgId: string | null;
}

// deno-lint-ignore no-explicit-any -- whatever it is constructed with
type RemoteClass = abstract new (...args: any[]) => Remote;

/** Errors that say the same. */
interface ErrorGroup {
  readonly first: unknown;
  /** What it says when it is alone. */
  readonly text: string;
  /** The same without what differs from task to task. */
  readonly common: string;
  count: number;
  readonly engines: Set<number>;
  readonly tasks: Set<string>;
}

const SHOWN_GROUPS = 4;
const SHOWN_IDS = 3;
const SHOWN_CHARACTERS = 300;

/** The message: `3 of 100 tasks failed: TypeError: … (engines 0, 2; tasks a1-3, a1-9, a1-11)`, in lines where there are several. */
export function describeErrors(errors: readonly unknown[], total: number, Remote: RemoteClass): string {
  const groups = groupErrors(errors, Remote);
  const head = `${errors.length} of ${total} tasks failed:`;
  const [only] = groups;
  if (groups.length === 1 && only !== undefined) {
    return `${head} ${only.count === 1 ? only.text : only.common}${places(only)}`;
  }
  const lines = groups.slice(0, SHOWN_GROUPS).map((group) =>
    `  ${group.count === 1 ? group.text : `${group.count} × ${group.common}`}${places(group)}`
  );
  const hidden = groups.slice(SHOWN_GROUPS);
  const rest = hidden.reduce((sum, { count }) => sum + count, 0);
  if (rest > 0) lines.push(`  … and ${rest} more${rest === hidden.length ? "" : `, of ${hidden.length} kinds`}`);
  return [head, ...lines].join("\n");
}

/** What `console.log` shows: the error with its stack, and below the stack of one error of each group that is shown. */
export function inspectErrors(error: Error, errors: readonly unknown[], Remote: RemoteClass): string {
  const stacks = groupErrors(errors, Remote).slice(0, SHOWN_GROUPS).map(({ first, count }) => {
    const others = count === 1 ? "" : `, and ${count - 1} like it`;
    return `  [one of them${others}] ${stackOf(first).replaceAll("\n", "\n  ")}`;
  });
  return [stackOf(error), ...stacks].join("\n");
}

function groupErrors(errors: readonly unknown[], Remote: RemoteClass): ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>();
  for (const error of errors) {
    const remote = error instanceof Remote ? error : null;
    const text = firstLine(remote === null ? textOf(error) : remoteText(remote));
    const common = remote === null ? withoutPlaces(text) : text;
    let group = groups.get(common);
    if (group === undefined) {
      groups.set(common, group = { first: error, text, common, count: 0, engines: new Set(), tasks: new Set() });
    }
    group.count++;
    if (typeof remote?.engineId === "number") group.engines.add(remote.engineId);
    if (typeof remote?.msgId === "string") group.tasks.add(remote.msgId);
  }
  return [...groups.values()];
}

/** ` (engine 0; tasks a1-3, a1-9, …)` */
function places({ engines, tasks }: ErrorGroup): string {
  const sorted = [...engines].sort((a, b) => a - b);
  const parts = [named("engine", sorted, 8), named("task", [...tasks], SHOWN_IDS)].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

function named(what: string, ids: readonly (number | string)[], limit: number): string {
  if (ids.length === 0) return "";
  return `${what}${ids.length === 1 ? "" : "s"} ${ids.slice(0, limit).join(", ")}${ids.length > limit ? ", …" : ""}`;
}

/** What was thrown there: place and task stand beside it anyway. */
function remoteText(error: Remote): string {
  if (error.cause instanceof Error) return textOf(error.cause);
  const at = error.message.indexOf(" threw ");
  return at < 0 ? textOf(error) : error.message.slice(at + 1);
}

/** Without the ids of tasks and engines: what is the same for all. */
function withoutPlaces(text: string): string {
  return text.replace(/"[a-z0-9]+-\d+"/g, '"…"').replace(/\bengine \d+/g, "engine …");
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "(an error that can't be shown)";
  }
}

function stackOf(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.stack === "string") return error.stack;
  } catch {
    // A getter of it threw.
  }
  return textOf(error);
}
