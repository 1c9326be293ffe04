/**
 * Who is there: hosts, the engine ids they own, and the processes behind these.
 *
 * Keeps records and gives ids and serials; what follows from a coming or going is decided in `on_hosts.ts` and
 * `on_engines.ts`.
 * @module
 */
import type { EngineId, EngineUuid, HostId } from "../../protocol/ids.ts";
import { type EngineRecord, EngineSlot, type HostRecord } from "./engine_record.ts";
import type { EngineLookup } from "./placement.ts";

/** The hosts and engine ids of a cluster. */
export class Registry implements EngineLookup {
  readonly hosts: Map<HostId, HostRecord> = new Map();
  readonly slots: Map<EngineId, EngineSlot> = new Map();
  /** The lowest id that was never given. */
  nextId: number;
  /** The next incarnation's serial. */
  nextSerial = 1;

  constructor(firstEngineId: number) {
    this.nextId = firstEngineId;
  }

  current(id: EngineId): EngineRecord | null {
    return this.slots.get(id)?.current ?? null;
  }

  /** This very process of an engine; `null`: it is not there (any more). */
  incarnation(id: EngineId, uuid: EngineUuid | null): EngineRecord | null {
    const current = this.current(id);
    return current !== null && current.uuid === uuid ? current : null;
  }

  *alive(): Generator<EngineRecord> {
    for (const slot of this.slots.values()) if (slot.current !== null) yield slot.current;
  }

  *onHost(host: HostId): Generator<EngineRecord> {
    for (const slot of this.hosts.get(host)?.slots.values() ?? []) if (slot.current !== null) yield slot.current;
  }

  /** Whether no engine of this id will ever come (back). One that was never named may. */
  isGone(id: EngineId): boolean {
    return id < this.nextId && !this.slots.has(id);
  }

  /** Gives the next ids to a host. */
  name(host: HostRecord, count: number): EngineId[] {
    const ids: EngineId[] = [];
    for (let i = 0; i < count; i++) ids.push(this.claim(host, this.nextId as EngineId).id);
    return ids;
  }

  /** Lets a host have this id: given just now, or brought along from an earlier life. */
  claim(host: HostRecord, id: EngineId): EngineSlot {
    const slot = new EngineSlot(id, host);
    this.slots.set(id, slot);
    host.slots.set(id, slot);
    if (id >= this.nextId) this.nextId = id + 1;
    return slot;
  }

  /** The id will not be used again. */
  giveUp(slot: EngineSlot): void {
    this.slots.delete(slot.id);
    slot.host.slots.delete(slot.id);
  }
}
