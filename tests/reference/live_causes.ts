/**
 * Checks that nothing waits without a live cause: behind every task that waits for others there is one that does not.
 *
 * What runs or stands in the queue is live, what waits for something live is live, and the rest of a batch may still come.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import { agree } from "./disagreement.ts";
import { waitedFor } from "./naive_records.ts";
import type { NaiveWorld } from "./naive_world.ts";

/** Throws if a task waits for nothing that can happen. */
export function checkLiveCauses(w: NaiveWorld): void {
  const unsettled = [...w.tasks.values()].filter(({ state }) => state !== "settled");
  const live = new Set<TaskId>();
  for (let size = -1; size < live.size;) {
    size = live.size;
    for (const task of unsettled) {
      if (task.state !== "waiting" || task.client.isMidBatch || waitedFor(task).some((id) => live.has(id))) {
        live.add(task.id);
      }
    }
  }
  const dead = unsettled.filter(({ id }) => !live.has(id)).map(({ id }) => id);
  agree(dead.length === 0, "waits for nothing that can happen", () => dead.join(", "));
}
