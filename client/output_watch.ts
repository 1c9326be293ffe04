/**
 * Hands the lines that tasks print to whoever listens: as they are printed, and what was missed when a task ends.
 *
 * Costs a look at an empty list while nobody listens. Owned by `client_tasks.ts`, which tells it of news and ends; users
 * reach it through `client.onOutput` and `client.echo`.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { EngineId } from "../protocol/ids.ts";
import type { NestedLine } from "../protocol/messages.ts";
import type { Job } from "./job.ts";
import { tellNested } from "./nested_output.ts";

/** A line that a task printed. */
export interface OutputLine {
  /** The task's id. */
  readonly msgId: string;
  /** Where it runs, or ran; `null` where that is not known. */
  readonly engineId: number | null;
  /** Which attempt printed it, from 1; a later one prints its own from the start. */
  readonly attempt: number;
  /** The flag `label` of the task. */
  readonly label: string | null;
  /** Where it was printed to. */
  readonly channel: OutputChannel;
  /** The line, without its end. */
  readonly text: string;
}

/** Who listens. Must not throw. */
export interface OutputListener {
  /** `by`: the job of the task that printed it, or of the one that submitted that one, here at the client. */
  line(line: OutputLine, by: Job): void;
  /** The task has ended: no more lines of it come. */
  ended?(msgId: string, by: Job): void;
}

const CHANNELS: readonly OutputChannel[] = ["stdout", "stderr"];

/** How much of a task was handed on: characters of whole lines. */
interface Told {
  attempt: number;
  stdout: number;
  stderr: number;
}

/** The listeners of one client. */
export class OutputWatch {
  #listeners: readonly OutputListener[] = [];
  #told = new WeakMap<Job, Map<number, Told>>();

  /** Lines of all tasks that are not settled, also those printed before. The result takes the listener away. */
  add(listener: OutputListener): Disposable {
    this.#listeners = [...this.#listeners, listener];
    return {
      [Symbol.dispose]: () => {
        this.#listeners = this.#listeners.filter((other) => other !== listener);
        // The next one hears everything of what runs then.
        if (this.#listeners.length === 0) this.#told = new WeakMap();
      },
    };
  }

  /** A running task printed something. */
  printed(job: Job, task: number, engineId: EngineId, attempt: number): void {
    if (this.#listeners.length > 0) this.#tell(job, task, { engineId, attempt, isOver: false });
  }

  /** The task is settled. */
  ended(job: Job, task: number): void {
    if (this.#listeners.length === 0) return;
    const report = job.report(task);
    const engineId = report?.engineId ?? null;
    this.#tell(job, task, { engineId, attempt: report?.attempts ?? 0, isOver: true });
    this.#told.get(job)?.delete(task);
    for (const listener of this.#listeners) listener.ended?.(job.taskId(task), job);
  }

  /** Tasks of a running task printed something. */
  nested(job: Job, lines: readonly NestedLine[]): void {
    for (const line of lines) for (const listener of this.#listeners) tellNested(listener, line, job);
  }

  #tell(job: Job, task: number, of: { engineId: number | null; attempt: number; isOver: boolean }): void {
    const told = this.#toldOf(job, task, of.attempt);
    for (const channel of CHANNELS) {
      const text = job.printed(task, channel);
      const end = of.isOver ? text.length : text.lastIndexOf("\n") + 1;
      if (end <= told[channel]) continue;
      const lines = text.slice(told[channel], end).replace(/\n$/, "").split("\n");
      told[channel] = end;
      const { engineId, attempt } = of;
      const rest = { msgId: job.taskId(task), engineId, attempt, label: job.flags(task).label, channel };
      for (const text of lines) for (const listener of this.#listeners) listener.line({ ...rest, text }, job);
    }
  }

  #toldOf(job: Job, task: number, attempt: number): Told {
    let tasks = this.#told.get(job);
    if (tasks === undefined) this.#told.set(job, tasks = new Map());
    let told = tasks.get(task);
    // Attempts that are not known were ended here: what they printed is what was printed last.
    if (told === undefined || (attempt > 0 && told.attempt !== attempt)) {
      tasks.set(task, told = { attempt, stdout: 0, stderr: 0 });
    }
    return told;
  }
}
