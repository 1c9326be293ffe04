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

/** One incarnation of an engine: a process that was ready once. */
export class EngineRecord {
  /** Names the incarnation among all; never reused. */
  readonly serial: number;
  readonly id: EngineId;
  readonly uuid: EngineUuid;
  readonly host: HostRecord;
  readonly pid: number;
  readonly slots: number;
  /** It takes tasks while it has fewer than this. */
  readonly limit: number;
  alive = true;
  draining = false;
  /** When it was given a task last, on a counter of all assignments; 0: never. */
  usedAt = 0;
  heapIndex = -1;
  /** In the order of dispatch. */
  readonly inFlight: LinkedList<Attempt> = new LinkedList();
  /** Tasks that may run here because it ran what they follow. */
  readonly followers: Set<TaskWaits> = new Set();
  /** Set while it is dead and its host owes reports. */
  overdue: Timer | null = null;

  constructor(
    serial: number,
    place: { readonly id: EngineId; readonly uuid: EngineUuid; readonly pid: number; readonly slots: number },
    host: HostRecord,
    hwm: number,
  ) {
    this.serial = serial;
    this.id = place.id;
    this.uuid = place.uuid;
    this.host = host;
    this.pid = place.pid;
    this.slots = Math.max(1, place.slots);
    this.limit = hwm === 0 ? Infinity : hwm * this.slots;
  }

  get load(): number {
    return this.inFlight.size;
  }

  /** Whether the next task may go to it. */
  get isFree(): boolean {
    return this.alive && !this.draining && this.host.reachable && this.inFlight.size < this.limit;
  }

  /** Whether tasks may go to it now or once it is less busy. */
  get takesTasks(): boolean {
    return this.alive && !this.draining;
  }
}
