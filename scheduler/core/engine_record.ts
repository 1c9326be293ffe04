/**
 * What the core keeps of hosts and engines: a host, an id that was given to it, and one process under that id.
 *
 * Records only; `registry.ts` decides who comes and goes.
 * @module
 */
import type { EngineId, EngineUuid, HostId, Incarnation } from "../../protocol/ids.ts";
import type { TaskWaits } from "./dependency_watch.ts";
import { LinkedList } from "./linked_list.ts";
import type { Attempt } from "./task_record.ts";
import type { Timer } from "./timers.ts";

/** One life of a host. */
export class HostRecord {
  readonly id: HostId;
  readonly incarnation: Incarnation;
  reachable = true;
  /** The ids that belong to it. */
  readonly slots: Map<EngineId, EngineSlot> = new Map();

  constructor(id: HostId, incarnation: Incarnation) {
    this.id = id;
    this.incarnation = incarnation;
  }
}

/** An engine id in use. Its process comes and goes; when it is gone for good, so is the slot. */
export class EngineSlot {
  readonly id: EngineId;
  readonly host: HostRecord;
  /** The process that is ready; `null`: on its way, or on its way back. */
  current: EngineRecord | null = null;
  /** The process before, while its host owes reports of it: what it did not start waits for the next. */
  previous: EngineRecord | null = null;

  constructor(id: EngineId, host: HostRecord) {
    this.id = id;
    this.host = host;
  }
}

/** With `hwm` `auto`: an engine has as much as it is expected to finish in this time, ms for each of its slots. */
export const AHEAD_MS = 5;

/** And, of tasks that take no time at all, no more than so many for each of its slots. */
export const MAX_AHEAD = 1_000;

/** One incarnation of an engine: a process that was ready once. */
export class EngineRecord {
  /** Names the incarnation among all; never reused. */
  readonly serial: number;
  readonly id: EngineId;
  readonly uuid: EngineUuid;
  readonly host: HostRecord;
  readonly pid: number;
  readonly slots: number;
  /** It takes tasks while it has fewer than this. With `hwm` `auto`: its slots, and what fits into `roomUs` besides. */
  readonly limit: number;
  readonly #isAuto: boolean;
  alive = true;
  draining = false;
  /** When it was given a task last, on a counter of all assignments; 0: never. */
  usedAt = 0;
  heapIndex = -1;
  /** `roomUs` as `EnginePool` saw it last. */
  seenRoomUs = 0;
  /** In the order of dispatch. Changed by `add` and `remove` alone. */
  readonly inFlight: LinkedList<Attempt> = new LinkedList();
  /** Tasks that may run here because it ran what they follow. */
  readonly followers: Set<TaskWaits> = new Set();
  /** The sum of what its attempts in flight are expected to take, µs. */
  expectedUs = 0;
  /** How many of its attempts in flight were asked back. */
  calledBack = 0;
  /** How many of its attempts in flight lend their slots: it has so many places more. */
  lent = 0;
  /** When it last showed that it goes on: an attempt ended, or the first was given to it. Epoch ms. */
  heardAt = 0;
  /** Set while it is dead and its host owes reports. */
  overdue: Timer | null = null;

  constructor(
    serial: number,
    place: { readonly id: EngineId; readonly uuid: EngineUuid; readonly pid: number; readonly slots: number },
    host: HostRecord,
    hwm: number | "auto",
  ) {
    this.serial = serial;
    this.id = place.id;
    this.uuid = place.uuid;
    this.host = host;
    this.pid = place.pid;
    this.slots = Math.max(1, place.slots);
    this.#isAuto = hwm === "auto";
    this.limit = hwm === "auto" ? this.slots : hwm === 0 ? Infinity : hwm * this.slots;
  }

  get load(): number {
    return this.inFlight.size;
  }

  /** Whether the next task may go to it, whichever it is. */
  get isFree(): boolean {
    return this.#isOpen && this.inFlight.size < this.limit + this.lent;
  }

  /** With `hwm` `auto`: how long a task may be expected to take that is sent ahead of its turn, µs. 0: none. */
  get roomUs(): number {
    if (!this.#isAuto || !this.#isOpen || this.inFlight.size >= MAX_AHEAD * this.slots) return 0;
    return Math.max(0, AHEAD_MS * 1_000 * this.slots - this.expectedUs);
  }

  /** Nothing was heard of it for so long that what it does takes longer than was expected. */
  isLate(now: number): boolean {
    return this.inFlight.size > 0 && now - this.heardAt >= AHEAD_MS;
  }

  /** With `hwm` `auto`: how many attempts it has ahead of their turn that can be asked back. */
  get recallable(): number {
    if (!this.#isAuto || !this.#isOpen) return 0;
    return Math.max(0, this.inFlight.size - this.slots - this.lent - this.calledBack);
  }

  get #isOpen(): boolean {
    return this.alive && !this.draining && this.host.reachable;
  }

  /** Appends to what it has to do. */
  add(attempt: Attempt): void {
    this.inFlight.append(attempt);
    this.expectedUs += attempt.expectedUs;
    if (attempt.calledBack) this.calledBack++;
    if (attempt.slot === "lent") this.lent++;
  }

  /** An attempt in flight here lends its slot, or has taken it back. */
  setSlot(attempt: Attempt, slot: Attempt["slot"]): void {
    if (attempt.slot === "lent") this.lent--;
    attempt.slot = slot;
    if (slot === "lent") this.lent++;
  }

  /** How many may have begun: as many as it has slots, and those that lent theirs. */
  get begun(): number {
    let begun = this.slots;
    for (const { slot } of this.inFlight) if (slot !== "held") begun++;
    return begun;
  }

  /** It has no more to do with this attempt, which must be in flight here. */
  remove(attempt: Attempt): void {
    this.inFlight.remove(attempt);
    this.expectedUs -= attempt.expectedUs;
    if (attempt.calledBack) this.calledBack--;
    if (attempt.slot === "lent") this.lent--;
  }

  /** Whether tasks may go to it now or once it is less busy. */
  get takesTasks(): boolean {
    return this.alive && !this.draining;
  }
}
