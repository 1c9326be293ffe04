/**
 * Hosts and engines as they really are in a random history, and what of them is told to the core.
 * @module
 */
import type { EngineId, EngineUuid, HostId } from "../../protocol/ids.ts";
import type { Dispatch } from "../../scheduler/core/effects.ts";
import type { ReadyEngine } from "../../scheduler/core/events.ts";

/** An engine of the world, whatever the core thinks of it. */
export interface WorldEngine {
  readonly id: EngineId;
  readonly host: HostId;
  readonly slots: number;
  life: number;
  isUp: boolean;
  isDraining: boolean;
}

/** A host of the world. */
export interface WorldHost {
  readonly id: HostId;
  life: number;
  readonly engines: WorldEngine[];
  /** Dispatched and not answered. */
  inHand: Dispatch[];
}

/** How it is told to the core. */
export function readyEngine({ id, host, slots, life }: WorldEngine): ReadyEngine {
  return { id, uuid: `e${id}.${life}` as EngineUuid, host, pid: 100 + id, slots };
}
