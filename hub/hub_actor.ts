/**
 * The hub: what the scheduler did, for whoever wants to look. A reader of facts; it may lag, and decides nothing.
 *
 * Keeps the registry of hosts and engines and the records of tasks, answers questions about them, and tells clients of
 * tasks that have been running for a while. Spawned by the controller; the scheduler casts it the facts of each step.
 * @module
 */
import { Actor } from "../actors/actor.ts";
import type { Supervisor } from "../actors/supervisor.ts";
import type { Fact } from "../protocol/facts.ts";
import type { Session, TaskId } from "../protocol/ids.ts";
import type { RunningMessage } from "../protocol/messages.ts";
import { ACTOR_NAMES, type ClientApi, type HostApi, type HubApi } from "../protocol/roles.ts";
import type { ConditionMessage, HistoryMessage, RecordField, RecordMessage } from "../protocol/records.ts";
import type { SortMessage, SpecsMessage, StoryMessage } from "../protocol/records.ts";
import type { ClusterStatus } from "../protocol/status.ts";
import type { SupervisionNode } from "../protocol/supervision.ts";
import { isTaskClient } from "../protocol/subjects.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { MailboxFull } from "../wire/errors.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { EngineRegistry } from "./engine_registry.ts";
import { historyMessage, recordsMessage, recordsOfMessage, specsMessage } from "./record_replies.ts";
import { RecordSearch } from "./record_search.ts";
import { RunningTasks } from "./running_tasks.ts";
import { type ControllerSupervision, supervisionTree } from "./supervision_tree.ts";
import type { FactOf, TaskRecord } from "./task_record.ts";
import { TaskRecords } from "./task_records.ts";
import { storyOf } from "./task_story.ts";

/** How often the hub looks at what runs: a task that is over by then is not announced, its result is the news. */
const ANNOUNCE_AFTER_MS = 100;

/** So long a search may keep all else in the controller waiting, roughly. */
const SEARCH_SLICE_MS = 4;
/** Records between two looks at the clock. */
const SEARCH_STEP = 50;

/** The supervisor of this actor and of the scheduler. */
export const CONTROLLER_ACTOR = "controller";
/** So long a host may take to say how its engines are. */
const TREE_LIMIT_MS = 2_000;

/** What the hub says about its cluster besides what the facts tell. */
export interface HubOptions {
  readonly cluster: string;
  readonly epoch: number;
  readonly pid: number;
  readonly scheme: string;
  readonly schemeProblem: string | null;
  readonly hwm: number | "auto";
  /** For the supervision tree. */
  readonly controller?: ControllerSupervision;
}

/** The actor named `hub` of a cluster. */
export class HubActor extends Actor implements HubApi {
  static override readonly callsOnly = [
    "status",
    "tree",
    "age",
    "story",
    "history",
    "find",
    "records",
    "recordsOf",
    "specs",
  ];

  readonly #options: HubOptions;
  #scheme: Pick<ClusterStatus, "scheme" | "schemeProblem">;
  readonly #registry = new EngineRegistry();
  readonly #records = new TaskRecords();
  readonly #clients = new Set<Session>();
  #startedAt = 0;
  /** Epoch ms of the start: what times of records count from on their way. */
  #origin = 0;
  readonly #running = new RunningTasks((engine) => this.#registry.slotsOf(engine));
  #looking = false;

  constructor(options: HubOptions) {
    super();
    this.#options = options;
    this.#scheme = { scheme: options.scheme, schemeProblem: options.schemeProblem };
  }

  protected override onStart(): void {
    this.#startedAt = this.context.clock.now();
    this.#origin = this.context.clock.wallTime();
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
    const { controller: _own, ...options } = this.#options;
    return {
      ...options,
      ...this.#scheme,
      packageVersion: PACKAGE_VERSION,
      uptimeMs: this.age(),
      hosts: this.#registry.hosts(),
      engines: this.#registry.engines(),
      // Those of tasks come and go with them.
      clients: [...this.#clients].filter((session) => !isTaskClient(session)).length,
      tasks: this.#records.counts(),
    };
  }

  tree(): Promise<SupervisionNode> {
    const { cluster, pid, controller = null } = this.#options;
    const { system, clock } = this.context;
    const bound = { timeout: TREE_LIMIT_MS };
    return this.context.replyLater(supervisionTree({
      cluster,
      pid,
      controller,
      hubAgeMs: this.age(),
      wallTime: clock.wallTime(),
      hosts: this.#registry.knownHosts(),
      engines: this.#registry.engines(),
      actors: () => system.ref<Supervisor>(CONTROLLER_ACTOR).call.children(bound),
      ask: ({ id }) => system.refAt<HostApi>(`host.${id}`, ACTOR_NAMES.host).call.supervision(bound),
    }));
  }

  age(): number {
    return this.context.clock.now() - this.#startedAt;
  }

  story(id: TaskId): StoryMessage {
    const record = this.#records.get(id);
    return record === undefined ? null : storyOf(record).map(({ at, text }) => [at - this.#origin, text]);
  }

  history(from: number): HistoryMessage {
    return historyMessage(this.#records, from);
  }

  find(
    conditions: readonly ConditionMessage[],
    sort: readonly SortMessage[],
    limit: number,
  ): Promise<readonly number[]> {
    const search = new RecordSearch(conditions, sort, limit, this.#origin);
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
    this.#search(search, this.#records.from(0), resolve, reject);
    return this.context.replyLater(promise);
  }

  records(orders: readonly number[], keys: readonly RecordField[]): readonly RecordMessage[] {
    return recordsMessage(this.#records, orders, keys, this.#origin);
  }

  recordsOf(ids: readonly TaskId[], keys: readonly RecordField[]): readonly RecordMessage[] {
    return recordsOfMessage(this.#records, ids, keys, this.#origin);
  }

  specs(ids: readonly TaskId[]): SpecsMessage {
    return specsMessage(this.#records, ids);
  }

  /** A slice of a search; the rest in later turns of this actor. */
  #search(
    search: RecordSearch,
    rest: Iterator<TaskRecord>,
    found: (orders: readonly number[]) => void,
    failed: (error: unknown) => void,
  ): void {
    try {
      const { clock } = this.context;
      const until = clock.now() + SEARCH_SLICE_MS;
      for (let looked = 1; !search.isComplete; looked++) {
        const next = rest.next();
        if (next.done === true) break;
        search.offer(next.value);
        if (looked % SEARCH_STEP === 0 && clock.now() >= until) {
          this.context.after(0, () => this.#search(search, rest, found, failed));
          return;
        }
      }
      found(search.orders());
    } catch (error) {
      failed(error);
    }
  }

  #apply(fact: Fact): void {
    switch (fact.kind) {
      case "task-accepted":
        return this.#records.accepted(fact);
      case "task-assigned": {
        this.#registry.assigned(fact.engine);
        const record = this.#records.assigned(fact);
        if (record !== undefined) this.#running.assigned(fact.engine, record);
        return;
      }
      case "attempt-failed":
      case "task-declined":
      case "task-returned":
        return this.#unassign(fact);
      case "task-held":
      case "task-unblocked":
        return this.#records.waits(fact);
      case "task-settled":
        return this.#settle(fact);
      case "task-forgotten":
        return this.#records.forgotten(fact.task);
      case "scheme-failed":
        this.#scheme = {
          scheme: fact.replaced ? "leastload" : this.#options.scheme,
          schemeProblem: `"${this.#options.scheme}" failed ${fact.offence} times, last: ${fact.reason}`,
        };
        return;
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

  #unassign(fact: FactOf<"attempt-failed" | "task-declined" | "task-returned">): void {
    this.#registry.unassigned(fact.engine, fact.kind === "attempt-failed" ? "failed" : "returned");
    this.#records.unassigned(fact);
  }

  #settle(fact: FactOf<"task-settled">): void {
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
