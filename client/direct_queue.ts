/**
 * The way of direct tasks to the hosts of their engines: in order per host, a turn in one message, past the scheduler.
 *
 * A call on engines of several hosts goes as one broadcast, and over the link to each host that does not say soon that it
 * took its share. A host that is lost takes its direct tasks with it: they are never sent again. Owned by
 * `client_tasks.ts`.
 * @module
 */
import type { HostId, Session } from "../protocol/ids.ts";
import type { DirectRunMessage } from "../protocol/messages.ts";
import { asError } from "../wire/as_error.ts";
import type { Clock } from "../wire/clock.ts";
import { EndOfTurn } from "../wire/end_of_turn.ts";
import { EngineError, MailboxFull } from "../wire/errors.ts";
import type { BigValue } from "./big_value.ts";
import { type BroadcastTarget, DirectGroup, type LaneShare, publishGroup } from "./direct_broadcast.ts";
import { DirectLane, type UnheardShare } from "./direct_lane.ts";
import { directRows } from "./direct_rows.ts";
import type { EngineRoster } from "./engine_roster.ts";
import type { FindHost } from "./host_link.ts";
import { TaskBatch, unplaced } from "./task_batch.ts";
import type { PendingTask, TaskTable } from "./task_table.ts";

/** What the queue works with. */
export interface DirectQueueOptions {
  readonly session: Session;
  readonly node: string;
  readonly clock: Clock;
  readonly table: TaskTable;
  readonly roster: EngineRoster;
  readonly host: FindHost;
  /** `null`: everything goes over the links. */
  readonly broadcast: BroadcastTarget | null;
  readonly place: (value: BigValue) => Promise<void>;
  readonly reject: (task: PendingTask, error: Error) => void;
}

/** So long a host has to say that it took its share: many times the way there and back, and short for who waits. */
const HEARD_LIMIT_MS = 250;

/** Sends direct tasks. */
export class DirectQueue {
  readonly #options: DirectQueueOptions;
  readonly #lanes = new Map<HostId, DirectLane>();
  /** Which host each unsettled direct task went to. */
  readonly #hosts = new Map<number, HostId>();
  readonly #groups = new WeakMap<PendingTask, DirectGroup>();
  readonly #ignoreStatus: () => void;
  /** The group that a further call may join. */
  #latest: DirectGroup | null = null;
  readonly #atTheEnd = new EndOfTurn(() => this.#flush());

  constructor(options: DirectQueueOptions) {
    this.#options = options;
    // What was on its way through the connection may be lost: better twice than late.
    this.#ignoreStatus = options.broadcast?.bus.onStatus(() => this.#sendUnheard()) ?? (() => {});
  }

  /** Queues the tasks of one call for the hosts of their engines. */
  add(tasks: readonly PendingTask[]): void {
    const shares = new Map<HostId, PendingTask[]>();
    for (const task of tasks) {
      const host = task.engine === null ? undefined : this.#options.roster.hostOf(task.engine);
      if (host === undefined) this.#options.reject(task, new EngineError(`Engine ${task.engine} is not there.`));
      else {
        this.#laneTo(host).unsent.push(task);
        this.#hosts.set(task.counter, host);
        shares.set(host, [...shares.get(host) ?? [], task]);
      }
    }
    if (shares.size > 1 && this.#options.broadcast !== null) this.#group(shares);
    else this.#latest = null;
    this.#atTheEnd.ask();
  }

  /** With the call before it where that waits for the same hosts: what one turn submits is one message. */
  #group(shares: ReadonlyMap<HostId, readonly PendingTask[]>): void {
    if (this.#latest?.takes(shares)) this.#latest.add(shares);
    else this.#latest = new DirectGroup(shares);
    for (const tasks of shares.values()) for (const task of tasks) this.#groups.set(task, this.#latest);
  }

  /** The task is settled. */
  forget(counter: number): void {
    const host = this.#hosts.get(counter);
    if (host === undefined) return;
    this.#hosts.delete(counter);
    if (this.#lanes.get(host)?.inFlight.remove(counter)) this.#atTheEnd.ask();
  }

  /** Aborts what was sent; returns the counters of what was not and is taken back. */
  abort(counters: readonly number[]): number[] {
    const unsent: number[] = [];
    const sent = new Map<DirectLane, number[]>();
    for (const counter of counters) {
      const lane = this.#lanes.get(this.#hosts.get(counter) ?? ("" as HostId));
      if (lane === undefined) continue;
      if (lane.takeBack(counter)) unsent.push(counter);
      else if (lane.unheard?.tasks.some((task) => task.counter === counter)) lane.unheard.aborted.push(counter);
      else sent.set(lane, [...sent.get(lane) ?? [], counter]);
    }
    for (const [lane, list] of sent) lane.link.abortDirect(this.#options.session, list);
    return unsent;
  }

  /** The host heard a broadcast. Where it did not take it, its share goes over the link. */
  broadcastHeard(host: HostId, sequence: number, taken: boolean): void {
    const lane = this.#lanes.get(host);
    if (lane?.unheard?.sequence === sequence) this.#settleShare(lane, taken);
  }

  /** The host is gone for good: what it had fails. */
  hostLost(host: HostId, reason: string): void {
    const lane = this.#lanes.get(host);
    if (lane?.unheard) this.#options.clock.clearTimer(lane.unheard.timer);
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

  /** Nothing goes out any more. */
  close(): void {
    this.#ignoreStatus();
    for (const { unheard } of this.#lanes.values()) if (unheard) this.#options.clock.clearTimer(unheard.timer);
    this.#lanes.clear();
  }

  #laneTo(host: HostId): DirectLane {
    let lane = this.#lanes.get(host);
    if (lane === undefined) this.#lanes.set(host, lane = new DirectLane(host, this.#options.host(host)));
    return lane;
  }

  #flush(): void {
    this.#latest = null;
    for (const lane of [...this.#lanes.values()]) while (lane.open && this.#sendNext(lane));
  }

  /** Whether there may be more to send now. */
  #sendNext(lane: DirectLane): boolean {
    if (lane.unheard !== null) return this.#sendShare(lane, lane.unheard);
    const [first] = lane.unsent;
    const group = first === undefined ? undefined : this.#groups.get(first);
    return group === undefined || group.split ? this.#sendBatch(lane) : this.#sendGroup(group);
  }

  // --- all hosts at once ---

  #sendGroup(group: DirectGroup): boolean {
    // A word that will be there soon: with it, this goes as one again.
    if ([...group.shares.keys()].some((host) => this.#lanes.get(host)?.unheard?.timer)) return false;
    const shares = this.#openShares(group);
    if (shares === null) {
      // Some host has to wait for something: the others do not wait for it.
      group.split = true;
      return true;
    }
    const waitsFor = this.#obstacle(shares);
    if (waitsFor !== null) {
      for (const [lane] of shares) this.#waitFor(lane, waitsFor);
      return false;
    }
    const live = shares.map(([lane, tasks]) => [lane, tasks.filter((task) => this.#isLive(task))] as const);
    const { session, node, broadcast } = this.#options;
    const isEmpty = live.every(([, tasks]) => tasks.length === 0);
    if (isEmpty || broadcast === null || !publishGroup({ session, node, target: broadcast }, live)) {
      group.split = true;
      return true;
    }
    shares.forEach(([lane, tasks], index) => {
      lane.unsent.splice(0, tasks.length);
      this.#expectWord(lane, live[index]?.[1] ?? []);
    });
    return false;
  }

  /** Each lane with its share; what stands before these is sent first. `null` where that is not possible now. */
  #openShares(group: DirectGroup): LaneShare[] | null {
    const shares: LaneShare[] = [];
    for (const [host, all] of group.shares) {
      const lane = this.#lanes.get(host);
      const unsent = new Set(lane?.unsent);
      const tasks = all.filter((task) => unsent.has(task));
      if (lane === undefined || tasks.length === 0) continue;
      while (lane.open && !lane.startsWith(tasks) && this.#sendBatch(lane, group));
      if (!lane.open || !lane.startsWith(tasks)) return null;
      shares.push([lane, tasks]);
    }
    return shares.length > 1 ? shares : null;
  }

  /** What has to be brought first. */
  #obstacle(shares: readonly LaneShare[]): Promise<void> | null {
    for (const [, tasks] of shares) {
      for (const task of tasks) {
        const obstacle = this.#isLive(task) ? this.#missing(task) : null;
        if (obstacle !== null) return obstacle;
      }
    }
    return null;
  }

  #expectWord(lane: DirectLane, tasks: readonly PendingTask[]): void {
    const sequence = lane.sequence++;
    const timer = this.#options.clock.setTimer(() => this.broadcastHeard(lane.host, sequence, false), HEARD_LIMIT_MS);
    lane.unheard = { sequence, tasks, aborted: [], timer };
  }

  #sendUnheard(): void {
    for (const lane of this.#lanes.values()) if (lane.unheard !== null) this.#settleShare(lane, false);
  }

  #settleShare(lane: DirectLane, taken: boolean): void {
    const { unheard } = lane;
    if (unheard === null) return;
    if (unheard.timer !== null) this.#options.clock.clearTimer(unheard.timer);
    unheard.timer = null;
    if (taken) this.#hasShare(lane, unheard);
    this.#atTheEnd.ask();
  }

  /** As one message, and nothing else in it: a host that took it after all knows it by its number, and passes it over. */
  #sendShare(lane: DirectLane, share: UnheardShare): boolean {
    const batch = new TaskBatch<DirectRunMessage>(lane.known);
    const row = directRows();
    for (const task of share.tasks) if (this.#isLive(task)) batch.add(task, row);
    if (!this.#cast(lane, batch, share.sequence)) return false;
    this.#hasShare(lane, share);
    return true;
  }

  #hasShare(lane: DirectLane, { tasks, aborted }: UnheardShare): void {
    lane.unheard = null;
    for (const { template } of tasks) lane.known.add(template.code.hash);
    this.#count(lane, tasks);
    if (aborted.length > 0) lane.link.abortDirect(this.#options.session, aborted);
  }

  // --- one host ---

  /** Up to the first task of a group, unless it is of `before`, of which nothing is sent. */
  #sendBatch(lane: DirectLane, before?: DirectGroup): boolean {
    const batch = new TaskBatch<DirectRunMessage>(lane.known);
    const row = directRows();
    let taken = 0;
    for (const task of lane.unsent) {
      const group = this.#groups.get(task);
      if (group !== undefined && (group === before || !group.split)) break;
      if (batch.full || !this.#take(lane, task, batch, row)) break;
      taken++;
    }
    if (batch.rows.length > 0) {
      if (!this.#cast(lane, batch, lane.sequence)) return false;
      lane.sequence++;
    }
    for (const [hash] of batch.codes) lane.known.add(hash);
    this.#count(lane, lane.unsent.splice(0, taken));
    return taken > 0 && lane.unsent.length > 0;
  }

  #take(
    lane: DirectLane,
    task: PendingTask,
    batch: TaskBatch<DirectRunMessage>,
    row: ReturnType<typeof directRows>,
  ): boolean {
    if (!this.#isLive(task)) return true;
    const missing = this.#missing(task);
    if (missing !== null) {
      this.#waitFor(lane, missing);
      return false;
    }
    if (this.#isLive(task)) batch.add(task, row);
    return true;
  }

  /** The host has these, but for those that have ended meanwhile. */
  #count({ inFlight }: DirectLane, tasks: readonly PendingTask[]): void {
    for (const task of tasks) if (this.#isLive(task)) inFlight.add(task.counter, inlineBytes(task));
  }

  #isLive(task: PendingTask): boolean {
    return this.#options.table.get(task.counter) !== undefined;
  }

  /** What the task waits for; one whose value will not come is rejected, and waits for nothing. */
  #missing(task: PendingTask): Promise<void> | null {
    const { late = null } = task;
    if (late !== null && late.value === null && late.failure === null) return late.arriving;
    const value = late?.failure ? null : unplaced(task);
    const failure = late?.failure ?? value?.failure ?? null;
    if (failure !== null) this.#options.reject(task, failure);
    return value === null || failure !== null ? null : this.#options.place(value);
  }

  #cast(lane: DirectLane, batch: TaskBatch<DirectRunMessage>, sequence: number): boolean {
    const { session, broadcast } = this.#options;
    const parts = [session, batch.codes, batch.templates, batch.rows] as const;
    try {
      lane.link.direct(broadcast === null ? parts : [...parts, sequence]);
      return true;
    } catch (error) {
      if (error instanceof MailboxFull) this.#waitFor(lane, lane.link.drained());
      else this.hostLost(lane.host, asError(error).message);
      return false;
    }
  }

  #waitFor(lane: DirectLane, promise: Promise<void>): void {
    lane.waiting = true;
    const goOn = () => {
      lane.waiting = false;
      this.#atTheEnd.ask();
    };
    promise.then(goOn, goOn);
  }
}

function inlineBytes({ args, inputs = [] }: PendingTask): number {
  const length = (value: unknown) => value instanceof Uint8Array ? value.length : 0;
  return inputs.reduce((sum, { value }) => sum + length(value), length(args));
}
