/**
 * What a client asks for: a function, its arguments, and how it wants them run.
 *
 * Types and the defaults only. The scheduler reads the flags and never the payloads; hosts and engines read the
 * payloads and never the flags. Used by every layer.
 * @module
 */
import type { ContentHash, EngineId, HostId, TaskId } from "./ids.ts";

/** Where a value lives that is too big to travel inline: content-addressed, in the blob folder of `home`. */
export interface BlobRef {
  readonly hash: ContentHash;
  /** Bytes. */
  readonly size: number;
  /** The host that is known to hold it. */
  readonly home: HostId;
}

/** Encoded bytes that travel untouched, or where to fetch them. */
export type Payload = Uint8Array | BlobRef;

/** The result of another task that a task is given: by the id of that task, or the value itself, where it was known. */
export type TaskInput = TaskId | Uint8Array | InputRef;

/** A result that lies on a host. */
export interface InputRef extends BlobRef {
  /** The engine that made it, where that is known. */
  readonly maker?: EngineId;
}

/** Payloads up to this many bytes travel inline; above, they become blobs. */
export const INLINE_LIMIT_BYTES = 64 * 1024;

/** Which tasks a dependency names, and what has to become of them. */
export interface DependencySpec {
  readonly ids: readonly TaskId[];
  readonly all: boolean;
  readonly success: boolean;
  readonly failure: boolean;
}

/** Pause before attempt n + 1: `min(initial * factor ** (n - 1), max)`, of which the share `jitter` is random. */
export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** 0 to 1. */
  readonly jitter: number;
}

/** How a task is to be run, with every default filled in. One object may serve many tasks. */
export interface TaskFlags {
  /** How often a failed attempt is run again. */
  readonly retries: number;
  /** Higher leaves first. */
  readonly priority: number;
  /** The engines it may run on; `null`: any. */
  readonly targets: readonly EngineId[] | null;
  readonly label: string | null;
  /** From submission until it must have been assigned, in ms; 0: never. */
  readonly timeoutMs: number;
  /** From start to end of one attempt, in ms; 0: unbounded. */
  readonly maxRuntimeMs: number;
  readonly backoff: Backoff | null;
  readonly after: DependencySpec | null;
  readonly follow: DependencySpec | null;
  /** Reserved: amounts of named resources that the task holds while it runs. */
  readonly resources: Readonly<Record<string, number>> | null;
  /** Reserved: tasks of one key are the same task. */
  readonly key: string | null;
  /** Reserved: not before this many ms after submission. */
  readonly delayMs: number;
  /** Reserved: tasks of one group run so many at a time. */
  readonly concurrencyGroup: { readonly name: string; readonly limit: number } | null;
}

export const DEFAULT_FLAGS: TaskFlags = {
  retries: 0,
  priority: 0,
  targets: null,
  label: null,
  timeoutMs: 0,
  maxRuntimeMs: 0,
  backoff: null,
  after: null,
  follow: null,
  resources: null,
  key: null,
  delayMs: 0,
  concurrencyGroup: null,
};

/** What the tasks of one `map` share: sent once a batch, kept once in memory. */
export interface TaskTemplate {
  /** The code of the function, by hash. */
  readonly code: ContentHash;
  /** The function's name for people, `"<anonymous>"` where it has none. */
  readonly name: string;
  readonly flags: TaskFlags;
  /** What the function captured, encoded; decoded afresh for each task. `null`: nothing. */
  readonly captures: Payload | null;
  /** A task of it runs several items of a map, and its result is a list of their outcomes. */
  readonly chunked?: true;
  /** The texts of modules that the function loads, by hash; absent: none. */
  readonly modules?: readonly ContentHash[];
}

/** One task as asked for. */
export interface TaskSpec {
  readonly id: TaskId;
  readonly template: TaskTemplate;
  /** The encoded array of arguments. */
  readonly args: Payload;
  /** Results that stand in its arguments, in the order in which these name them; absent: none. */
  readonly inputs?: readonly TaskInput[];
}
