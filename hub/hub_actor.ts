/**
 * The hub: what the scheduler did, for whoever wants to look. A reader of facts; it may lag, and decides nothing.
 *
 * Keeps the registry of hosts and engines and the records of tasks, answers `status`, and tells clients of tasks that
 * have been running for a while. Spawned by the controller; the scheduler casts it the facts of each step.
 * @module
 */
import { Actor } from "../actors/actor.ts";
import type { Fact } from "../protocol/facts.ts";
import type { EngineId, Session, TaskId } from "../protocol/ids.ts";
import type { RunningMessage } from "../protocol/messages.ts";
import { ACTOR_NAMES, type ClientApi, type HubApi } from "../protocol/roles.ts";
import type { ClusterStatus } from "../protocol/status.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { MailboxFull } from "../wire/errors.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { EngineRegistry } from "./engine_registry.ts";
import { RunningTasks } from "./running_tasks.ts";
import { TaskRecords } from "./task_records.ts";

/** How often the hub looks at what runs: a task that is over by then is not announced, its result is the news. */
const ANNOUNCE_AFTER_MS = 100;

/** What the hub says about its cluster besides what the facts tell. */
export interface HubOptions {
  readonly cluster: string;
  readonly epoch: number;
  readonly pid: number;
  readonly scheme: string;
  readonly hwm: number;
}

/** The actor named `hub` of a cluster. */
export class HubActor extends Actor implements HubApi {
  readonly #options: HubOptions;
  readonly #registry = new EngineRegistry();
  readonly #records = new TaskRecords();
  readonly #clients = new Set<Session>();
  #startedAt = 0;
  readonly #running = new RunningTasks((engine) => this.#registry.slotsOf(engine));
  #looking = false;

  constructor(options: HubOptions) {
    super();
    this.#options = options;
  }

  protected override onStart(): void {
    this.#startedAt = this.context.clock.now();
  }

  /** Takes in what one step of the scheduler wrote down. */
  facts(facts: readonly Fact[]): void {
    if (this.context.sender !== this.context.system.address) {
      return this.context.log("warn", "facts from another node dropped", { from: this.context.sender });
    }
    for (const fact of facts) this.#apply(fact);
    if (this.#running.any && !this.#looking) this.#lookLater();
  }

  status(): ClusterStatus {
    return {
      ...this.#options,
      packageVersion: PACKAGE_VERSION,
      uptimeMs: this.context.clock.now() - this.#startedAt,
      hosts: this.#registry.hosts(),
      engines: this.#registry.engines(),
      clients: this.#clients.size,
      tasks: this.#records.counts(),
    };
  }

  #apply(fact: Fact): void {
    switch (fact.kind) {
      case "task-accepted":
        return this.#records.accepted(fact.spec, fact.at);
      case "task-assigned": {
        this.#registry.assigned(fact.engine);
        const record = this.#records.assigned(fact);
        if (record !== undefined) this.#running.assigned(fact.engine, record);
        return;
      }
      case "attempt-failed":
        return this.#unassign(fact.task, fact.engine, "failed");
      case "task-returned":
        return this.#unassign(fact.task, fact.engine, "returned");
      case "task-settled":
        return this.#settle(fact);
      case "task-forgotten":
        return this.#records.forgotten(fact.task);
      case "client-attached":
        this.#clients.add(fact.session);
        return;
      case "client-left":
        this.#clients.delete(fact.session);
        return;
      default:
        return this.#registry.apply(fact);
    }
  }

  #unassign(task: TaskId, engine: EngineId, end: "failed" | "returned"): void {
    this.#registry.unassigned(engine, end);
    this.#records.unassigned(task);
  }

  #settle(fact: Extract<Fact, { kind: "task-settled" }>): void {
    const ran = this.#records.settled(fact);
    if (!ran || fact.engine === null) return;
    this.#registry.unassigned(fact.engine, fact.outcome.kind === "done" ? "completed" : "failed");
  }

  #lookLater(): void {
    this.#looking = true;
    this.context.after(ANNOUNCE_AFTER_MS, () => this.#announce());
  }

  /** Tells each client which of its tasks are running now, and where. */
  #announce(): void {
    const now = this.context.clock.wallTime();
    const bySession = new Map<Session, RunningMessage[]>();
    for (const { record, engine, uuid } of this.#running.news()) {
      const id = parseTaskId(record.spec.id);
      if (id === null) continue;
      let list = bySession.get(id.session);
      if (list === undefined) bySession.set(id.session, list = []);
      list.push([id.counter, engine, uuid, Math.max(0, now - (record.assigned ?? now))]);
    }
    for (const [session, tasks] of bySession) this.#tellRunning(session, tasks);
    this.#looking = false;
    if (this.#running.any) this.#lookLater();
  }

  /** News that a client may do without: dropped where it is slow. */
  #tellRunning(session: Session, tasks: RunningMessage[]): void {
    if (!this.#clients.has(session)) return;
    try {
      this.context.system.refAt<ClientApi>(`client.${session}`, ACTOR_NAMES.client).cast.running(tasks);
    } catch (error) {
      if (!(error instanceof MailboxFull)) throw error;
    }
  }
}
