/**
 * Runs tasks, as many at a time as the engine has slots, in the order in which they came; each result is handed over
 * before the next task starts.
 *
 * Arguments and captures are decoded afresh for each task. A task that returns at once costs no turn of the event loop,
 * but after a long one the loop gets a turn, so that a cancellation which arrived meanwhile is seen. Knows no pipe;
 * `main.ts` feeds it.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import { RAN, type RanCode, type RunMessage } from "../protocol/pipe_messages.ts";
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import { encodeError } from "../wire/error_codec.ts";
import { TaskAborted } from "../wire/errors.ts";
import { MissingImports } from "../wire/function_link.ts";
import { type DecodeOptions, decodeValue, type EncodeOptions, encodeParts, encodeValue } from "../wire/value_codec.ts";
import type { EncodedValue } from "../wire/scattered_value.ts";
import { compileFactory, compileFunction, type TaskFactory, type TaskFunction } from "./compile.ts";
import { CurrentTask, type TaskNews, type TaskPlace } from "./current_task.ts";
import { explainError, hasOutcomes } from "./explain_error.ts";
import { Intrinsics } from "./intrinsics.ts";
import { LiveNews, type NewsOutlet } from "./live_news.ts";
import type { SpecialValues } from "./special_values.ts";
import type { TaskClients } from "./task_clients.ts";
import type { TaskOwners } from "./task_owners.ts";
import { TaskRun, TaskRunList, type Template } from "./task_run.ts";

/** After so long without a turn of the event loop, one is given. */
const TURN_MS = 2;

const NO_BYTES = new Uint8Array(0);
const NO_INPUTS: readonly EncodedValue[] = [];

// Kept here because tasks may patch the globals.
const { getPrototypeOf } = Object;
const ASYNC_FUNCTION = getPrototypeOf(async () => {});
const PROMISE = Promise.prototype;

/** What the runner tells of its tasks. */
export interface RunnerEvents extends NewsOutlet {
  /** `body`: in parts that belong to the task, and may change once this returns. */
  ended(
    number: number,
    code: RanCode,
    body: readonly Uint8Array[] | null,
    runMs: number,
    stdout: string,
    stderr: string,
  ): void;
  /** A run waits for tasks of its own, and lends its slot, or takes it back; `running` runs have begun and not ended. */
  slot(number: number, lent: boolean, running: number): void;
  /** A line of a stack, with names in place of what only this process can tell apart. */
  named?(line: string): string;
  /** The engine can't go on: what a task did to it can't be undone, or its result can't be written. */
  broken(error: unknown): void;
}

/** What a runner works with. */
export interface RunnerOptions {
  readonly engineId: EngineId;
  /** Tasks at a time. Where that is 1, `owners` are told of the one that runs. */
  readonly slots: number;
  readonly owners: TaskOwners;
  readonly events: RunnerEvents;
  readonly clients: TaskClients;
  /** What the initializer of the engine returned: the same for all tasks. */
  readonly state?: unknown;
  readonly special: SpecialValues;
}

export class TaskRunner {
  readonly #engineId: EngineId;
  readonly #slots: number;
  readonly #owners: TaskOwners;
  readonly #events: RunnerEvents;
  readonly #live: LiveNews;
  readonly #intrinsics = new Intrinsics();
  readonly #special: SpecialValues;
  readonly #decoding: DecodeOptions;
  readonly #result: EncodeOptions;
  readonly #data: EncodeOptions;
  readonly #now = performance.now.bind(performance);
  readonly #nextTurn = setImmediate;
  readonly #queue = new TaskRunList();
  readonly #running = new TaskRunList();
  readonly #clients: TaskClients;
  readonly #state: unknown;
  /** How many of those that run lend their slot. */
  #lent = 0;
  #working = false;
  #turnAt = 0;

  constructor({ engineId, slots, owners, events, clients, state, special }: RunnerOptions) {
    this.#special = special;
    this.#decoding = { special: special.decode };
    this.#result = { root: "result", special: special.encode };
    this.#data = { root: "data", special: special.encode };
    this.#clients = clients;
    this.#state = state;
    this.#engineId = engineId;
    this.#slots = slots;
    this.#owners = owners;
    this.#events = events;
    this.#live = new LiveNews(events);
  }

  /** The task that the calling code belongs to, while it runs. */
  get current(): CurrentTask | null {
    const run = this.#owners.owner;
    return run !== null && run.state === "running" ? run.current : null;
  }

  /** How many run. */
  get running(): number {
    return this.#running.size;
  }

  /** A running task has printed something. */
  printed(run: TaskRun): void {
    this.#live.printed(run);
  }

  /** Appends a run. Nothing starts before `work`. */
  add(message: RunMessage, template: Template, args: EncodedValue, inputs: readonly EncodedValue[] = NO_INPUTS): void {
    this.#queue.push(new TaskRun(message, template, args, inputs));
  }

  /** A message has come in a turn of its own, and is to be read with built-ins that no waiting task has patched. */
  attend(): void {
    this.#owners.leave();
    const hasCompany = this.#slots > 1 || this.#clients.isOpen;
    if (hasCompany && this.#running.size > 0) this.#guard(() => this.#intrinsics.restore());
  }

  /** Runs what is queued, unless that is under way. Called in a fresh turn of the event loop. */
  work(): void {
    if (!this.#working) this.#turnAt = this.#now();
    this.#goOn();
  }

  /** Takes a run out of the queue, or fires the signal of a running one. */
  cancel(number: number): void {
    const run = this.#running.find(number);
    const current = run?.current ?? null;
    // What it waits for ends with it, so that it can.
    run?.client?.end();
    if (current !== null) CurrentTask.abort(current, new TaskAborted(`Task ${current.msgId} was aborted.`));
    else this.recall(number);
  }

  /** Takes a run out of the queue. One that has begun goes on. */
  recall(number: number): void {
    const run = this.#queue.find(number);
    if (run === null) return;
    this.#queue.remove(run);
    run.state = "ended";
    this.#events.ended(number, RAN.dropped, null, 0, "", "");
  }

  /** A running task has failed by what it set going; `false` where it has ended before. Its signal tells what goes on. */
  failRunning(run: TaskRun, error: unknown): boolean {
    if (run.state !== "running") return false;
    const { current } = run;
    this.#guard(() => this.#fail(run, error));
    if (current !== null) CurrentTask.abort(current, new TaskAborted(`Task ${current.msgId} has failed.`));
    this.#goOn();
    return true;
  }

  /** Whoever calls it: what is started next belongs to nobody's scope. */
  #goOn(): void {
    if (this.#working || !this.#hasNext) return;
    this.#working = true;
    this.#owners.outside(() => this.#guard(() => this.#workOff()));
  }

  get #hasNext(): boolean {
    return this.#queue.first !== null && this.#running.size - this.#lent < this.#slots;
  }

  #workOff(): void {
    for (let run = this.#queue.first; run !== null && this.#hasNext; run = this.#queue.first) {
      if (this.#now() - this.#turnAt > TURN_MS) return this.#takeTurn();
      this.#queue.remove(run);
      this.#start(run);
    }
    this.#working = false;
  }

  /** A run waits for tasks of its own, or goes on: at once, even if as many others run as there are slots. */
  #lend(run: TaskRun, lent: boolean): void {
    if (run.state !== "running" || run.lent === lent) return;
    run.lent = lent;
    this.#lent += lent ? 1 : -1;
    this.#noteOnly();
    this.#events.slot(run.number, lent, this.#running.size);
    if (!lent || this.#working || !this.#hasNext) return;
    // Not here, in the middle of that task's code.
    this.#working = true;
    this.#owners.outside(() => this.#takeTurn());
  }

  /** While a task lends its slot there may be others beside it, and each has its scope. */
  #noteOnly(): void {
    const isAlone = this.#slots === 1 && this.#running.size === 1 && this.#lent === 0;
    this.#owners.only = isAlone ? this.#running.first : null;
  }

  #takeTurn(): void {
    this.#nextTurn(() => {
      this.#turnAt = this.#now();
      this.#guard(() => this.#workOff());
    });
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#events.broken(error);
    }
  }

  #start(run: TaskRun): void {
    // Tasks that wait may have patched what this one is decoded with.
    if (this.#running.size > 0) this.#intrinsics.restore();
    run.state = "running";
    run.current = new CurrentTask(run.message[3], this.#engineId, run.message[4], this.#news(run), this.#place(run));
    this.#running.push(run);
    this.#noteOnly();
    run.startedMs = this.#now();
    let value: unknown;
    try {
      value = this.#callWhenImported(run);
      if (isThenable(value)) {
        run.template.waits = true;
        return this.#await(run, value);
      }
    } catch (error) {
      return this.#fail(run, error);
    }
    this.#succeed(run, value);
  }

  /** To await what is no plain promise is to call the task's code. */
  #await(run: TaskRun, value: PromiseLike<unknown>): void {
    if (!run.scoped || getPrototypeOf(value) === PROMISE) void this.#awaitResult(run, value);
    else this.#owners.within(run, () => void this.#awaitResult(run, value));
  }

  async #awaitResult(run: TaskRun, promise: PromiseLike<unknown>): Promise<void> {
    let end: () => void;
    try {
      const value = await promise;
      end = () => this.#succeed(run, value);
    } catch (error) {
      end = () => this.#fail(run, error);
    }
    this.#guard(end);
    this.#goOn();
  }

  /** Where modules are still to be imported, a promise: what was decoded so far is decoded anew when they are there. */
  #callWhenImported(run: TaskRun): unknown {
    let prepared: PreparedCall;
    try {
      prepared = this.#prepare(run);
    } catch (error) {
      if (!(error instanceof MissingImports)) throw error;
      return error.loaded.then(() => this.#callWhenImported(run));
    }
    return this.#call(run, prepared);
  }

  #prepare({ template, args, inputs }: TaskRun): PreparedCall {
    const given = inputs.length === 0 ? this.#special : this.#special.with(inputs);
    const decoding = inputs.length === 0 ? this.#decoding : { special: given.decode };
    const captures = template.captures === null
      ? null
      : given.withLinker(decodeValue(template.captures, decoding) as Record<string, unknown>);
    template.factory ??= compileTemplate(template, captures);
    const call = template.factory(captures);
    return { call, values: decodeValue(args, { ...decoding, handOver: true }) as unknown[] };
  }

  #call(run: TaskRun, { call, values }: PreparedCall): unknown {
    const { template } = run;
    run.args = NO_BYTES;
    run.inputs = NO_INPUTS;
    const isFirst = this.#slots === 1 && this.#running.size === 1 && template.namesClient !== true;
    run.scoped = !isFirst || template.waits || getPrototypeOf(call) === ASYNC_FUNCTION;
    if (template.namesClient === true && !this.#clients.isReady) return this.#callWithClient(run, call, values);
    if (run.scoped) return this.#owners.within(run, () => call(...values));
    try {
      return call(...values);
    } finally {
      // It may have entered its scope meanwhile.
      if (run.scoped) this.#owners.leave();
    }
  }

  /** The client is made outside of the task, which it will outlive. */
  async #callWithClient(run: TaskRun, call: TaskFunction, values: readonly unknown[]): Promise<unknown> {
    await this.#prepareClient();
    return await this.#owners.within(run, () => call(...values));
  }

  #prepareClient(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#owners.outside(() => void this.#clients.prepare().then(resolve));
    return promise;
  }

  /** What it submits and waits for from here on is known to be its. */
  #clientOf(run: TaskRun): object {
    if (run.state !== "running") {
      throw new TypeError(`Cannot submit from task "${run.message[3]}": it has ended; what it left behind can't.`);
    }
    if (!run.scoped) {
      run.scoped = true;
      this.#owners.enter(run);
    }
    if (run.client === null) {
      run.client = this.#clients.of({
        msgId: run.message[3],
        priority: run.template.priority ?? 0,
        waits: (waits) => this.#lend(run, waits),
        printed: (line) => {
          if (run.state === "running") this.#live.nested(run, line);
        },
      });
      if (run.current?.signal.aborted) run.client.end();
    }
    return run.client.client;
  }

  #place(run: TaskRun): TaskPlace {
    return {
      client: () => this.#clientOf(run),
      connect: async () => {
        await this.#prepareClient();
        return this.#clientOf(run);
      },
      state: () => this.#state,
    };
  }

  #succeed(run: TaskRun, value: unknown): void {
    if (run.state === "ended") return;
    let body: readonly Uint8Array[];
    try {
      this.#intrinsics.restore();
      body = encodeParts(value, this.#result);
    } catch (error) {
      // The result can't travel: that is the task's error.
      return this.#fail(run, error);
    }
    this.#end(run, RAN.done, body);
  }

  #fail(run: TaskRun, error: unknown): void {
    if (run.state === "ended") return;
    this.#intrinsics.restore();
    const code = isUnmetDependency(error) ? RAN.declined : RAN.threw;
    const named = (line: string) => this.#events.named?.(line) ?? line;
    explainError(error, { name: run.template.name, engineId: this.#engineId, named });
    this.#end(run, code, [encodeError(error, hasOutcomes(error) ? this.#special.encode : null)]);
  }

  #end(run: TaskRun, code: RanCode, body: readonly Uint8Array[]): void {
    const runMs = this.#now() - run.startedMs;
    const { print } = run;
    this.#live.end(run);
    run.state = "ended";
    run.current = run.print = null;
    this.#running.remove(run);
    if (run.lent) this.#lent--;
    this.#noteOnly();
    run.client?.end();
    run.client = null;
    this.#events.ended(run.number, code, body, runMs, print?.stdout ?? "", print?.stderr ?? "");
  }

  /** News of a task that has ended is nobody's: a timer that it left behind may still tell some. */
  #news(run: TaskRun): TaskNews {
    return {
      publish: (data) => {
        if (run.state === "running") this.#live.published(run, publishable(encodeValue(data, this.#data)));
      },
      progress: (fraction, text) => {
        if (run.state === "running") this.#live.progress(run, fraction, text);
      },
    };
  }
}

/** A function and its arguments, fresh for one task. */
interface PreparedCall {
  readonly call: TaskFunction;
  readonly values: unknown[];
}

function publishable(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= INLINE_LIMIT_BYTES) return bytes;
  throw new RangeError(
    `Cannot publish ${bytes.length} bytes: what a task shows on its way has ${INLINE_LIMIT_BYTES} at most; ` +
      `publish less, and return the rest as the result.`,
  );
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
