/**
 * What a host and its engine say to each other over the pipe: arrays that only ever grow at the end.
 *
 * Types and numbers only. Both ends import it: it is the border between the two processes. A frame is an eight-byte
 * head (the process's random key, the length) and one message in the plain frame codec. Values that are longer than a
 * piece travel as pieces ahead of the message that names them, so no frame is ever long.
 * @module
 */
import type { NestedLine } from "./messages.ts";
import type { ContentHash, EngineId, HostId, TaskId } from "./ids.ts";

/** Raised whenever a message changes in a way that the other end would misread. */
export const PIPE_VERSION = 4;

/** Longest value that travels inside a message, and length of a piece. */
export const PIECE_BYTES = 512 * 1024;

/** Longer frames are refused: nothing of ours is. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** The first bytes to an engine, before any frame: the key of the pipe, big-endian. No task can read them. */
export const PIPE_KEY_BYTES = 4;

/** An argument of the engine's process: it is to be initialized before it is ready. */
export const TO_BE_INITIALIZED = "--initialize";

/** First element of a message to the engine. */
export const TO_ENGINE = {
  welcome: 0,
  code: 1,
  template: 2,
  forget: 3,
  piece: 4,
  run: 5,
  cancel: 6,
  ping: 7,
  exit: 8,
  drop: 9,
  recall: 10,
  busDelivers: 11,
  busIs: 12,
  initialize: 13,
} as const;

/** First element of a message to the host. */
export const TO_HOST = {
  ready: 0,
  result: 1,
  piece: 2,
  published: 3,
  progress: 4,
  pong: 5,
  busPublish: 6,
  busOpen: 7,
  slot: 8,
  printed: 9,
  nested: 10,
} as const;

/** Bytes inline, or the number under which their pieces came. */
export type PipeBytes = Uint8Array | number;

/**
 * `[number, template, args, task, attempt, inputs]`: one attempt. Numbers count up from 1 in each process. `inputs`: the
 * results of other tasks that stand in the arguments.
 */
export type RunMessage = readonly [
  number: number,
  template: number,
  args: PipeBytes,
  task: TaskId,
  attempt: number,
  inputs?: readonly PipeBytes[],
];

/** A piece of a long value: `total` bytes in all. Pieces of one value come in order, without gaps. */
export type PieceMessage<Kind extends number> = readonly [
  kind: Kind,
  value: number,
  total: number,
  offset: number,
  bytes: Uint8Array,
];

export type ToEngineMessage =
  /** `slots`: how many tasks it runs at a time; absent: 1. */
  | readonly [kind: typeof TO_ENGINE.welcome, engine: EngineId, slots?: number]
  | readonly [kind: typeof TO_ENGINE.code, hash: ContentHash, source: PipeBytes]
  | readonly [
    kind: typeof TO_ENGINE.template,
    template: number,
    code: ContentHash,
    name: string,
    captures: PipeBytes | null,
    /** Of its tasks; absent: 0. */
    priority?: number,
    /** Code that came before, and that is the text of a module which the function or its arguments load. */
    modules?: readonly ContentHash[],
  ]
  /** Templates that no later run will name, and code that no later template will. */
  | readonly [kind: typeof TO_ENGINE.forget, ...names: (number | ContentHash)[]]
  | PieceMessage<typeof TO_ENGINE.piece>
  /** A long value that no message will name, complete or not. */
  | readonly [kind: typeof TO_ENGINE.drop, value: number]
  | readonly [kind: typeof TO_ENGINE.run, ...runs: RunMessage[]]
  /** Not begun: answered with `dropped`. Running: its signal fires. */
  | readonly [kind: typeof TO_ENGINE.cancel, ...numbers: number[]]
  | readonly [kind: typeof TO_ENGINE.ping, token: number]
  /** Not begun: answered with `dropped`. Running: it goes on. */
  | readonly [kind: typeof TO_ENGINE.recall, ...numbers: number[]]
  | BusDeliversMessage
  | BusIsMessage
  /** The module to run before it says that it is ready. */
  | readonly [kind: typeof TO_ENGINE.initialize, source: PipeBytes]
  | readonly [kind: typeof TO_ENGINE.exit];

/** To the engine's own client: what came on its subject, or the answer to a request of its. */
export type BusDeliversMessage = readonly [
  kind: typeof TO_ENGINE.busDelivers,
  subject: string,
  data: Uint8Array,
  reply?: string | null,
];

/**
 * How the bus of the engine's own client is. `open`: with the cluster, the client's node, its host and the largest
 * message in bytes. `nobody`: a request has no one to answer it; `text` is where the answer was to go. Else with a reason.
 */
export type BusIsMessage =
  | readonly [
    kind: typeof TO_ENGINE.busIs,
    state: "open",
    cluster: string,
    node: string,
    host: HostId,
    maxPayload: number,
  ]
  | readonly [
    kind: typeof TO_ENGINE.busIs,
    state: "connected" | "disconnected" | "closed" | "nobody",
    text: string,
  ];

/** How a run ended, as a digit. */
export const RAN = { done: 0, threw: 1, declined: 2, dropped: 3 } as const;
export type RanCode = typeof RAN[keyof typeof RAN];

export type ResultMessage = readonly [
  kind: typeof TO_HOST.result,
  number: number,
  code: RanCode,
  body: PipeBytes | null,
  runMs: number,
  stdout?: string,
  stderr?: string,
];

export type ToHostMessage =
  | readonly [kind: typeof TO_HOST.ready, pipeVersion: number, packageVersion: string, pid: number]
  | ResultMessage
  | PieceMessage<typeof TO_HOST.piece>
  | readonly [kind: typeof TO_HOST.published, number: number, data: Uint8Array]
  | readonly [kind: typeof TO_HOST.progress, number: number, fraction: number, text: string | null]
  | readonly [kind: typeof TO_HOST.pong, token: number]
  /** From the engine's own client; with `reply`, a request. */
  | readonly [kind: typeof TO_HOST.busPublish, subject: string, data: Uint8Array, reply?: string | null]
  /** The engine's own client wants a bus, or no longer. */
  | readonly [kind: typeof TO_HOST.busOpen, open: boolean]
  /** A run waits for tasks of its own and lends its slot, or goes on. `running`: how many runs have begun by then. */
  | readonly [kind: typeof TO_HOST.slot, number: number, lent: boolean, running: number]
  /** Of a running task, as it prints. `channel`: 0 for standard output, 1 for errors. `at`: characters there before. */
  | readonly [kind: typeof TO_HOST.printed, number: number, channel: 0 | 1, text: string, at: number]
  /** What tasks of a running task print. */
  | readonly [kind: typeof TO_HOST.nested, number: number, lines: readonly NestedLine[]];
