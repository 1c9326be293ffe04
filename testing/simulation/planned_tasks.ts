/**
 * From the tasks of a plan to the specs that a client submits.
 *
 * Pure. Used by `world.ts` and by whoever makes plans.
 * @module
 */
import type { ContentHash, TaskId } from "../../protocol/ids.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";
import type { SubmitAction } from "./plan.ts";

const CODE = "0".repeat(64) as ContentHash;
const ARGS = new Uint8Array(1);

/** What the client asks for. */
export function taskSpecOf({ client, counter, flags, inputs }: SubmitAction): TaskSpec {
  const template = { code: CODE, name: "simulated", flags, captures: null };
  const spec = { id: `${client}-${counter}` as TaskId, template, args: ARGS };
  return inputs === undefined ? spec : { ...spec, inputs };
}
