/**
 * The fields of a record under the names that users ask for.
 *
 * Times are given as ms since the hub began. Errors are read when they are asked for: few ever are. Called by the hub.
 * @module
 */
import type { FieldValue, RecordField } from "../protocol/records.ts";
import { type ErrorSummary, errorSummary } from "../wire/error_summary.ts";
import type { TaskRecord } from "./task_record.ts";

/** Reads fields of one record; `origin` is when the hub began, epoch ms. */
export type ReadField = (record: TaskRecord, origin: number) => FieldValue;

/** One for each field. */
export const FIELD_READERS: Readonly<Record<RecordField, ReadField>> = {
  msgId: ({ spec }) => spec.id,
  session: ({ spec }) => spec.id.slice(0, spec.id.lastIndexOf("-")),
  name: ({ spec }) => spec.template.name,
  label: ({ spec }) => spec.template.flags.label,
  status: ({ status }) => status,
  submitted: ({ submitted }, origin) => since(submitted, origin),
  started: (record, origin) => since(startOf(record), origin),
  completed: (record, origin) => since(endOf(record), origin),
  engineId: ({ engine }) => engine,
  engineUuid: ({ uuid }) => uuid,
  attempts: ({ attempts }) => attempts,
  retries: ({ spec }) => spec.template.flags.retries,
  priority: ({ spec }) => spec.template.flags.priority,
  timeout: ({ spec }) => spec.template.flags.timeoutMs,
  maxRuntime: ({ spec }) => spec.template.flags.maxRuntimeMs,
  targets: ({ spec }) => spec.template.flags.targets,
  after: ({ spec }) => listed(spec.template.flags.after?.ids),
  follow: ({ spec }) => listed(spec.template.flags.follow?.ids),
  stdout: ({ report }) => report?.stdout ?? "",
  stderr: ({ report }) => report?.stderr ?? "",
  error: (record) => {
    const error = errorOf(record);
    return error === null ? null : `${error.name}: ${error.message}`;
  },
};

/** What a task failed with. */
export function errorOf({ outcome }: TaskRecord): ErrorSummary | null {
  if (outcome === null || outcome.kind === "done") return null;
  return outcome.kind === "threw" ? errorSummary(outcome.error) : outcome.error;
}

/** When the attempt ended on its engine: the news of it may have waited on the way. */
function endOf({ completed, report }: TaskRecord): number | null {
  return completed === null ? null : completed - (report?.ageMs ?? 0);
}

function startOf(record: TaskRecord): number | null {
  const end = endOf(record);
  return end !== null && record.report !== null ? end - record.report.runMs : record.assigned;
}

/** In whole ms, so that what was shown can be asked for exactly. */
function since(at: number | null, origin: number): number | null {
  return at === null ? null : Math.round(at - origin);
}

/** No list is empty. */
function listed(ids: readonly string[] | undefined): readonly string[] | null {
  return ids === undefined || ids.length === 0 ? null : ids;
}
