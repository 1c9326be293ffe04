/**
 * What is told of tasks while they run: by the scheduler, that they do; by the hosts of their engines, what they show.
 *
 *   host → `ClientActor` → `ClientTasks` → **RunningNews** → `LiveTask`, `OutputWatch` → whoever listens
 *
 * Late news, and those of no task of ours, change nothing. Settles nothing. Part of `client_tasks.ts`.
 * @module
 */
import { NEWS, type NewsMessage, type RunningMessage } from "../protocol/messages.ts";
import type { Clock } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import type { DecodeSpecial } from "../wire/special_forms.ts";
import { NOT_BEGUN } from "./job_plan.ts";
import type { LiveTask } from "./live_task.ts";
import type { OutputWatch } from "./output_watch.ts";
import type { PendingTask } from "./task_table.ts";

/** What it works with. */
export interface RunningNewsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly output: OutputWatch;
  /** What values of special forms in published data are. */
  readonly special: DecodeSpecial | null;
  /** The unsettled task of a counter. */
  readonly unsettled: (counter: number) => PendingTask | undefined;
}

/** Takes the news of one client's tasks. */
export class RunningNews {
  readonly #options: RunningNewsOptions;

  constructor(options: RunningNewsOptions) {
    this.#options = options;
  }

  /** These are running, as the scheduler says. */
  running(tasks: readonly RunningMessage[]): void {
    for (const [counter, engineId, engineUuid, runningMs] of tasks) {
      const found = this.#options.unsettled(counter);
      if (found === undefined) continue;
      const started = this.#options.clock.wallTime() - runningMs;
      found.job.running(found.task, { ...NOT_BEGUN, status: "running", engineId, engineUuid, started });
    }
  }

  /** Running tasks show these. */
  shown(rows: readonly NewsMessage[]): void {
    for (const row of rows) {
      const found = this.#options.unsettled(row[0]);
      if (found !== undefined) this.#take(found, row);
    }
  }

  #take({ job, task }: PendingTask, row: NewsMessage): void {
    const { output } = this.#options;
    const [, engineId, engineUuid, attempt] = row;
    const live = job.liveOrNew(task);
    if (!live.enter(attempt, engineUuid)) return;
    // It runs, and the scheduler may not have said so yet.
    if (job.report(task)?.engineUuid !== engineUuid) {
      job.running(task, { ...NOT_BEGUN, status: "running", engineId, engineUuid });
    }
    if (row[4] === NEWS.nested) return output.nested(job, row[5]);
    this.#show(live, row);
    if (row[4] === NEWS.printed) output.printed(job, task, engineId, attempt);
    job.shows();
  }

  /** Data that can't be read is left out: its task goes on. */
  #show(live: LiveTask, row: NewsMessage): void {
    try {
      live.take(row, this.#options.special);
    } catch (error) {
      this.#options.log("warn", "published data dropped", { task: row[0], reason: String(error) });
    }
  }
}
