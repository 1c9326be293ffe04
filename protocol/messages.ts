/**
 * The forms in which tasks, results and news travel: arrays that only ever grow at the end.
 *
 * Types only. A receiver ignores elements that it does not know, and treats missing ones as absent. `wire/messages.ts`
 * turns them into the objects of `task_spec.ts` and `outcome.ts` and back. No absolute time is in them, only durations
 * and ages in ms.
 * @module
 */
import type {
  ContentHash,
  DispatchNumber,
  EngineId,
  EngineUuid,
  Epoch,
  HostId,
  Incarnation,
  Session,
  TaskId,
} from "./ids.ts";

/** Bytes inline, or `[hash, size, home]` of a blob. */
export type PayloadMessage = Uint8Array | readonly [hash: ContentHash, size: number, home: HostId];

/** The id of a task whose result is wanted, or that result. */
export type InputMessage =
  | TaskId
  | PayloadMessage
  | readonly [hash: ContentHash, size: number, home: HostId, maker: EngineId];

/** `[ids, all, success, failure]` */
export type DependencyMessage = readonly [ids: readonly TaskId[], all: boolean, success: boolean, failure: boolean];

/** The flags of a task in the order of `TaskFlags`; trailing defaults are cut off. */
export type FlagsMessage = readonly [
  retries?: number,
  priority?: number,
  targets?: readonly EngineId[] | null,
  label?: string | null,
  timeoutMs?: number,
  maxRuntimeMs?: number,
  backoff?: readonly [initialMs: number, factor: number, maxMs: number, jitter: number] | null,
  after?: DependencyMessage | null,
  follow?: DependencyMessage | null,
  resources?: Readonly<Record<string, number>> | null,
  key?: string | null,
  delayMs?: number,
  concurrencyGroup?: readonly [name: string, limit: number] | null,
];

/** What tasks of one batch share; they name it by its index in the batch. */
export type TemplateMessage = readonly [
  code: ContentHash,
  name: string,
  flags: FlagsMessage,
  captures: PayloadMessage | null,
  /** Its tasks run several items of a map each. */
  chunked?: boolean,
  /** Texts of modules that the function loads; they travel as function code does. */
  modules?: readonly ContentHash[],
];

/** Function code that the receiver has not had from this sender yet. */
export type CodeMessage = readonly [hash: ContentHash, source: PayloadMessage];

/**
 * What became of a task of the sending client that was settled in an earlier controller life, or ended before it was
 * submitted. `engine`: where its last attempt ran. `error`: the name of what it failed with, where the client knows.
 */
export type KnownMessage = readonly [
  counter: number,
  ok: boolean,
  engine: EngineId | null,
  engineUuid: EngineUuid | null,
  error?: string | null,
];

/** `inputs`: results that stand in its arguments. */
export type SubmittedTask = readonly [
  counter: number,
  template: number,
  args: PayloadMessage,
  ageMs?: number,
  inputs?: readonly InputMessage[],
];

/** Client → scheduler: what one turn of the event loop submitted. */
export type SubmitMessage = readonly [
  session: Session,
  codes: readonly CodeMessage[],
  templates: readonly TemplateMessage[],
  /** In order of submission. `ageMs` counts from `apply` until sent. */
  tasks: readonly SubmittedTask[],
  /** The turn submitted more than fits in one message: tasks that these may name are still to come. */
  more?: boolean,
  /** Of tasks that these name as dependencies, and that the receiver may not know. */
  known?: readonly KnownMessage[],
];

/** Scheduler → host: run these, each engine's in this order. */
export type DispatchMessage = readonly [
  epoch: Epoch,
  codes: readonly CodeMessage[],
  templates: readonly TemplateMessage[],
  runs: readonly DispatchedRun[],
];

/** One attempt to run. `attempt` counts from 1. */
export type DispatchedRun = readonly [
  number: DispatchNumber,
  engine: EngineId,
  task: TaskId,
  attempt: number,
  template: number,
  args: PayloadMessage,
  /** The results that stand in the arguments, in their order. */
  inputs?: readonly PayloadMessage[],
];

/** How an attempt ended, as a digit. */
export const ENDED = {
  done: 0,
  threw: 1,
  declined: 2,
  engineDied: 3,
  timedOut: 4,
  aborted: 5,
  returned: 6,
  hostFailed: 7,
} as const;
export type EndedCode = typeof ENDED[keyof typeof ENDED];

/** Host → scheduler: one attempt ended. `body`: value or error bytes, or the message of a death or failure; `null` where none. */
export type EndedMessage = readonly [
  number: DispatchNumber,
  code: EndedCode,
  body: PayloadMessage | string | null,
  runMs: number,
  ageMs: number,
  stdout?: string | null,
  stderr?: string | null,
  /** What it published last. */
  data?: Uint8Array | null,
];

/** What became of a task, as a digit. */
export const SETTLED = { done: 0, threw: 1, failed: 2 } as const;
export type SettledCode = typeof SETTLED[keyof typeof SETTLED];

/** Scheduler (or, for direct tasks and the scheme `pure`, host) → client: one task is settled. `failed` carries `[name, message, cause]`. */
export type SettledMessage = readonly [
  counter: number,
  code: SettledCode,
  body: PayloadMessage | readonly [name: string, message: string, cause?: PayloadMessage | null],
  engine: EngineId | null,
  engineUuid: EngineUuid | null,
  attempts: number,
  runMs: number,
  /** From the end on the engine (or the verdict) until sent. */
  ageMs: number,
  stdout?: string | null,
  stderr?: string | null,
  /** What it published last. */
  data?: Uint8Array | null,
];

/** Scheduler → client: a task of another client, or of an earlier one, that it asked for is settled. */
export type WatchedMessage = readonly [
  task: TaskId,
  settled: SettledMessage,
  /** It ran several items of a map: its result is a list of their outcomes. */
  chunked?: boolean,
];

/** Scheduler → client: tasks that have been running for a while, and where. */
export type RunningMessage = readonly [counter: number, engine: EngineId, engineUuid: EngineUuid, runningMs: number];

/** What news are of, as a digit. */
export const NEWS = { printed: 0, published: 1, progress: 2, nested: 3 } as const;

/**
 * A line that a task of a running task printed, or of a task of that one: it goes up from client to client. `channel` 0 is
 * standard output, 1 errors. `text` `null`: that task has ended, and prints no more.
 */
export type NestedLine = readonly [
  task: TaskId,
  engine: EngineId | null,
  attempt: number,
  label: string | null,
  channel: 0 | 1,
  text: string | null,
];

/**
 * Host → client: what a task that runs shows on its way, at best effort: the end of the task says all that counts.
 * Printed: `channel` 0 is standard output, 1 errors; `at`: the characters that this attempt printed there before.
 */
export type NewsMessage =
  | readonly [...NewsOf, kind: typeof NEWS.printed, channel: 0 | 1, text: string, at: number]
  | readonly [...NewsOf, kind: typeof NEWS.published, data: Uint8Array]
  | readonly [...NewsOf, kind: typeof NEWS.progress, fraction: number, text: string | null]
  | readonly [...NewsOf, kind: typeof NEWS.nested, lines: readonly NestedLine[]];

type NewsOf = readonly [counter: number, engine: EngineId, engineUuid: EngineUuid, attempt: number];

/**
 * Host → client: a piece of the big result of a task, in order, before its end is told. `hash`: with the last piece, that
 * of all of it; before, `null`.
 */
export type ResultPiece = readonly [
  counter: number,
  total: number,
  offset: number,
  bytes: Uint8Array,
  hash: ContentHash | null,
];

/** One direct task. `args`: bytes, or the place in the message of an earlier run that has the same. */
export type DirectRunMessage = readonly [
  counter: number,
  engine: EngineId,
  template: number,
  args: PayloadMessage | number,
  inputs?: readonly PayloadMessage[],
];

/** Client → host: run these on the engine, past the scheduler; the results come straight back. */
export type DirectMessage = readonly [
  session: Session,
  codes: readonly CodeMessage[],
  templates: readonly TemplateMessage[],
  runs: readonly DirectRunMessage[],
  /** Counts from 0 what this client has for this host, whichever way it comes: what is below the next one came before. */
  sequence?: number,
];

/** The part of a broadcast that is for one host: so many runs from this place on. */
export type ShareMessage = readonly [host: HostId, sequence: number, first: number, count: number];

/** Client → all hosts at once: as `DirectMessage`, each host takes its share and says so. */
export type BroadcastMessage = readonly [
  session: Session,
  node: string,
  codes: readonly CodeMessage[],
  templates: readonly TemplateMessage[],
  runs: readonly DirectRunMessage[],
  shares: readonly ShareMessage[],
];

/**
 * Client → whichever engine of the queue group gets it, in the scheme `pure`: tasks of one function, with all that they
 * need, since nobody knows what its receiver has had before.
 */
export type PureMessage = readonly [
  session: Session,
  node: string,
  code: CodeMessage,
  template: TemplateMessage,
  runs: readonly (readonly [counter: number, args: PayloadMessage, inputs?: readonly PayloadMessage[]])[],
  /** The texts of the modules that the template names. */
  modules?: readonly CodeMessage[],
];

/** Host → client: these of its tasks are now with this engine. */
export type TakenMessage = readonly [engine: EngineId, engineUuid: EngineUuid, counters: readonly number[]];

/** An engine as its host and the registry describe it. */
export type EngineMessage = readonly [
  id: EngineId,
  uuid: EngineUuid,
  host: HostId,
  pid: number,
  slots: number,
];

/** What a host has in hand of a task, said when it meets a new controller. */
export type HeldMessage = readonly [
  task: TaskId,
  epoch: Epoch,
  number: DispatchNumber,
  attempt: number,
  engine: EngineId,
  state: "queued" | "running" | "ended",
  /** The result, where `state` is `ended`. */
  ended?: EndedMessage | null,
  /** The process it ended on: the engine may have another one by now. */
  uuid?: EngineUuid | null,
  /** It runs, waits for tasks of its own, and lends its slot. */
  lent?: boolean,
];

/** Host → scheduler, first of all in each life of either. `engines`: those that are ready. */
export type HostHello = readonly [
  protocol: number,
  packageVersion: string,
  host: HostId,
  incarnation: Incarnation,
  hostname: string,
  pid: number,
  /** Engines wanted that have no id yet. */
  newEngines: number,
  engines: readonly EngineMessage[],
  held: readonly HeldMessage[],
  slots: number,
  /** Engines that are not ready now and will be, under the ids they have. */
  returning?: readonly EngineId[],
];

/** Scheduler → host in reply: the ids of the new engines, ascending. */
export type HostWelcome = readonly [
  epoch: Epoch,
  ids: readonly EngineId[],
  heartbeatMs: number,
  packageVersion: string,
  /** How balanced tasks find their engines; `pure`: through the queue group, which this host's engines are to join. */
  scheme?: string,
];

/** Client → scheduler, first of all in each life of either. */
export type ClientHello = readonly [
  protocol: number,
  packageVersion: string,
  session: Session,
  node: string,
  /** The first counter that is not settled at the client yet. */
  firstUnsettled: number,
  /** Of a client that lives in an engine: the engine's host. */
  engineHost?: HostId | null,
];

/** Scheduler → client in reply. */
export type ClientWelcome = readonly [
  epoch: Epoch,
  packageVersion: string,
  engines: readonly EngineMessage[],
  heartbeatMs: number,
  /** How balanced tasks find their engines; `pure`: the client publishes them itself. */
  scheme?: string,
];
