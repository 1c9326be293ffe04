/**
 * A history as text: one line an event, with all that matters and nothing else.
 * @module
 */
import type { DependencySpec, TaskFlags, TaskSpec } from "../../protocol/task_spec.ts";
import { DEFAULT_FLAGS } from "../../protocol/task_spec.ts";
import type { SchedulerEvent } from "../../scheduler/core/events.ts";
import type { Effect } from "../../scheduler/core/effects.ts";
import type { SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";
import { Stage } from "../unit/core/given.ts";

/** What was told to a core and what it ordered each time, up to the point where it breaks. */
export function printHistory(options: Partial<SchedulerOptions>, events: readonly SchedulerEvent[]): string {
  const stage = new Stage(options);
  const lines = [`options ${JSON.stringify(options)}`];
  for (const event of events) {
    lines.push(`${event.at.toFixed(2)} ${eventText(event)}`);
    try {
      lines.push(...stage.step(event).flatMap(effectText).map((text) => `         → ${text}`));
    } catch (error) {
      lines.push(`         ✗ ${error}`);
    }
  }
  return lines.join("\n");
}

function eventText(event: SchedulerEvent): string {
  const { kind, at: _, ...rest } = event;
  if (event.kind !== "tasks-submitted") return `${kind} ${JSON.stringify(rest, omitBytes)}`;
  const { session, specs, agesMs, more } = event;
  const tasks = specs.map((spec, i) => specText(spec, agesMs?.[i] ?? 0));
  return `${kind} ${session}${more ? " (more follows)" : ""}: ${tasks.join(" | ")}`;
}

function specText({ id, template }: TaskSpec, ageMs: number): string {
  const parts: string[] = [id];
  if (ageMs > 0) parts.push(`age ${ageMs}`);
  for (const [flag, value] of Object.entries(template.flags) as [keyof TaskFlags, unknown][]) {
    if (value === DEFAULT_FLAGS[flag]) continue;
    const isDependency = flag === "after" || flag === "follow";
    parts.push(`${flag} ${isDependency ? dependencyText(value as DependencySpec) : JSON.stringify(value)}`);
  }
  return parts.join(" ");
}

function dependencyText({ ids, all, success, failure }: DependencySpec): string {
  return `${all ? "all" : "any"}${success ? "+success" : ""}${failure ? "+failure" : ""}(${ids.join()})`;
}

function effectText(effect: Effect): string[] {
  switch (effect.kind) {
    case "dispatch":
      return [`dispatch ${effect.spec.id} to engine ${effect.engine} as ${effect.number}, attempt ${effect.attempt}`];
    case "facts":
      return effect.facts.flatMap((fact) => {
        if (fact.kind === "task-forgotten") return [`forgot ${fact.task}`];
        if (fact.kind !== "task-settled") return [];
        const { outcome } = fact;
        return [`settled ${fact.task}: ${outcome.kind === "failed" ? outcome.error.message : outcome.kind}`];
      });
    case "settle":
    case "wake":
    case "release":
    case "engines-changed":
      return [];
    default:
      return [JSON.stringify(effect)];
  }
}

function omitBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? "…" : value;
}
