/**
 * The way of direct tasks to the hosts of their engines: in order per host, a turn in one message, past the scheduler.
 *
 * A host that is lost takes its direct tasks with it: they are never sent again. Owned by `client_tasks.ts`.
 * @module
 */
import type { ContentHash, HostId, Session } from "../protocol/ids.ts";
import type { DirectRun, PayloadMessage } from "../protocol/messages.ts";
import { EngineError, MailboxFull } from "../wire/errors.ts";
import type { BigValue } from "./big_value.ts";
import type { EngineRoster } from "./engine_roster.ts";
import type { FindHost, HostLink } from "./host_link.ts";
import { TaskBatch, unplaced } from "./task_batch.ts";
import type { PendingTask, TaskTable } from "./task_table.ts";

/** What the queue works with. */
export interface DirectQueueOptions {
  readonly session: Session;
  readonly table: TaskTable;
  readonly roster: EngineRoster;
  readonly host: FindHost;
  readonly place: (value: BigValue) => Promise<void>;
  readonly reject: (task: PendingTask, error: Error) => void;
}

type Row = DirectRun;

/** What is on its way to one host. */
interface Lane {
  readonly host: HostId;
  readonly link: HostLink;
  readonly known: Set<ContentHash>;
  /** Not sent yet, in order. */
  unsent: PendingTask[];
  scheduled: boolean;
  waiting: boolean;
}

/** Sends direct tasks. */
export class DirectQueue {
  readonly #options: DirectQueueOptions;
  readonly #lanes = new Map<HostId, Lane>();
  /** Which host each unsettled direct task went to. */
  readonly #hosts = new Map<number, HostId>();

  constructor(options: DirectQueueOptions) {
    this.#options = options;
  }

  /** Queues the task for the host of its engine. */
  add(task: PendingTask): void {
    const host = task.engine === null ? undefined : this.#options.roster.hostOf(task.engine);
    if (host === undefined) return this.#options.reject(task, new EngineError(`Engine ${task.engine} is not there.`));
    const lane = this.#laneTo(host);
    lane.unsent.push(task);
    this.#hosts.set(task.counter, host);
    this.#wake(lane);
  }

  /** The task is settled. */
  forget(counter: number): void {
    this.#hosts.delete(counter);
  }

  /** Aborts what was sent; returns the counters of what was not and is taken back. */
  abort(counters: readonly number[]): number[] {
    const unsent: number[] = [];
    for (const counter of counters) {
      const lane = this.#lanes.get(this.#hosts.get(counter) ?? ("" as HostId));
      if (lane === undefined) continue;
      const waiting = lane.unsent.length;
      lane.unsent = lane.unsent.filter((task) => task.counter !== counter);
      if (lane.unsent.length < waiting) unsent.push(counter);
      else lane.link.abortDirect(this.#options.session, [counter]);
    }
    return unsent;
  }

  /** The host is gone for good: what it had fails. */
  hostLost(host: HostId, reason: string): void {
    this.#lanes.delete(host);
    for (const [counter, home] of [...this.#hosts]) {
      const task = home === host ? this.#options.table.get(counter) : undefined;
      if (task === undefined) continue;
      const message =
        `Lost engine ${task.engine} and host "${host}" with it (${reason}) while a direct task was there; ` +
        `submit it again, to an engine that is alive.`;
      this.#options.reject(task, new EngineError(message));
    }
  }

  #laneTo(host: HostId): Lane {
    let lane = this.#lanes.get(host);
    if (lane === undefined) {
      const link = this.#options.host(host);
      lane = { host, link, known: new Set(), unsent: [], scheduled: false, waiting: false };
      this.#lanes.set(host, lane);
    }
    return lane;
  }

  #wake(lane: Lane): void {
    if (lane.scheduled || lane.waiting) return;
    lane.scheduled = true;
    queueMicrotask(() => {
      lane.scheduled = false;
      while (!lane.waiting && this.#sendBatch(lane));
    });
  }

  #sendBatch(lane: Lane): boolean {
    const batch = new TaskBatch<Row>(lane.known);
    let taken = 0;
    for (const task of lane.unsent) {
      if (batch.full || !this.#take(lane, task, batch)) break;
      taken++;
    }
    if (batch.rows.length > 0 && !this.#cast(lane, batch)) return false;
    for (const [hash] of batch.codes) lane.known.add(hash);
    lane.unsent.splice(0, taken);
    return lane.unsent.length > 0;
  }

  #take(lane: Lane, task: PendingTask, batch: TaskBatch<Row>): boolean {
    if (this.#options.table.get(task.counter) === undefined) return true;
    const value = unplaced(task);
    if (value === null) {
      batch.add(task, directRow);
      return true;
    }
    if (value.failure !== null) {
      this.#options.reject(task, value.failure);
      return true;
    }
    this.#waitFor(lane, this.#options.place(value));
    return false;
  }

  #cast(lane: Lane, batch: TaskBatch<Row>): boolean {
    try {
      lane.link.direct([this.#options.session, batch.codes, batch.templates, batch.rows]);
      return true;
    } catch (error) {
      if (error instanceof MailboxFull) this.#waitFor(lane, lane.link.drained());
      else this.hostLost(lane.host, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #waitFor(lane: Lane, promise: Promise<void>): void {
    lane.waiting = true;
    const goOn = () => {
      lane.waiting = false;
      this.#wake(lane);
    };
    promise.then(goOn, goOn);
  }
}

function directRow(task: PendingTask, template: number, args: PayloadMessage): Row {
  if (task.engine === null) throw new TypeError(`Cannot send task ${task.counter} directly: it names no engine.`);
  const row = [task.counter, task.engine, template, args] as const;
  return task.inputs === undefined ? row : [...row, task.inputs.map((source) => source.payload)];
}
