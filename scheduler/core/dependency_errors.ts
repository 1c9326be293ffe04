/**
 * What tasks become whose dependencies can't be: the errors, in words, with the chain back to the first cause.
 *
 * Makes outcomes and decides nothing. A chain is kept as its nearest links, its length and its root, so that each of a
 * hundred thousand tasks that fail one after another costs the same. Called by `dependencies.ts` and its neighbours.
 * @module
 */
import type { EngineId, TaskId } from "../../protocol/ids.ts";
import type { FailureChain, TaskOutcome } from "../../protocol/outcome.ts";
import type { BlobRef, Payload, TaskInput } from "../../protocol/task_spec.ts";
import type { DependencyFlag, DependencyWatch } from "./dependency_watch.ts";
import type { LostPlace } from "./follow_places.ts";
import type { FinishedRecord, TaskRecord } from "./task_record.ts";

/** So many links next to the failed task are named. */
const SHOWN_LINKS = 3;
/** So many tasks of a cycle are named. */
const SHOWN_CYCLE = 12;

/** An id that can't be a dependency. */
export function invalidOutcome(task: TaskRecord, flag: DependencyFlag, text: string): TaskOutcome {
  return failure("InvalidDependency", `Cannot run task "${task.id}": ${subject(flag)} names ${text}`);
}

/** A result that it was to be given was known once, and is not any more. */
export function inputGoneOutcome(task: TaskRecord, input: TaskInput): TaskOutcome {
  const text =
    `Cannot run task "${task.id}": the result of task "${input}", which stands in its arguments, is not there ` +
    `any more; keep more with --keep, or pass the value itself`;
  return failure("InvalidDependency", text);
}

/** The only host that had a result which it was to be given is gone. */
export function inputLostOutcome(task: TaskRecord, input: TaskInput, { size, home }: BlobRef): TaskOutcome {
  const what = typeof input === "string" ? `the result of task "${input}"` : "a result";
  const text =
    `Cannot run task "${task.id}": ${what}, which stands in its arguments, was lost: its ${size} bytes lay on ` +
    `host "${home}", which is gone; submit the task that makes it again, and this one with that`;
  return { kind: "failed", error: { name: "EngineError", message: text } };
}

/** A dependency whose tasks ended in a way that rules it out. `record` is the task that decided it, if it is kept. */
export function impossibleOutcome(watch: DependencyWatch, record: FinishedRecord | null): TaskOutcome {
  const { spec, flag, decisive, waits } = watch;
  const id = decisive ?? waits.task.id;
  const wish = spec.success && spec.failure ? "end" : spec.success ? "succeed" : "fail";
  const wants = spec.all || spec.ids.length === 1
    ? `task "${id}" to ${wish}`
    : `any of ${spec.ids.length} tasks to ${wish}, the last of them "${id}"`;
  const chain = chainFrom(id, record);
  const text = `Cannot run task "${waits.task.id}": ${subject(flag)} wants ${wants}, and it ${endOf(record)}${
    told(chain)
  }`;
  return failure("ImpossibleDependency", text, causeOf(record), chain);
}

/** A follower without a place. */
export function lostPlaceOutcome(task: TaskRecord, lost: LostPlace, other: TaskId | null): TaskOutcome {
  return failure(
    "ImpossibleDependency",
    `Cannot run task "${task.id}" where its "follow" ran: ${lostText(lost, other)}`,
  );
}

/** A follower whose places are there and can't take it. */
export function unreachableOutcome(task: TaskRecord, engines: readonly EngineId[], cause: Payload | null): TaskOutcome {
  const shown = `engine ${engines.slice(0, 8).join(", ")}${engines.length > 8 ? ", …" : ""}`;
  const { targets } = task.flags;
  const why = targets !== null && !engines.some((id) => targets.includes(id))
    ? `that was ${shown}, which is not among its targets [${targets.slice(0, 8).join(", ")}]`
    : `that was ${shown}, which has declined it`;
  return failure(
    "ImpossibleDependency",
    `Cannot run task "${task.id}" where its "follow" ran: ${why}; leave out "follow", or the targets`,
    cause,
  );
}

/** A task that waits for itself. `cycle`: from one of its tasks on, each waiting for the next, the last for the first. */
export function cycleOutcome(task: TaskRecord, cycle: readonly TaskId[]): TaskOutcome {
  const start = Math.max(0, cycle.indexOf(task.id));
  const turned = [...cycle.slice(start), ...cycle.slice(0, start)];
  const shown = turned.length <= SHOWN_CYCLE
    ? turned
    : [...turned.slice(0, SHOWN_CYCLE - 1), `… ${turned.length - SHOWN_CYCLE} more …`, turned[turned.length - 1]];
  const text = [...shown, turned[0]].join(" → ");
  return failure(
    "ImpossibleDependency",
    `Cannot run task "${task.id}": it waits for itself, in the cycle ${text}; take one of these dependencies out`,
  );
}

function subject(flag: DependencyFlag): string {
  return flag === "inputs" ? "one of its inputs" : `its "${flag}"`;
}

function failure(
  name: "InvalidDependency" | "ImpossibleDependency",
  message: string,
  cause: Payload | null = null,
  chain: FailureChain | null = null,
): TaskOutcome {
  return {
    kind: "failed",
    error: { name, message, ...(cause === null ? {} : { cause }), ...(chain === null ? {} : { chain }) },
  };
}

function endOf(record: FinishedRecord | null): string {
  if (record === null) return "did not";
  const { outcome } = record;
  if (outcome.kind === "done") return "is done";
  return outcome.kind === "threw" ? "threw an error" : `failed with ${outcome.error.name}`;
}

/** The encoded error at the root, where there is one. */
function causeOf(record: FinishedRecord | null): Payload | null {
  if (record === null || record.outcome.kind === "done") return null;
  return record.outcome.kind === "threw" ? record.outcome.error : record.outcome.error.cause ?? null;
}

/** The chain that begins with this task. */
function chainFrom(id: TaskId, record: FinishedRecord | null): FailureChain {
  const before = record?.outcome.kind === "failed" ? record.outcome.error.chain : undefined;
  if (before !== undefined) {
    return { nearest: [id, ...before.nearest].slice(0, SHOWN_LINKS), length: before.length + 1, root: before.root };
  }
  const message = record?.outcome.kind === "failed" ? record.outcome.error.message : "";
  return { nearest: [id], length: 1, root: { id, text: endOf(record), message } };
}

function told({ nearest, length, root }: FailureChain): string {
  if (length === 1) return root.message === "" ? "" : ` (${root.message})`;
  const hidden = length - nearest.length - 1;
  const links = nearest.slice(1).filter((id) => id !== root.id).map((id) => ` ← "${id}"`).join("");
  const why = root.message === "" ? "" : ` (${root.message})`;
  return `: "${nearest[0]}"${links}${
    hidden > 0 ? ` ← … ${hidden} more …` : ""
  } ← "${root.id}", which ${root.text}${why}`;
}

function lostText({ kind, id, engine }: LostPlace, other: TaskId | null): string {
  switch (kind) {
    case "nowhere":
      return `task "${id}" never ran on an engine; leave out "follow"`;
    case "gone":
      return `task "${id}" ran on engine ${engine}, in a process that has ended; submit both again, or leave out "follow"`;
    case "elsewhere":
      return `task "${id}" ran on engine ${engine}, and ${other === null ? "another one" : `"${other}"`} elsewhere; ` +
        `follow one of them, or any with { all: false }`;
  }
}
