/**
 * What is said of tasks of the scheme `pure` that are lost, or never went out.
 *
 * Texts only. Called by `pure_tasks.ts`.
 * @module
 */
import type { EngineId, HostId, TaskId } from "../protocol/ids.ts";
import { PURE_SCHEME } from "../protocol/subjects.ts";
import { EngineError, TaskAborted } from "../wire/errors.ts";
import { TICKS_TO_TAKE } from "./pure_flight.ts";
import { TICK_MS } from "./pure_sweep.ts";

/** Its engine had taken it, and is gone with all of its host. */
export function lostWithHost(host: HostId, reason: string): (id: TaskId, engine: EngineId | null) => EngineError {
  return (id, engine) =>
    new EngineError(
      `Lost task "${id}": engine ${engine} had taken it, and its host "${host}" is gone (${reason}); in the scheme ` +
        `"${PURE_SCHEME}" nobody runs it again, so submit it again where that does no harm.`,
    );
}

/** Who got it died before he could say so, or the message is lost. */
export function takenByNobody(interrupted: boolean): (id: TaskId) => EngineError {
  const connection = interrupted ? ", and the connection to NATS was interrupted meanwhile" : "";
  return (id) =>
    new EngineError(
      `Lost task "${id}": it was published, and no engine said within ${
        TICKS_TO_TAKE * TICK_MS
      } ms (less where a host ` +
        `was lost) that it took it${connection}; submit it again where it does no harm if it ran after all.`,
    );
}

/** Its caller left. */
export function droppedUnpublished(id: TaskId): TaskAborted {
  return new TaskAborted(`Dropped task "${id}" before it was published: nobody waits for it any more.`);
}

/** It waited here for engines that are not in the queue group any more. */
export function schemeChanged(id: TaskId): EngineError {
  return new EngineError(
    `Cannot run task "${id}": it was submitted to a cluster of the scheme "${PURE_SCHEME}", and the scheme has changed; ` +
      `submit it again.`,
  );
}
