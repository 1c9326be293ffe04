/**
 * Everything a scheduler remembers, in one place. Behind `step` it is changed in place; nobody outside ever sees it.
 *
 * Holds the parts together and decides nothing. `snapshot.ts` turns it into plain data and back.
 * @module
 */
import type { HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { Dependents, TaskWaits } from "./dependency_watch.ts";
import { Dispatches } from "./dispatches.ts";
import { GuardedScheme, MAX_OFFENCES } from "./custom_scheme.ts";
import type { HostRecord } from "./engine_record.ts";
import { Estimates } from "./estimates.ts";
import type { Orphan } from "./orphan.ts";
import { Outbox } from "./outbox.ts";
import { Placement } from "./placement.ts";
import { SeededRandom } from "./random.ts";
import { Registry } from "./registry.ts";
import { Retention } from "./retention.ts";
import type { CustomScheme, SchedulerOptions } from "./scheduler_core.ts";
import { type Scheme, SCHEMES } from "./scheme.ts";
import { counterOf, SessionRecord, splitTaskId } from "./session_record.ts";
import { Story } from "./story.ts";
import type { FinishedRecord, TaskRecord } from "./task_record.ts";
import { type Timer, Timers } from "./timers.ts";
import { WaitingTargets } from "./waiting_targets.ts";

/** A host that waits for engine ids until the grace is over. */
export interface NameRequest {
  readonly host: HostRecord;
  readonly count: number;
  /** `null`: as part of its welcome. */
  readonly request: number | null;
}

/** A new life in which nothing is dispatched yet. */
export interface Grace {
  readonly awaited: Set<HostId>;
  readonly requests: NameRequest[];
  /** Tasks that wait for others and follow some. */
  readonly followers: TaskWaits[];
  timer: Timer;
}

/** The end of a task, for those who wait for it. */
export interface SettledNow {
  readonly id: TaskId;
  readonly record: FinishedRecord;
  readonly dependents: Dependents;
}

/** All there is of one scheduler. */
export class SchedulerState {
  readonly options: SchedulerOptions;
  readonly random: SeededRandom;
  readonly registry: Registry;
  readonly scheme: Scheme;
  readonly estimates: Estimates = new Estimates();
  readonly placement: Placement;
  readonly dispatches: Dispatches;
  readonly timers: Timers = new Timers();
  readonly retention: Retention;
  readonly story: Story = new Story();
  readonly out: Outbox;
  readonly sessions: Map<Session, SessionRecord> = new Map();
  /** Those that left and have no tasks here, in the order of leaving. */
  readonly retired: Set<SessionRecord> = new Set();
  /** Clients that asked for results of tasks that are not settled, by task. */
  readonly watchers: Map<TaskId, Set<Session>> = new Map();
  readonly orphans: Map<TaskId, Orphan> = new Map();
  /** How many tasks are in each live state. */
  readonly counts = { waiting: 0, ready: 0, assigned: 0 };
  /** Tasks past their deadline that go out in this step or not at all. */
  readonly lastChances: TaskRecord[] = [];
  /** Tasks that were settled in this step and that others wait for. */
  readonly settledNow: SettledNow[] = [];
  /** Tasks that wait again since they lost the places where they could run: these may close a circle. */
  blockedNow: TaskWaits[] = [];
  /** Finished tasks that were to be forgotten while others still named them. */
  readonly toForget: FinishedRecord[] = [];
  readonly waitingTargets: WaitingTargets = new WaitingTargets();
  /** The session of the last look-up: most ids that are named together are of one. */
  #recent: SessionRecord | null = null;
  began = false;
  now = 0;
  grace: Grace | null = null;
  /** When engines are looked at that have tasks ahead of their turn while others are free. */
  callBack: Timer | null = null;
  /** When the shell was asked to wake us; `Infinity`: never. */
  wakeAt = Infinity;
  nextOrder = 0;
  nextNumber = 1;
  nextSession = 0;
  nextWait = 0;
  /** Counts assignments: the clock of "recently". */
  assignments = 0;

  /** Throws `TypeError` where the scheme is `custom` and not given. */
  constructor(options: SchedulerOptions, randomState: number, custom: CustomScheme | null = null) {
    this.options = options;
    this.random = new SeededRandom(randomState);
    this.registry = new Registry(options.firstEngineId);
    this.scheme = options.scheme === "custom" ? this.#guarded(custom) : SCHEMES[options.scheme];
    this.placement = new Placement(this.scheme, this.random, this.registry, this.estimates);
    this.dispatches = new Dispatches(options.epoch);
    this.retention = new Retention(options.retention);
    this.out = new Outbox(options.facts);
  }

  #guarded(custom: CustomScheme | null): Scheme {
    if (custom === null) {
      throw new TypeError('Cannot make a scheduler with the scheme "custom": no function was given; give one.');
    }
    return new GuardedScheme(custom, (offence, reason) => {
      this.out.fact({ kind: "scheme-failed", at: this.now, offence, reason, replaced: offence >= MAX_OFFENCES });
    });
  }

  /** The session's record, made now if this is the first that is heard of it. */
  session(id: Session): SessionRecord {
    let session = this.sessions.get(id);
    if (session === undefined) {
      session = new SessionRecord(id, this.nextSession++, this.now);
      this.sessions.set(id, session);
    }
    return session;
  }

  /** What is kept of a task. */
  task(id: TaskId): TaskRecord | FinishedRecord | null {
    const recent = this.#recent === null ? -1 : counterOf(this.#recent.id, id);
    if (recent >= 0) return this.#recent?.tasks.get(recent) ?? null;
    const parts = splitTaskId(id);
    const session = parts === null ? undefined : this.sessions.get(parts.session);
    if (parts === null || session === undefined) return null;
    this.#recent = session;
    return session.tasks.get(parts.counter) ?? null;
  }

  /** Nothing is known of this session any more. */
  forgetSession(session: SessionRecord): void {
    this.sessions.delete(session.id);
    if (this.#recent === session) this.#recent = null;
  }
}
