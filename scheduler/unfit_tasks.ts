/**
 * A batch of submissions, some of whose tasks can't be run since their code is not what it should be.
 *
 * They are taken out, and said to have failed: to their client as results, to the core as outcomes that are known, so that
 * tasks that name them hear of it. Pure. Called by the scheduler's shell.
 * @module
 */
import type { SettledMessage } from "../protocol/messages.ts";
import type { TaskTemplate } from "../protocol/task_spec.ts";
import { settledToMessage } from "../wire/messages.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import type { KnownOutcome, TasksSubmitted } from "./core/events.ts";

/** The parts of a batch. */
export interface SortedBatch {
  readonly rest: TasksSubmitted;
  /** For the client. */
  readonly failed: readonly SettledMessage[];
  /** For the core. */
  readonly known: readonly KnownOutcome[];
}

const NAME = "SerializationError";

/** Takes out the tasks of these templates; each failed with the error given. */
export function takeOutUnfit(event: TasksSubmitted, unfit: ReadonlyMap<TaskTemplate, Error>): SortedBatch {
  const { specs, agesMs } = event;
  const isFit = specs.map(({ template }) => !unfit.has(template));
  const failed: SettledMessage[] = [];
  const known: KnownOutcome[] = [];
  for (const { id, template } of specs) {
    const error = unfit.get(template);
    if (error === undefined) continue;
    const outcome = { kind: "failed", error: { name: NAME, message: error.message } } as const;
    failed.push(settledToMessage(parseTaskId(id)?.counter ?? -1, outcome, null, null, 0, null));
    known.push({ task: id, ok: false, engine: null, engineUuid: null, error: NAME });
  }
  const rest = {
    ...event,
    specs: specs.filter((_, index) => isFit[index]),
    agesMs: agesMs?.filter((_, index) => isFit[index]) ?? null,
  };
  return { rest, failed, known };
}
