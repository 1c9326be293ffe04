/**
 * How a user asks for tasks to be run: the flags of a view, checked and resolved once, at the border.
 *
 * What is wrong is thrown at once and names the flag, its value and what is allowed. The resolved form has no optionals:
 * what travels with the task (`task`) is kept apart from what only the client acts on. Called by the views.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import { type Backoff, DEFAULT_FLAGS, type TaskFlags } from "../protocol/task_spec.ts";
import { type DependencyFlag, dependencyFlag, type DependencyKind, type DependencyValue } from "./dependency_flag.ts";
import { checkBoolean, checkInteger, checkMilliseconds, checkNumber, refuse } from "./flag_checks.ts";

/** Pause before a failed attempt is run again: `min(initial * factor ** (n - 1), max)` ms, of which `jitter` is random. */
export interface BackoffOptions {
  /** ms. */
  readonly initial: number;
  /** At least 1; default 2. */
  readonly factor?: number;
  /** ms; default 30,000. */
  readonly max?: number;
  /** 0 to 1; default 0. */
  readonly jitter?: number;
}

/** What `setFlags`, `with` and `tempFlags` take. Durations in ms. A flag that is `undefined` counts as not given. */
export interface FlagOptions {
  /** How often a failed attempt is run again; default 0. */
  readonly retries?: number;
  /** Pause before each of these; default none. */
  readonly backoff?: BackoffOptions | null;
  /** Higher leaves first; default 0. */
  readonly priority?: number;
  /** The engines it may run on; `null` (default) or `"all"`: any. */
  readonly targets?: number | readonly number[] | "all" | null;
  /** When: once these tasks have come to what is wanted of them; a result, an id or a list means done, all of them. */
  readonly after?: DependencyValue;
  /** When and where: likewise, and only on an engine where they ran. */
  readonly follow?: DependencyValue;
  /** A word of yours, found again in `metadata.label`. */
  readonly label?: string | null;
  /** From submission until it must have been assigned; default 0: never. */
  readonly timeout?: number;
  /** From start to end of one attempt; default 0: unbounded. */
  readonly maxRuntime?: number;
  /** How many items of a map make one task; default 1. */
  readonly chunksize?: number;
  /** Iterate in the order of the input (default), or as results arrive. */
  readonly ordered?: boolean;
  /** How many items `imap` keeps in flight at most; `null` (default): enough for the engines that are there. */
  readonly maxOutstanding?: number | null;
  /** Put the errors of a map in the place of its results; default false. */
  readonly returnExceptions?: boolean;
  /** Abort the rest of a map at the first failure; default false. */
  readonly failFast?: boolean;
  /** Aborts the tasks when it is aborted. */
  readonly signal?: AbortSignal | null;
  /** The id of the one task to submit, made by `client.newId()`. */
  readonly id?: string | null;
}

/** Flags with every default filled in. One object serves all that a view submits until its flags change. */
export interface ResolvedFlags {
  /** What travels with each task. */
  readonly task: TaskFlags;
  /** The flag `after` as it was asked for. */
  readonly after: DependencyFlag | null;
  /** The flag `follow` as it was asked for. */
  readonly follow: DependencyFlag | null;
  /** Items of one task. */
  readonly chunksize: number;
  /** Iterate in the order of the input. */
  readonly ordered: boolean;
  /** Of `imap`; `null`: enough for the engines. */
  readonly maxOutstanding: number | null;
  /** Errors in the place of results. */
  readonly returnExceptions: boolean;
  /** Abort the rest at the first failure. */
  readonly failFast: boolean;
  /** Aborts the tasks. */
  readonly signal: AbortSignal | null;
  /** Of the one task to submit. */
  readonly id: string | null;
}

/** Nothing asked for. */
export const NO_FLAGS: ResolvedFlags = {
  task: DEFAULT_FLAGS,
  after: null,
  follow: null,
  chunksize: 1,
  ordered: true,
  maxOutstanding: null,
  returnExceptions: false,
  failFast: false,
  signal: null,
  id: null,
};

type Draft = { -readonly [Key in keyof ResolvedFlags]: ResolvedFlags[Key] } & { task: TaskFlags };
type Setter = (draft: Draft, value: unknown) => void;

const MAX_BACKOFF_MS = 30_000;
const BACKOFF_KEYS = new Set(["initial", "factor", "max", "jitter"]);

const SETTERS: Readonly<Record<keyof FlagOptions, Setter>> = {
  retries: (draft, value) => setTask(draft, { retries: checkInteger("retries", value, 0) }),
  backoff: (draft, value) => setTask(draft, { backoff: checkBackoff(value) }),
  priority: (draft, value) => setTask(draft, { priority: checkNumber("priority", value) }),
  targets: (draft, value) => setTask(draft, { targets: checkTargets(value) }),
  after: (draft, value) => setDependency(draft, "after", value),
  follow: (draft, value) => setDependency(draft, "follow", value),
  label: (draft, value) => setTask(draft, { label: checkLabel(value) }),
  timeout: (draft, value) => setTask(draft, { timeoutMs: checkMilliseconds("timeout", value) }),
  maxRuntime: (draft, value) => setTask(draft, { maxRuntimeMs: checkMilliseconds("maxRuntime", value) }),
  chunksize: (draft, value) => void (draft.chunksize = checkInteger("chunksize", value, 1)),
  ordered: (draft, value) => void (draft.ordered = checkBoolean("ordered", value)),
  maxOutstanding: (draft, value) =>
    void (draft.maxOutstanding = value === null ? null : checkInteger("maxOutstanding", value, 1)),
  returnExceptions: (draft, value) => void (draft.returnExceptions = checkBoolean("returnExceptions", value)),
  failFast: (draft, value) => void (draft.failFast = checkBoolean("failFast", value)),
  signal: (draft, value) => void (draft.signal = checkSignal(value)),
  id: (draft, value) => void (draft.id = checkId(value)),
};

/**
 * `base` with `options` on top, as a new object. Throws `TypeError` for an unknown flag or a value of the wrong type,
 * `RangeError` for one that is out of range.
 */
export function resolveFlags(base: ResolvedFlags, options: FlagOptions): ResolvedFlags {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot set the flags: ${String(options)} is not an object; give { retries: 2 }, say.`);
  }
  const draft: Draft = { ...base };
  for (const name of Object.keys(options)) {
    const setter = setterOf(name);
    const value = options[name as keyof FlagOptions];
    if (value !== undefined) setter(draft, value);
  }
  return draft;
}

function setterOf(name: string): Setter {
  if (name === "block") {
    throw new TypeError('Cannot set the flag "block": nothing blocks here; use await on the result.');
  }
  if (Object.hasOwn(SETTERS, name)) return SETTERS[name as keyof FlagOptions];
  throw new TypeError(`Cannot set the flag "${name}": there is none of this name; there are ${flagNames()}.`);
}

function flagNames(): string {
  return Object.keys(SETTERS).join(", ");
}

function setTask(draft: Draft, change: Partial<TaskFlags>): void {
  draft.task = { ...draft.task, ...change };
}

function setDependency(draft: Draft, kind: DependencyKind, value: unknown): void {
  const flag = dependencyFlag(kind, value);
  const spec = flag?.spec ?? null;
  draft[kind] = flag;
  draft.task = kind === "after" ? { ...draft.task, after: spec } : { ...draft.task, follow: spec };
}

function checkTargets(value: unknown): readonly EngineId[] | null {
  if (value === null || value === "all") return null;
  const list = typeof value === "number" ? [value] : value;
  if (!Array.isArray(list)) throw refuse(TypeError, "targets", value, 'engine ids: a number, a list, "all" or null');
  if (list.length === 0) throw refuse(RangeError, "targets", value, "at least one engine id");
  const ids = list.map((id) => checkInteger("targets", id, 0) as EngineId);
  return [...new Set(ids)].sort((a, b) => a - b);
}

function checkLabel(value: unknown): string | null {
  if (value === null || typeof value === "string") return value;
  throw refuse(TypeError, "label", value, "a string or null");
}

function checkSignal(value: unknown): AbortSignal | null {
  if (value === null || value instanceof AbortSignal) return value;
  throw refuse(TypeError, "signal", value, "an AbortSignal or null");
}

function checkId(value: unknown): string | null {
  if (value === null || (typeof value === "string" && value !== "")) return value;
  throw refuse(TypeError, "id", value, "an id made by client.newId(), or null");
}

function checkBackoff(value: unknown): Backoff | null {
  if (value === null) return null;
  if (typeof value !== "object") throw refuse(TypeError, "backoff", value, "{ initial, factor, max, jitter } or null");
  const options = value as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(options).find((key) => !BACKOFF_KEYS.has(key));
  if (unknown !== undefined) {
    throw refuse(TypeError, `backoff.${unknown}`, options[unknown], "none: there are initial, factor, max, jitter");
  }
  return {
    initialMs: checkMilliseconds("backoff.initial", options.initial),
    factor: checkNumber("backoff.factor", options.factor ?? 2, 1),
    maxMs: checkMilliseconds("backoff.max", options.max ?? MAX_BACKOFF_MS),
    jitter: checkNumber("backoff.jitter", options.jitter ?? 0, 0, 1),
  };
}
