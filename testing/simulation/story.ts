/**
 * What happened in a simulated run, in order, for people: each line with its time and whom it concerns.
 *
 * Costs nothing while it is switched off: lines are made when they are asked for. Written by all of the simulation.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";

/** One line. */
export interface StoryEntry {
  /** Since the start of the run. */
  readonly atMs: number;
  /** `null`: it concerns the cluster. */
  readonly task: TaskId | null;
  readonly text: string;
}

/** The lines of one run. */
export class RunStory {
  readonly #isOn: boolean;
  readonly #entries: StoryEntry[] = [];

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  tell(atMs: number, task: TaskId | null, text: () => string): void {
    if (this.#isOn) this.#entries.push({ atMs, task, text: text() });
  }

  /** What concerns these tasks, and the cluster; `null`: everything. */
  about(tasks: ReadonlySet<TaskId> | null): readonly StoryEntry[] {
    return this.#entries.filter(({ task }) => task === null || tasks === null || tasks.has(task));
  }
}

/** The lines as a text, the times in ms on the left. `names`: what tasks are called instead of by their ids. */
export function printStory(entries: readonly StoryEntry[], names: ReadonlyMap<TaskId, string> = new Map()): string {
  const named = (text: string) => text.replaceAll(/\b[a-z0-9]+-\d+\b/g, (id) => names.get(id as TaskId) ?? id);
  return entries.map(({ atMs, task, text }) => {
    const who = task === null ? "" : `${task}: `;
    return `${atMs.toFixed(1).padStart(10)} ms  ${named(`${who}${text}`)}`;
  }).join("\n");
}
