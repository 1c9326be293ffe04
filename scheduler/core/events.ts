/**
 * What the core is told: everything that happens to a scheduler, in the past tense, each with the time it happened.
 *
 * Types only. The shell (`scheduler_actor.ts`) makes them from the messages of hosts and clients and stamps `at`; tests
 * and replays make them by hand. `at` is epoch ms of the controller's monotonic clock and never goes back; an older
 * one is read as the newest seen.
 *
 * A living host answers every dispatch with exactly one ended attempt, whatever becomes of the engine.
 * @module
 */
import type {
  DispatchNumber,
  EngineId,
  EngineUuid,
  Epoch,
  HostId,
  Incarnation,
  Session,
  TaskId,
} from "../../protocol/ids.ts";
import type { AttemptOutcome, AttemptReport, TaskOutcome } from "../../protocol/outcome.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";

/** An engine process that is ready for tasks. */
export interface ReadyEngine {
  readonly id: EngineId;
  readonly uuid: EngineUuid;
  readonly host: HostId;
  readonly pid: number;
  readonly slots: number;
}

/** How one dispatched attempt ended. */
export interface EndedAttempt {
  readonly number: DispatchNumber;
  readonly outcome: AttemptOutcome;
  /** `null` where it never ran. */
  readonly report: AttemptReport | null;
}

/** What a host has in hand of a task from an earlier controller life. In the order in which the engine runs them. */
export interface HeldAttempt {
  readonly task: TaskId;
  readonly epoch: Epoch;
  readonly number: DispatchNumber;
  readonly attempt: number;
  readonly engine: EngineId;
  readonly state: "queued" | "running" | "ended";
  /** The result, where `state` is `ended`; else `null`. */
  readonly ended: EndedAttempt | null;
  /** The process it ended on, which may be gone; `null`: it has not ended, or nobody knows. */
  readonly uuid: EngineUuid | null;
  /** It waits for tasks of its own, and lends its slot. */
  readonly lent?: boolean;
}

/** A life of the scheduler began. The first event of all; a grace for hosts to come back counts from here. */
export interface SchedulerBegan {
  readonly kind: "scheduler-began";
  readonly at: number;
}

/** A host introduced itself. Answered by `host-welcomed` (perhaps later, after the grace) or `host-refused`. */
export interface HostJoined {
  readonly kind: "host-joined";
  readonly at: number;
  readonly host: HostId;
  readonly incarnation: Incarnation;
  readonly hostname: string;
  readonly pid: number;
  readonly packageVersion: string;
  /** Engines wanted that have no id yet. */
  readonly newEngines: number;
  /** Engines that are ready, with the ids they have. */
  readonly engines: readonly ReadyEngine[];
  /** Ids of engines that are not ready now and will be. */
  readonly returning: readonly EngineId[];
  readonly held: readonly HeldAttempt[];
}

/** A host's incarnation is gone for good, and all its engines with it. */
export interface HostLost {
  readonly kind: "host-lost";
  readonly at: number;
  readonly host: HostId;
  /** Ignored unless it is the incarnation that joined last; `null`: whichever it is. */
  readonly incarnation: Incarnation | null;
  readonly reason: string;
}

/** A host has not been heard for a while: nothing new goes there until `host-reachable`. */
export interface HostUnreachable {
  readonly kind: "host-unreachable";
  readonly at: number;
  readonly host: HostId;
}

/** A host that could not be heard is heard again. */
export interface HostReachable {
  readonly kind: "host-reachable";
  readonly at: number;
  readonly host: HostId;
}

/** A host wants ids for more engines. Answered by `engines-named` with the same `request`. */
export interface EnginesRequested {
  readonly kind: "engines-requested";
  readonly at: number;
  readonly host: HostId;
  readonly count: number;
  /** Any number of the shell's, given back in the answer. */
  readonly request: number;
}

/** An engine's process is ready for tasks. Ids that the core did not give (of an earlier life) are taken over. */
export interface EngineBecameReady {
  readonly kind: "engine-ready";
  readonly at: number;
  readonly engine: ReadyEngine;
}

/** An engine's process ended. Its attempts are reported by its host, before or after this. */
export interface EngineEnded {
  readonly kind: "engine-ended";
  readonly at: number;
  readonly engine: EngineId;
  readonly uuid: EngineUuid;
  readonly reason: string;
  /** On our order: not a crash. */
  readonly requested: boolean;
  /** It will come back under its id. */
  readonly returns: boolean;
}

/** An engine's process ended before it was ready. */
export interface EngineFailed {
  readonly kind: "engine-failed";
  readonly at: number;
  readonly engine: EngineId;
  readonly host: HostId;
  readonly reason: string;
  /** It will not be tried again. */
  readonly givenUp: boolean;
}

/** An engine finishes what it runs and takes no more. */
export interface EngineBeganDraining {
  readonly kind: "engine-draining";
  readonly at: number;
  readonly engine: EngineId;
}

/** A client introduced itself: it is sent what was settled meanwhile, from `firstUnsettled` on. */
export interface ClientAttached {
  readonly kind: "client-attached";
  readonly at: number;
  readonly session: Session;
  /** The first counter that is not settled at the client yet. */
  readonly firstUnsettled: number;
  /** Of a client that lives in an engine: the engine's host. */
  readonly engineHost?: HostId | null;
}

/** A client said good-bye or is gone. Its tasks go on; what they become is kept. */
export interface ClientLeft {
  readonly kind: "client-left";
  readonly at: number;
  readonly session: Session;
}

/** A client does not keep up with the results that wait for it, or does again. */
export interface ClientPaceChanged {
  readonly kind: "client-pace-changed";
  readonly at: number;
  readonly session: Session;
  readonly behind: boolean;
}

/** The client of an engine's tasks ended with the engine: what it has not settled is aborted. */
export interface ClientEnded {
  readonly kind: "client-ended";
  readonly at: number;
  readonly session: Session;
}

/** Attempts on a host wait for tasks of their own and lend their slots, or have taken them back. */
export interface SlotsChanged {
  readonly kind: "slots-changed";
  readonly at: number;
  readonly host: HostId;
  /** Of the dispatches. */
  readonly epoch: Epoch;
  readonly lent: readonly DispatchNumber[];
  readonly retaken: readonly DispatchNumber[];
}

/** What became of a task that an earlier controller life settled, or that its client ended before it was submitted. */
export interface KnownOutcome {
  readonly task: TaskId;
  readonly ok: boolean;
  /** Where its last attempt ran; `null` where it never did. */
  readonly engine: EngineId | null;
  readonly engineUuid: EngineUuid | null;
  /** The name of the error it failed with; `null` where it is done, or the client does not know. */
  readonly error: string | null;
}

/**
 * A client submitted a batch, or a part of one. An id that is known is a duplicate: ignored, or answered again if
 * settled.
 */
export interface TasksSubmitted {
  readonly kind: "tasks-submitted";
  readonly at: number;
  readonly session: Session;
  /** In order of submission. */
  readonly specs: readonly TaskSpec[];
  /** From `apply` until now, ms, one for each spec; `null`: all 0. */
  readonly agesMs: readonly number[] | null;
  /** More of the batch follows: an id that is named here and unknown may still come. */
  readonly more: boolean;
  /** Outcomes of tasks of this session that `specs` name. What this life knows of them itself goes before. */
  readonly known: readonly KnownOutcome[];
}

/** What is left of a session of an earlier life. */
export interface InheritedSession {
  readonly session: Session;
  /** The counters of its tasks that were forgotten: pairs `[from, to]`, ascending, both ends included. */
  readonly forgotten: readonly (readonly [number, number])[];
}

/** A task that an earlier life accepted, and what became of it there. */
export interface InheritedTask {
  readonly spec: TaskSpec;
  /** Epoch ms, as `at`. */
  readonly submittedAt: number;
  /** Attempts that failed and were paid for with a retry. */
  readonly failures: number;
  /** The last of them; `null`: none, or it is settled. */
  readonly lastFailure: { readonly at: number; readonly engine: EngineId; readonly outcome: TaskOutcome } | null;
  /** `null`: it is not settled. */
  readonly settled: {
    readonly at: number;
    readonly outcome: TaskOutcome;
    readonly engine: EngineId | null;
    readonly uuid: EngineUuid | null;
    readonly attempts: number;
    readonly report: AttemptReport | null;
  } | null;
}

/** What the journal of earlier lives says. Right after `scheduler-began`, or never. No fact is written of it again. */
export interface TasksInherited {
  readonly kind: "tasks-inherited";
  readonly at: number;
  readonly sessions: readonly InheritedSession[];
  /** In the order in which they were accepted. */
  readonly tasks: readonly InheritedTask[];
}

/** Attempts ended on a host. `epoch` is that of their dispatch. */
export interface AttemptsEnded {
  readonly kind: "attempts-ended";
  readonly at: number;
  readonly host: HostId;
  readonly epoch: Epoch;
  readonly results: readonly EndedAttempt[];
}

/** Somebody wants tasks aborted, of any client. Unknown and finished ones are ignored. */
export interface AbortRequested {
  readonly kind: "abort-requested";
  readonly at: number;
  readonly ids: readonly TaskId[];
}

/** Somebody wants finished tasks forgotten now; `null`: all that are finished. */
export interface PurgeRequested {
  readonly kind: "purge-requested";
  readonly at: number;
  readonly ids: readonly TaskId[] | null;
}

/** A client wants to be told what becomes of these tasks, whosever they are. Unknown ones are ignored. */
export interface ResultsWatched {
  readonly kind: "results-watched";
  readonly at: number;
  readonly session: Session;
  readonly ids: readonly TaskId[];
}

/** The scheduler's process stood still for so long: that was no time in which hosts could come back. */
export interface StoodStill {
  readonly kind: "stood-still";
  /** When it began. */
  readonly at: number;
  readonly ms: number;
}

/** The time that a `wake` effect named has come. Too early or too often does no harm. */
export interface SchedulerWoke {
  readonly kind: "woke";
  readonly at: number;
}

/** Everything the core can be told. */
export type SchedulerEvent =
  | SchedulerBegan
  | HostJoined
  | HostLost
  | HostUnreachable
  | HostReachable
  | EnginesRequested
  | EngineBecameReady
  | EngineEnded
  | EngineFailed
  | EngineBeganDraining
  | ClientAttached
  | ClientLeft
  | ClientEnded
  | ClientPaceChanged
  | SlotsChanged
  | TasksSubmitted
  | TasksInherited
  | AttemptsEnded
  | AbortRequested
  | PurgeRequested
  | ResultsWatched
  | StoodStill
  | SchedulerWoke;
