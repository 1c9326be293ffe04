/**
 * What the core wants done: orders to the shell, in the order in which they are to be carried out.
 *
 * Types only. `facts`, where there are any, come first: what leaves as a promise (`settle`, `release`) leaves after them.
 * An effect that fails comes back as an event. Carried out by `scheduler_actor.ts`.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
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
import type { AttemptReport, TaskOutcome } from "../../protocol/outcome.ts";
import type { Payload, TaskSpec } from "../../protocol/task_spec.ts";

/** Write these down and hand them to the hub. At most one a step, always the first effect. */
export interface WriteFacts {
  readonly kind: "facts";
  readonly facts: readonly Fact[];
}

/** Answer to `host-joined`: the ids of the engines it asked for, ascending. */
export interface WelcomeHost {
  readonly kind: "host-welcomed";
  readonly host: HostId;
  readonly incarnation: Incarnation;
  readonly ids: readonly EngineId[];
}

/** Answer to `host-joined`: it can't be taken as it is. `reason` says what it has to do. */
export interface RefuseHost {
  readonly kind: "host-refused";
  readonly host: HostId;
  readonly incarnation: Incarnation;
  readonly reason: string;
}

/** Answer to `engines-requested`: the ids, ascending; none where the host is not known. */
export interface NameEngines {
  readonly kind: "engines-named";
  readonly host: HostId;
  readonly request: number;
  readonly ids: readonly EngineId[];
}

/** Run this attempt there, after what the engine was given before. `attempt` counts from 1. */
export interface Dispatch {
  readonly kind: "dispatch";
  readonly host: HostId;
  readonly engine: EngineId;
  readonly number: DispatchNumber;
  readonly attempt: number;
  readonly spec: TaskSpec;
  /** The results that stand in its arguments, in their order; absent: none do. */
  readonly inputs?: readonly Payload[];
}

/** Drop or stop these attempts of that epoch. Each is still answered with one ended attempt. */
export interface AbortAttempts {
  readonly kind: "abort-attempts";
  readonly host: HostId;
  readonly epoch: Epoch;
  readonly numbers: readonly DispatchNumber[];
}

/** Give back what has not begun of these attempts of that epoch: another engine is idle. What runs is left alone. */
export interface CallBackAttempts {
  readonly kind: "call-back";
  readonly host: HostId;
  readonly epoch: Epoch;
  readonly numbers: readonly DispatchNumber[];
}

/** These results of that epoch arrived; the host may drop them. */
export interface Release {
  readonly kind: "release";
  readonly host: HostId;
  readonly epoch: Epoch;
  readonly numbers: readonly DispatchNumber[];
}

/** Tell the client what became of its task. Sent again where the client may not have it; twice does no harm. */
export interface Settle {
  readonly kind: "settle";
  readonly session: Session;
  readonly task: TaskId;
  readonly outcome: TaskOutcome;
  /** Where the last attempt ran; `null`: nowhere. */
  readonly engine: EngineId | null;
  readonly uuid: EngineUuid | null;
  readonly attempts: number;
  /** Of the last attempt; `null` where none ended by itself. */
  readonly report: AttemptReport | null;
  /** When it was settled, epoch ms. */
  readonly settledAt: number;
}

/** Tell a client that asked for it what became of a task that is not its own, or of an earlier client. */
export interface TellWatcher extends Omit<Settle, "kind" | "session"> {
  readonly kind: "tell-watcher";
  readonly to: Session;
  /** Its result is the list of the outcomes of several items of a map. */
  readonly chunked: boolean;
}

/** The live engines changed: tell the clients (`core.engines()` lists them). At most one a step. */
export interface AnnounceEngines {
  readonly kind: "engines-changed";
}

/** Send `woke` at this time. Replaces the time asked for before. */
export interface Wake {
  readonly kind: "wake";
  readonly at: number;
}

/** Everything the core can order. */
export type Effect =
  | WriteFacts
  | WelcomeHost
  | RefuseHost
  | NameEngines
  | Dispatch
  | AbortAttempts
  | CallBackAttempts
  | Release
  | Settle
  | TellWatcher
  | AnnounceEngines
  | Wake;
