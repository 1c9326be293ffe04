/**
 * The part of `snapshot.ts` about tasks that wait for tasks, as plain data. `restore_waits.ts` reads it.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import type { DependencyWatch, TaskWaits } from "./dependency_watch.ts";
import type { LostPlace } from "./follow_places.ts";

/** How far one dependency has come that is still watched. */
export interface WatchSnapshot {
  readonly open: number;
  readonly wanted: number;
  readonly decisive: TaskId | null;
}

/** Where a follower may run: serials of live incarnations, each with a task that ran there. */
export interface PlacesSnapshot {
  readonly alive: readonly (readonly [serial: number, id: TaskId])[];
  readonly lost: LostPlace | null;
  readonly someGone: boolean;
}

/** What a task waits for. */
export interface WaitsSnapshot {
  readonly serial: number;
  readonly holding: boolean;
  readonly isForward: boolean;
  readonly deadline: TaskWaits["deadline"];
  /** `null`: met, or there is none. */
  readonly after: WatchSnapshot | null;
  readonly follow: WatchSnapshot | null;
  readonly inputs: WatchSnapshot | null;
  readonly keepsInputs: boolean;
  readonly places: PlacesSnapshot | null;
}

/** What a task waits for, as it is. */
export function waitsSnapshot(
  { serial, holding, isForward, deadline, after, follow, inputs, keepsInputs, places }: TaskWaits,
): WaitsSnapshot {
  return {
    serial,
    holding,
    isForward,
    deadline,
    after: watchSnapshot(after),
    follow: watchSnapshot(follow),
    inputs: watchSnapshot(inputs),
    keepsInputs,
    places: places &&
      {
        alive: [...places.alive].map(([{ serial }, id]) => [serial, id]),
        lost: places.lost,
        someGone: places.someGone,
      },
  };
}

function watchSnapshot(watch: DependencyWatch | null): WatchSnapshot | null {
  if (watch === null || watch.closed) return null;
  const { open, wanted, decisive } = watch;
  return { open, wanted, decisive };
}
