/**
 * The flags of a task as an array in the order of `TaskFlags`, trailing defaults cut off: most tasks send `[]`.
 *
 * Part of `messages.ts`, which exports it; what arrives is checked here.
 * @module
 */
import type { EngineId, TaskId } from "../protocol/ids.ts";
import type { DependencyMessage, FlagsMessage } from "../protocol/messages.ts";
import { type Backoff, DEFAULT_FLAGS, type DependencySpec, type TaskFlags } from "../protocol/task_spec.ts";
import { isArray, isCount, isDuration, isText, malformedMessage } from "./message_checks.ts";

/** The flags to send. */
export function flagsToMessage(flags: TaskFlags): FlagsMessage {
  if (flags === DEFAULT_FLAGS) return [];
  const { backoff, concurrencyGroup: group } = flags;
  const all: unknown[] = [
    flags.retries,
    flags.priority,
    flags.targets,
    flags.label,
    flags.timeoutMs,
    flags.maxRuntimeMs,
    backoff === null ? null : [backoff.initialMs, backoff.factor, backoff.maxMs, backoff.jitter],
    flags.after === null ? null : dependencyToMessage(flags.after),
    flags.follow === null ? null : dependencyToMessage(flags.follow),
    flags.resources,
    flags.key,
    flags.delayMs,
    group === null ? null : [group.name, group.limit],
  ];
  // The default of every flag is 0 or null.
  while (all.length > 0 && (all[all.length - 1] === null || all[all.length - 1] === 0)) all.pop();
  return all as unknown as FlagsMessage;
}

/** The flags in a message; what is missing has its default. */
export function flagsFromMessage(message: unknown): TaskFlags {
  if (!Array.isArray(message)) throw malformedMessage("flags", message);
  if (message.length === 0) return DEFAULT_FLAGS;
  const [retries, priority, targets, label, timeoutMs, maxRuntimeMs, backoff, after, follow, resources, key] = message;
  const [delayMs, group] = [message[11], message[12]];
  return {
    retries: orDefault(retries, isCount, 0, message),
    priority: orDefault(priority, isFinite, 0, message),
    targets: orDefault(targets, isTargets, null, message),
    label: orDefault(label, isText, null, message),
    timeoutMs: orDefault(timeoutMs, isDuration, 0, message),
    maxRuntimeMs: orDefault(maxRuntimeMs, isDuration, 0, message),
    backoff: absent(backoff) ? null : backoffFrom(backoff),
    after: absent(after) ? null : dependencyFromMessage(after),
    follow: absent(follow) ? null : dependencyFromMessage(follow),
    resources: orDefault(resources, isAmounts, null, message),
    key: orDefault(key, isText, null, message),
    delayMs: orDefault(delayMs, isDuration, 0, message),
    concurrencyGroup: absent(group) ? null : groupFrom(group),
  };
}

function dependencyToMessage(spec: DependencySpec): DependencyMessage {
  return [spec.ids, spec.all, spec.success, spec.failure];
}

function dependencyFromMessage(message: unknown): DependencySpec {
  if (!isArray(message, 4)) throw malformedMessage("dependency", message);
  const [ids, all, success, failure] = message;
  if (!Array.isArray(ids) || !ids.every(isText)) throw malformedMessage("dependency", message);
  if (typeof all !== "boolean" || typeof success !== "boolean" || typeof failure !== "boolean") {
    throw malformedMessage("dependency", message);
  }
  return { ids: ids as readonly string[] as readonly TaskId[], all, success, failure };
}

function backoffFrom(message: unknown): Backoff {
  if (!isArray(message, 4)) throw malformedMessage("backoff", message);
  const [initialMs, factor, maxMs, jitter] = message;
  if (!isDuration(initialMs) || !isDuration(factor) || !isDuration(maxMs) || !isDuration(jitter) || jitter > 1) {
    throw malformedMessage("backoff", message);
  }
  return { initialMs, factor, maxMs, jitter };
}

function groupFrom(message: unknown): { name: string; limit: number } {
  if (!isArray(message, 2)) throw malformedMessage("concurrency group", message);
  const [name, limit] = message;
  if (!isText(name) || !isCount(limit)) throw malformedMessage("concurrency group", message);
  return { name, limit };
}

function absent(value: unknown): boolean {
  return value === undefined || value === null;
}

function orDefault<T, D>(value: unknown, check: (value: unknown) => value is T, absentAs: D, message: unknown): T | D {
  if (absent(value)) return absentAs;
  if (!check(value)) throw malformedMessage("flags", message);
  return value;
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

function isTargets(value: unknown): value is readonly EngineId[] {
  return Array.isArray(value) && value.every(isCount);
}

function isAmounts(value: unknown): value is Readonly<Record<string, number>> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return Object.values(value).every(isFinite);
}
