/**
 * What the actors of a cluster answer to: the methods that others may cast to or call.
 *
 * Types, names and bounds only. Scheduler, hub, host and client never import each other; each implements its interface from here and
 * refers to the others by theirs. Arguments and replies are the arrays of `messages.ts`.
 * @module
 */
import type { Explanation } from "./explanation.ts";
import type { ContentHash, DispatchNumber, EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "./ids.ts";
import type {
  ClientHello,
  ClientWelcome,
  DirectMessage,
  DispatchMessage,
  EndedMessage,
  EngineMessage,
  HostHello,
  HostWelcome,
  NewsMessage,
  PayloadMessage,
  ResultPiece,
  RunningMessage,
  SettledMessage,
  SubmitMessage,
  TakenMessage,
  WatchedMessage,
} from "./messages.ts";
import type { SchedulerQueues } from "./queue_status.ts";
import type {
  ConditionMessage,
  HistoryMessage,
  PurgeMessage,
  RecordField,
  RecordMessage,
  SortMessage,
  SpecsMessage,
  StatusWords,
  StoryMessage,
} from "./records.ts";
import type { ClusterStatus } from "./status.ts";
import type { HostSupervision, SupervisionNode } from "./supervision.ts";

/** Longest piece of a blob that a host takes and gives at once: small enough for every `max_payload`. */
export const BLOB_PIECE_BYTES = 512 * 1024;

/** Unique names of the actors in a cluster; a host's actor and a client's are found by their node instead. */
export const ACTOR_NAMES = { scheduler: "scheduler", hub: "hub", host: "host", client: "client" } as const;

/** The scheduler, in the controller's node under the unique name `scheduler`. */
export interface SchedulerApi {
  /**
   * A host introduces itself; the reply gives its new engines their ids, in a new controller life only after the other
   * hosts had time to come back. Throws `VersionMismatch`, or why the host can't be taken as it is.
   */
  joinHost(hello: HostHello): HostWelcome | Promise<HostWelcome>;
  /** More engines on a host that has joined: their ids. */
  addEngines(host: HostId, count: number): readonly EngineId[] | Promise<readonly EngineId[]>;
  /** An engine's process is ready for tasks. */
  engineReady(engine: EngineMessage): void;
  /** An engine's process ended. `requested`: on our order. `returns`: whether it will come back under its id. */
  engineEnded(id: EngineId, uuid: EngineUuid, reason: string, requested: boolean, returns: boolean): void;
  /** An engine ended before it was ready. `givenUp`: it will not be tried again. */
  engineFailed(id: EngineId, host: HostId, reason: string, givenUp: boolean): void;
  /** An engine finishes what it runs and takes no more. */
  engineDraining(id: EngineId): void;
  /** Attempts ended on a host. */
  ended(epoch: Epoch, results: readonly EndedMessage[]): void;
  /** A client introduces itself. Throws `VersionMismatch`. */
  attachClient(hello: ClientHello): ClientWelcome | Promise<ClientWelcome>;
  /** A client says good-bye; its tasks go on. */
  detachClient(session: Session): void;
  /** The client of an engine's tasks ended with its process, as its host says: what it has not settled is aborted. */
  endClient(session: Session): void;
  /** Attempts wait for tasks of their own, and lend their slots; others have taken theirs back. */
  slots(epoch: Epoch, lent: readonly DispatchNumber[], retaken: readonly DispatchNumber[]): void;
  submit(batch: SubmitMessage): void;
  /** Abort tasks of any client. Unknown and finished ones are ignored. */
  abort(ids: readonly TaskId[]): void;
  /** Answered when all that its caller sent before is taken in: what the hub is asked from then on knows of it. */
  caughtUp(): void | Promise<void>;
  /** Why a task is where it is; of garbage too. */
  explain(id: TaskId): Explanation | Promise<Explanation>;
  /** What is known of these tasks, in a word each. */
  statusOf(ids: readonly TaskId[]): StatusWords | Promise<StatusWords>;
  /** What is queued where; of these engines only, unless `null`. `verbose`: with ids. */
  queueStatus(targets: readonly EngineId[] | null, verbose: boolean): SchedulerQueues | Promise<SchedulerQueues>;
  /** Forget finished tasks, `null`: all of them. Where one is not finished, or not known, none is forgotten. */
  purge(ids: readonly TaskId[] | null): PurgeMessage | Promise<PurgeMessage>;
  /**
   * What becomes of these tasks, whosever they are, is told to the calling client by `watched`: now where they are
   * finished, else when they are. What is known of each now, in a word: those that are not known are never told of.
   */
  watch(session: Session, ids: readonly TaskId[]): StatusWords | Promise<StatusWords>;
  /** The code of these hashes, `null` where it is not there any more. */
  codes(hashes: readonly ContentHash[]): readonly (PayloadMessage | null)[];
}

/** The hub, in the controller's node under the unique name `hub`. */
export interface HubApi {
  status(): ClusterStatus;
  /** The supervision tree, from the cluster down. Takes as long as the slowest host to answer, 2 s at most. */
  tree(): SupervisionNode | Promise<SupervisionNode>;
  /** ms since it began: the times it gives and takes count from there. */
  age(): number;
  /** What happened to a task, oldest first. */
  story(id: TaskId): StoryMessage;
  /** Ids in order of submission, from this place in it on. */
  history(from: number): HistoryMessage;
  /** The places in the order of submission of the records that match, `limit` of them at most, sorted. */
  find(
    conditions: readonly ConditionMessage[],
    sort: readonly SortMessage[],
    limit: number,
  ): readonly number[] | Promise<readonly number[]>;
  /** These fields of the records at these places: the first few, as many as a reply may hold. */
  records(orders: readonly number[], keys: readonly RecordField[]): readonly RecordMessage[];
  /** These fields of the records of these tasks: the first few, as many as a reply may hold. */
  recordsOf(ids: readonly TaskId[], keys: readonly RecordField[]): readonly RecordMessage[];
  /** What these tasks were submitted as: the first few, as many as a reply may hold. */
  specs(ids: readonly TaskId[]): SpecsMessage;
}

/** The one actor of a host's node, named `host` in that node. */
export interface HostApi {
  dispatch(batch: DispatchMessage): void;
  /** Run on an engine for a client, past the scheduler. */
  direct(batch: DirectMessage): void;
  abort(epoch: Epoch, numbers: readonly DispatchNumber[]): void;
  /** Give back those that have not begun: each ends as `returned`. Those that run are left alone. */
  callBack(epoch: Epoch, numbers: readonly DispatchNumber[]): void;
  abortDirect(session: Session, counters: readonly number[]): void;
  /** These results arrived and may be dropped. */
  release(epoch: Epoch, numbers: readonly DispatchNumber[]): void;
  /** What it supervises, as of now. */
  supervision(): HostSupervision;
  startEngines(count: number): readonly EngineId[] | Promise<readonly EngineId[]>;
  stopEngines(ids: readonly EngineId[], drainMs: number): void | Promise<void>;
  restartEngines(ids: readonly EngineId[], drainMs: number): void | Promise<void>;
  signalEngines(signal: string, ids: readonly EngineId[]): void;
  /** Ends all engines, running tasks may finish within `drainMs`, and then the host's process with all it runs. */
  shutdown(drainMs: number): void | Promise<void>;
  /**
   * A piece of a blob, `offset` bytes from its start. `upload`: the hash of all, where the sender knows it, and then a
   * wrong one throws; else `<sender>#<number>`, and the host finds the hash out. The answer: the hash, once the blob is
   * complete, before `null`. `engines`, with the first piece: those whose next task is to come with it, so that they may
   * be given it while it arrives.
   */
  putBlob(
    upload: string,
    size: number,
    offset: number,
    bytes: Uint8Array,
    engines?: readonly EngineId[],
  ): ContentHash | null | Promise<ContentHash | null>;
  /** At most `length` bytes from `offset`. Throws where the blob is not known. */
  getBlob(hash: ContentHash, offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

/** The one actor of a client's node, named `client` in that node. */
export interface ClientApi {
  settled(epoch: Epoch, results: readonly SettledMessage[]): void;
  running(tasks: readonly RunningMessage[]): void;
  /** Tasks that it asked for by `watch` are settled. */
  watched(results: readonly WatchedMessage[]): void;
  /** The engines that are alive now, ascending by id. */
  engines(list: readonly EngineMessage[]): void;
  /** Results of direct tasks, from a host. */
  directSettled(results: readonly SettledMessage[]): void;
  /** From a host: what tasks of this client show on their way. */
  news(rows: readonly NewsMessage[]): void;
  /** From a host: a piece of a big result that an engine still writes. The answer: whether more is wanted. */
  resultPiece(piece: ResultPiece): boolean | Promise<boolean>;
  /**
   * From a host: it needs bytes that are no longer where they were put, for a task of this client. Brings them there
   * again, where it still has them; whether it did.
   */
  bringAgain(hash: ContentHash, host: HostId): boolean | Promise<boolean>;
  /** A broadcast was heard by this host; not taken where something before it is missing: the client sends it again. */
  broadcastHeard(host: HostId, sequence: number, taken: boolean): void;
  /** Scheme `pure`: engines of this host took these tasks. Their results come as those of direct tasks do. */
  pureTaken(host: HostId, taken: readonly TakenMessage[]): void;
  /** Scheme `pure`: engines that took these tasks end before they began; the client sends them again. */
  pureReturned(counters: readonly number[]): void;
}
