/**
 * Everything the reference knows, in plain sets, and the few questions that are asked of it again and again.
 *
 * Decides nothing about events; each question is answered by looking at everything.
 * @module
 */
import type { EngineId, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";
import { type Life, type NaiveClient, type NaiveTask, waitedFor } from "./naive_records.ts";

/** What is told to a client in a step. */
export interface Told {
  readonly task: TaskId;
  readonly outcome: string;
  readonly attempts: number;
}

/** All of it. */
export class NaiveWorld {
  readonly options: SchedulerOptions;
  readonly tasks: Map<TaskId, NaiveTask> = new Map();
  readonly clients: Map<Session, NaiveClient> = new Map();
  /** Hosts that are there: their incarnation, and whether they can be heard. */
  readonly hosts: Map<HostId, { readonly incarnation: string; isReachable: boolean }> = new Map();
  /** Which host has an engine id that is in use. */
  readonly owners: Map<EngineId, HostId> = new Map();
  readonly lives: Life[] = [];
  /** In the message that is being taken in. */
  readonly arriving: Set<TaskId> = new Set();
  now = -Infinity;
  /** Nothing is dispatched before this. */
  graceUntil = -Infinity;
  /** Engine ids below this one were given. */
  nextEngine: number;
  assignments = 0;
  /** When the core asked to be woken. */
  wakeAt = Infinity;
  /** Settled in this step. */
  settled: NaiveTask[] = [];
  /** Told in this step. */
  told: Told[] = [];
  /** To be forgotten in this step since somebody wants it. */
  purged: NaiveTask[] = [];

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.nextEngine = options.firstEngineId;
  }

  get isGrace(): boolean {
    return this.graceUntil > -Infinity;
  }

  get completed(): Set<TaskId> {
    return this.#ids((task) => task.outcome === "done");
  }

  get failed(): Set<TaskId> {
    return this.#ids((task) => task.outcome !== null && task.outcome !== "done");
  }

  /** Settled tasks that are kept. */
  get kept(): NaiveTask[] {
    return [...this.tasks.values()].filter(({ state, isForgotten }) => state === "settled" && !isForgotten);
  }

  client(session: Session): NaiveClient {
    let client = this.clients.get(session);
    if (client === undefined) {
      client = {
        session,
        appeared: this.clients.size,
        isAttached: false,
        served: 0,
        isMidBatch: false,
        waitedForUntil: 0,
      };
      this.clients.set(session, client);
    }
    return client;
  }

  /** The live process under an id. */
  current(id: EngineId): Life | null {
    return this.lives.find((life) => life.id === id && life.isAlive) ?? null;
  }

  /** Whether no process will ever come (back) under this id. One that was never given may. */
  isGone(id: EngineId): boolean {
    return id < this.nextEngine && !this.owners.has(id);
  }

  /** The ids that tasks name which wait for others. */
  get named(): Set<TaskId> {
    return new Set([...this.tasks.values()].filter(({ state }) => state === "waiting").flatMap(waitedFor));
  }

  #ids(holds: (task: NaiveTask) => boolean): Set<TaskId> {
    return new Set([...this.tasks.values()].filter(holds).map(({ id }) => id));
  }
}
