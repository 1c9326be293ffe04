/**
 * Four engines of one host around a real core, in simulated time: messages take a while, an engine works off its pipe in
 * order, and what is not yet in the pipe is given back when it is asked for.
 *
 * For comparing total times under different marks without the noise of a machine.
 * @module
 */
import type { ContentHash, EngineId, HostId } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import { DEFAULT_FLAGS } from "../../protocol/task_spec.ts";
import type { Dispatch } from "../../scheduler/core/effects.ts";
import type { SchedulerEvent } from "../../scheduler/core/events.ts";
import { createScheduler } from "../../scheduler/core/scheduler.ts";
import type { SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";

/** A task of the function `code` that runs so long. */
export interface ModelTask {
  readonly code: string;
  readonly ms: number;
}

const ENGINES = 4;
const HOST = "h" as HostId;
/** From the scheduler to a host, and back. */
const MESSAGE_MS = 0.3;
/** So many are in the pipe: the one that runs and the next. */
const PIPE_RUNS = 2;

interface ModelEngine {
  readonly queue: Dispatch[];
  isRunning: boolean;
}

/** Runs a batch; `endedAt` tells of each task when it ended, ms. */
export class EngineModel {
  readonly #core: ReturnType<typeof createScheduler>;
  readonly #tasks: readonly ModelTask[];
  readonly #engines: readonly ModelEngine[] = Array.from({ length: ENGINES }, () => ({ queue: [], isRunning: false }));
  readonly #agenda: { readonly at: number; readonly run: () => void }[] = [];
  readonly endedAt: number[] = [];
  calledBack = 0;
  #now = 0;
  #ended = 0;

  constructor(hwm: SchedulerOptions["hwm"], tasks: readonly ModelTask[]) {
    this.#core = createScheduler({ hwm, facts: false });
    this.#tasks = tasks;
  }

  /** The total time, ms. */
  run(): number {
    const engines = this.#engines.map((_, id) => (
      { id: id as EngineId, uuid: `u${id}` as never, host: HOST, pid: 1, slots: 1 }
    ));
    const hello = { host: HOST, incarnation: "i" as never, hostname: "", pid: 1, packageVersion: "0" };
    this.#step({ kind: "host-joined", at: 0, ...hello, newEngines: 0, engines, returning: [], held: [] });
    const specs = this.#tasks.map(({ code }, index) => {
      const template = { code: code as ContentHash, name: "f", flags: DEFAULT_FLAGS, captures: null };
      return { id: `s-${index}` as never, template, args: new Uint8Array() };
    });
    this.#step({ kind: "tasks-submitted", at: 0, session: "s" as never, specs, agesMs: null, more: false, known: [] });
    for (let next = this.#agenda.shift(); next !== undefined; next = this.#agenda.shift()) {
      this.#now = next.at;
      next.run();
      if (this.#ended === this.#tasks.length) break;
    }
    return this.#now;
  }

  #after(ms: number, run: () => void): void {
    const at = this.#now + ms;
    let index = this.#agenda.length;
    while (index > 0 && (this.#agenda[index - 1]?.at ?? 0) > at) index--;
    this.#agenda.splice(index, 0, { at, run });
  }

  #step(event: SchedulerEvent): void {
    for (const effect of this.#core.step(event)) {
      if (effect.kind === "dispatch") this.#after(MESSAGE_MS, () => this.#take(effect));
      if (effect.kind === "call-back") this.#after(MESSAGE_MS, () => this.#giveBack(effect.numbers));
      if (effect.kind === "wake") {
        this.#after(Math.max(0, effect.at - this.#now), () => this.#step({ kind: "woke", at: this.#now }));
      }
    }
  }

  #take(dispatch: Dispatch): void {
    const engine = this.#engines[dispatch.engine];
    if (engine === undefined) return;
    engine.queue.push(dispatch);
    this.#work(engine);
  }

  #work(engine: ModelEngine): void {
    const [dispatch] = engine.queue;
    if (engine.isRunning || dispatch === undefined) return;
    engine.isRunning = true;
    const index = Number(dispatch.spec.id.slice(2));
    const ms = this.#tasks[index]?.ms ?? 0;
    this.#after(ms, () => {
      engine.isRunning = false;
      engine.queue.shift();
      this.endedAt[index] = this.#now;
      this.#ended++;
      this.#report(dispatch, { kind: "done", value: new Uint8Array() }, ms);
      this.#work(engine);
    });
  }

  #giveBack(numbers: readonly number[]): void {
    for (const engine of this.#engines) {
      for (const dispatch of engine.queue.slice(PIPE_RUNS)) {
        if (!numbers.includes(dispatch.number)) continue;
        engine.queue.splice(engine.queue.indexOf(dispatch), 1);
        this.calledBack++;
        this.#report(dispatch, { kind: "returned" }, null);
      }
    }
  }

  #report({ number }: Dispatch, outcome: AttemptOutcome, runMs: number | null): void {
    const report = runMs === null ? null : { runMs, ageMs: 0, stdout: "", stderr: "" };
    const results = [{ number, outcome, report }];
    this.#after(
      MESSAGE_MS,
      () => this.#step({ kind: "attempts-ended", at: this.#now, host: HOST, epoch: 1 as never, results }),
    );
  }
}
