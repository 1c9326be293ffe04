/**
 * How tasks of others were submitted, as metadata show it: asked of the hub, which keeps it with their records.
 *
 * At best effort: a record may be gone. Called by `watched_results.ts`.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import type { FieldValue, RecordField } from "../protocol/records.ts";
import { isArray, isText } from "../wire/message_checks.ts";
import type { ControllerTime } from "./controller_time.ts";
import type { ShownFlags } from "./job_plan.ts";
import type { QuestionLink } from "./question_link.ts";

const KEYS: readonly RecordField[] = ["label", "after", "follow", "submitted"];

/** Of each of these tasks, in order; `null` where there is no record. Rejects as the hub's answers do. */
export async function shownFlags(
  { hub }: QuestionLink,
  ids: readonly TaskId[],
  time: ControllerTime,
): Promise<(ShownFlags | null)[]> {
  time.observe(await hub.age());
  const shown: (ShownFlags | null)[] = [];
  while (shown.length < ids.length) {
    const rows = await hub.recordsOf(ids.slice(shown.length), KEYS);
    if (rows.length === 0) return shown;
    for (const row of rows) shown.push(row === null ? null : flagsOf(row, time));
  }
  return shown;
}

function flagsOf([label, after, follow, submitted]: readonly FieldValue[], time: ControllerTime): ShownFlags {
  const flags = { label: isText(label) ? label : null, after: idsOf(after), follow: idsOf(follow) };
  return typeof submitted === "number" ? { ...flags, submitted: time.toLocal(submitted) } : flags;
}

function idsOf(value: FieldValue | undefined): readonly TaskId[] {
  return isArray(value, 0) ? value.filter(isText) as TaskId[] : [];
}
