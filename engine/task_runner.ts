/**
 * Runs tasks, one at a time, in the order in which they came; each result is handed over before the next task starts.
 *
 * Arguments and captures are decoded afresh for each task. A task that returns at once costs no turn of the event loop,
 * but after a long one the loop gets a turn, so that a cancellation which arrived meanwhile is seen. Knows no pipe;
 * `main.ts` feeds it.
 * @module
 */
import type { ContentHash, EngineId } from "../protocol/ids.ts";
import { encodeError } from "../wire/error_codec.ts";
import { TaskAborted } from "../wire/errors.ts";
import { decodeValue, encodeValue } from "../wire/value_codec.ts";
import { compileFactory, compileFunction, type TaskFactory, type TaskFunction } from "./compile.ts";
import { CurrentTask, type TaskNews } from "./current_task.ts";
import { explainError } from "./explain_error.ts";
import { Intrinsics } from "./intrinsics.ts";
import { RAN, type RanCode, type RunMessage } from "../protocol/pipe_messages.ts";
import type { TaskOutput } from "./task_output.ts";

/** After so long without a turn of the event loop, one is given. */
const TURN_MS = 2;

const NO_BYTES = new Uint8Array(0);
const RESULT = { root: "result" } as const;
const PUBLISHED = { root: "data" } as const;

/** A function that tasks share. Compiled by its first task. */
export interface Template {
  readonly code: ContentHash;
  readonly name: string;
  readonly source: string;
  readonly captures: Uint8Array | null;
  factory: TaskFactory | null;
}

/** What the runner tells of its tasks. */
export interface RunnerEvents {
  ended(number: number, code: RanCode, body: Uint8Array | null, runMs: number, stdout: string, stderr: string): void;
  published(number: number, data: Uint8Array): void;
  progress(number: number, fraction: number, text: string | null): void;
  /** The engine can't go on: what the running task did to it can't be undone, or its result can't be written. */
  broken(error: unknown): void;
}

interface QueuedRun {
  readonly number: number;
  readonly template: Template;
  /** Let go as soon as they are decoded: they may be big. */
  args: Uint8Array;
  readonly message: RunMessage;
  cancelled: boolean;
  next: QueuedRun | null;
}

export class TaskRunner {
  readonly #engineId: EngineId;
  readonly #output: TaskOutput;
  readonly #events: RunnerEvents;
  readonly #intrinsics = new Intrinsics();
  // Kept here because tasks may patch the globals.
  readonly #now = performance.now.bind(performance);
  readonly #nextTurn = setImmediate;
  // A list of its own: tasks may patch Array.prototype.
  #head: QueuedRun | null = null;
  #tail: QueuedRun | null = null;
  #running: QueuedRun | null = null;
  #current: CurrentTask | null = null;
  #working = false;
  #turnAt = 0;

  constructor(engineId: EngineId, output: TaskOutput, events: RunnerEvents) {
    this.#engineId = engineId;
    this.#output = output;
    this.#events = events;
  }

  /** The task that runs now. */
  get current(): CurrentTask | null {
    return this.#current;
  }

  /** Appends a run. Nothing starts before `work`. */
  add(message: RunMessage, template: Template, args: Uint8Array): void {
    const run: QueuedRun = { number: message[0], template, args, message, cancelled: false, next: null };
    if (this.#tail === null) this.#head = run;
    else this.#tail.next = run;
    this.#tail = run;
  }

  /** Runs what is queued, unless that is under way. */
  work(): void {
    if (this.#working || this.#head === null) return;
    this.#working = true;
    this.#turnAt = this.#now();
    void this.#workOff();
  }

  /** Takes a run out of the queue, or fires the signal of the running one. */
  cancel(number: number): void {
    if (this.#running?.number === number) {
      if (this.#current !== null) {
        CurrentTask.abort(this.#current, new TaskAborted(`Task ${this.#current.msgId} was aborted.`));
      }
      return;
    }
    for (let run = this.#head; run !== null; run = run.next) {
      if (run.number === number) run.cancelled = true;
    }
  }

  async #workOff(): Promise<void> {
    try {
      await this.#runAll();
    } catch (error) {
      this.#events.broken(error);
    }
  }

  async #runAll(): Promise<void> {
    for (let run = this.#head; run !== null; run = this.#head) {
      this.#head = run.next;
      if (run.next === null) this.#tail = null;
      if (run.cancelled) {
        this.#events.ended(run.number, RAN.dropped, null, 0, "", "");
        continue;
      }
      const pending = this.#run(run);
      if (pending !== null) await pending;
      if (this.#now() - this.#turnAt > TURN_MS) {
        await new Promise<void>((resolve) => this.#nextTurn(resolve));
        this.#turnAt = this.#now();
      }
    }
    this.#working = false;
  }

  /** `null` where the task has ended already. */
  #run(run: QueuedRun): Promise<void> | null {
    this.#running = run;
    this.#current = new CurrentTask(run.message[3], this.#engineId, run.message[4], this.#news(run));
    this.#output.take();
    const started = this.#now();
    try {
      const value = this.#call(run);
      if (isThenable(value)) return this.#awaitResult(run, value, started);
      this.#succeed(run, value, started);
    } catch (error) {
      this.#fail(run, error, started);
    }
    return null;
  }

  async #awaitResult(run: QueuedRun, value: PromiseLike<unknown>, started: number): Promise<void> {
    try {
      this.#succeed(run, await value, started);
    } catch (error) {
      this.#fail(run, error, started);
    }
  }

  #call(run: QueuedRun): unknown {
    const { template } = run;
    const captures = template.captures === null ? null : decodeValue(template.captures) as Record<string, unknown>;
    template.factory ??= compileTemplate(template, captures);
    const call = template.factory(captures);
    const values = decodeValue(run.args) as unknown[];
    run.args = NO_BYTES;
    return call(...values);
  }

  #succeed(run: QueuedRun, value: unknown, started: number): void {
    this.#intrinsics.restore();
    // Throws where the result can't travel, and the caller makes that the task's error.
    this.#end(run, RAN.done, encodeValue(value, RESULT), started);
  }

  #fail(run: QueuedRun, error: unknown, started: number): void {
    this.#intrinsics.restore();
    const code = isUnmetDependency(error) ? RAN.declined : RAN.threw;
    explainError(error, { name: run.template.name, engineId: this.#engineId });
    this.#end(run, code, encodeError(error), started);
  }

  #end(run: QueuedRun, code: RanCode, body: Uint8Array, started: number): void {
    const runMs = this.#now() - started;
    const [stdout, stderr] = this.#output.take();
    this.#running = null;
    this.#current = null;
    this.#events.ended(run.number, code, body, runMs, stdout, stderr);
  }

  #news(run: QueuedRun): TaskNews {
    return {
      publish: (data) => this.#events.published(run.number, encodeValue(data, PUBLISHED)),
      progress: (fraction, text) => this.#events.progress(run.number, fraction, text),
    };
  }
}

function compileTemplate(template: Template, captures: Record<string, unknown> | null): TaskFactory {
  const { source, name, code } = template;
  if (captures !== null) return compileFactory(source, name, code, Object.keys(captures));
  const call: TaskFunction = compileFunction(source, name, code);
  return () => call;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value !== null && typeof value === "object" && typeof (value as { then?: unknown }).then === "function";
}

function isUnmetDependency(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== "UnmetDependency") return false;
  return (error as { code?: unknown }).code === "UNMET_DEPENDENCY";
}
