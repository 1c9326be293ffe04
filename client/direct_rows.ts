/**
 * The rows of a message of direct tasks, in which later ones refer to the arguments of an earlier one that are the same.
 *
 * Called with the tasks in the order of the message.
 * @module
 */
import type { DirectRunMessage, PayloadMessage } from "../protocol/messages.ts";
import type { PendingTask } from "./task_table.ts";

/** Makes the rows of one message. */
export function directRows(): (task: PendingTask, template: number, args: PayloadMessage) => DirectRunMessage {
  const places = new Map<PendingTask["args"], number>();
  let count = 0;
  return (task, template, args) => {
    if (task.engine === null) throw new TypeError(`Cannot send task ${task.counter} directly: it names no engine.`);
    const place = places.get(task.args);
    if (place === undefined) places.set(task.args, count);
    count++;
    const row = [task.counter, task.engine, template, place ?? args] as const;
    return task.inputs === undefined ? row : [...row, task.inputs.map((source) => source.payload)];
  };
}
