/**
 * What clients, views and results show of themselves in a notebook: Deno's Jupyter kernel asks them for it.
 *
 * Snapshots, but for a result that is not there yet: that is a bar which follows it until it is. Outside a kernel nothing
 * here is ever called. Used by the classes that have a method named `Symbol.for("Jupyter.display")`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import { barHtml, type Cell, foldedHtml, tableHtml } from "./display_html.ts";
import { jobBarState } from "./interactive_wait.ts";
import type { Job } from "./job.ts";
import { kernelHere } from "./notebook_kernel.ts";
import { plainLine, shownDuration } from "./progress_bar.ts";

/** Representations of a value by media type. */
export type DisplayBundle = Readonly<Record<string, string>>;

const SHOWN_TASKS = 20;
const SHOWN_CHARACTERS = 200;
const REDRAW_MS = 300;

/** A client: its engines. */
export function clientBundle(ids: readonly number[], unfinished: number): DisplayBundle {
  const text = `Client of ${counted(ids.length, "engine")} with ${counted(unfinished, "unfinished call")}`;
  return bundle(text, [tableHtml(["engines", "ids", "unfinished calls"], [[ids.length, listed(ids), unfinished]])]);
}

/** A view: what it goes to, and how. */
export function viewBundle(name: string, facts: Readonly<Record<string, string>>): DisplayBundle {
  const entries = Object.entries(facts);
  const text = `${name}(${entries.map(([key, value]) => `${key}: ${value}`).join(", ")})`;
  return bundle(text, [
    tableHtml(["view", ...entries.map(([key]) => key)], [[name, ...entries.map(([, value]) => value)]]),
  ]);
}

/** A result. One that is not there yet is drawn again until it is. */
export async function resultBundle(job: Job, clock: Clock): Promise<DisplayBundle> {
  const kernel = kernelHere();
  if (job.finished || kernel === null) return resultNow(job, clock);
  const transient = { display_id: crypto.randomUUID() };
  const show = (type: string) => kernel.broadcast(type, { data: resultNow(job, clock), metadata: {}, transient });
  await show("display_data");
  const redraw = () => {
    const done = show("update_display_data").catch(() => {});
    job.underWay = done.finally(() => void (job.underWay = null));
  };
  drawOnChange(redraw, job, clock);
  // The display above is the one to look at.
  return {};
}

/** A result as it is now. */
function resultNow(job: Job, clock: Clock): DisplayBundle {
  const elapsedMs = (job.finishedAt ?? clock.wallTime()) - job.plan.submitted;
  const state = jobBarState(job, elapsedMs);
  const rows = Array.from({ length: Math.min(job.taskCount, SHOWN_TASKS) }, (_, task) => taskRow(job, task));
  const more = job.taskCount > rows.length ? `… and ${counted(job.taskCount - rows.length, "more task")}` : "";
  return bundle(plainLine(state), [
    barHtml(state),
    tableHtml(["task", "engine", "status", "time", "result"], rows, more),
  ]);
}

/**
 * Draws a while after each change, the last of them too. Never at once: whoever awaits the result ends a cell in that very
 * turn, and Deno's kernel (2.9) stands still for half a minute where a cell ends while a message of the program is under
 * way. For the same reason the end of a job waits for the drawing of it.
 */
function drawOnChange(draw: () => void, job: Job, clock: Clock): void {
  let isDue = false;
  const stop = job.onChange(() => {
    if (isDue) return;
    isDue = true;
    clock.setTimer(() => {
      isDue = false;
      if (job.finished) stop();
      draw();
    }, REDRAW_MS);
  });
}

function taskRow(job: Job, task: number): Cell[] {
  const report = job.report(task);
  const { started = null, completed = null } = report ?? {};
  const time = started === null || completed === null ? "" : shownDuration(completed - started);
  return [job.taskId(task), report?.engineId ?? "", report?.status ?? "waiting", time, outcomeCell(job, task)];
}

function outcomeCell(job: Job, task: number): Cell {
  const progress = job.live(task)?.progress ?? null;
  if (!job.isSettled(task)) {
    return progress === null ? "" : `${Math.floor(progress.fraction * 100)} % ${progress.text ?? ""}`.trim();
  }
  const values: unknown[] = [];
  for (let item = job.firstItem(task); item < job.endItem(task); item++) {
    const [ok, value] = job.outcome(item) ?? [true, undefined];
    if (!ok) return foldedHtml(cut(firstLine(String(value))), stackOf(value));
    values.push(value);
  }
  const shown = job.plan.chunksize === 1 ? values[0] : values;
  return cut(Deno.inspect(shown, { depth: 2, colors: false, iterableLimit: 20, strAbbreviateSize: SHOWN_CHARACTERS }));
}

function bundle(text: string, html: readonly { toString(): string }[]): DisplayBundle {
  return { "text/plain": text, "text/html": html.join("") };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function listed(ids: readonly number[]): string {
  return ids.length > SHOWN_TASKS ? `${ids.slice(0, SHOWN_TASKS).join(", ")}, …` : ids.join(", ");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}
