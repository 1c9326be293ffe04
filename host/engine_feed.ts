/**
 * Feeds one process of an engine: keeps its pipe just full enough, matches results to runs, bounds their time.
 *
 * Runs are in the pipe in order and come back in order, so the first one that is not back is the one that runs. Lives as
 * long as the process; `engine_seat.ts` makes one for each life.
 * @module
 */
import {
  RAN,
  type ResultMessage,
  type RunMessage,
  TO_ENGINE,
  TO_HOST,
  type ToHostMessage,
} from "../protocol/pipe_messages.ts";
import type { AttemptOutcome } from "../protocol/outcome.ts";
import type { EngineId } from "../protocol/ids.ts";
import type { Clock } from "../wire/clock.ts";
import { encodeError } from "../wire/error_codec.ts";
import { EngineError } from "../wire/errors.ts";
import { EngineInputs, type InputSources } from "./engine_inputs.ts";
import { EngineOutputs } from "./engine_outputs.ts";
import type { BlobFolder } from "./blob_folder.ts";
import type { EngineProcess } from "./engine_process.ts";
import type { EngineRun } from "./engine_run.ts";
import { FeedWindow, WINDOW_BYTES } from "./feed_window.ts";
import { endWith, outcomeOf, type RunEnd } from "./run_end.ts";
import { RunDeadline } from "./run_deadline.ts";
import type { RunQueue } from "./run_queue.ts";
import { type SentRun, SentRuns } from "./sent_runs.ts";

/** What is told of runs. */
export interface FeedEvents {
  runEnded(run: EngineRun, end: RunEnd): void;
  published(run: EngineRun, data: Uint8Array): void;
  progress(run: EngineRun, fraction: number, text: string | null): void;
}

export interface FeedOptions {
  readonly clock: Clock;
  readonly sources: InputSources;
  readonly folder: BlobFolder;
  /** From the abort of a running task to the end of its process. */
  readonly graceMs: number;
}

export class EngineFeed {
  readonly #process: EngineProcess;
  readonly #queue: RunQueue;
  readonly #options: FeedOptions;
  readonly #events: FeedEvents;
  readonly #inputs: EngineInputs;
  readonly #outputs: EngineOutputs;
  readonly #window = new FeedWindow();
  readonly #sent = new SentRuns();
  readonly #deadline: RunDeadline;
  #counter = 0;
  #open = false;
  #preparing = false;
  #pumpSoon = false;
  #timeWasUp = false;
  /** What to make of the running one when the process ends: we killed it for this. */
  #verdict: AttemptOutcome | null = null;
  /** Direct runs that a drain took out of the pipe: they are for this very engine, and wait for its next process. */
  readonly #putOff: EngineRun[] = [];
  #onIdle: (() => void) | null = null;

  constructor(process: EngineProcess, queue: RunQueue, options: FeedOptions, events: FeedEvents) {
    this.#process = process;
    this.#queue = queue;
    this.#options = options;
    this.#events = events;
    this.#inputs = new EngineInputs(process, options.sources);
    this.#outputs = new EngineOutputs(options.folder);
    const { clock, graceMs } = options;
    this.#deadline = new RunDeadline(clock, graceMs, () => this.#sent.first, (sent) => this.#endRunning(sent));
  }

  /** The process was ended for its task: past `maxRuntime`, or past the grace of an abort. */
  get timeWasUp(): boolean {
    return this.#timeWasUp;
  }

  /** Nothing is in the pipe or being prepared. */
  get idle(): boolean {
    return this.#sent.size === 0 && !this.#preparing;
  }

  /** The process is ready and knows its id: runs may go out. */
  open(engine: EngineId): void {
    this.#process.send([TO_ENGINE.welcome, engine]);
    this.#open = true;
    this.pump();
  }

  /** No more runs go out. Resolves when the pipe is empty, or the process has ended. */
  drain(): Promise<void> {
    this.#open = false;
    for (const sent of this.#sent.behindFirst()) this.#process.send([TO_ENGINE.cancel, sent.number]);
    if (this.idle) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    return promise;
  }

  /** Sends what fits, at the end of this turn. */
  pump(): void {
    if (this.#pumpSoon || !this.#open || this.#preparing || this.#queue.first === null) return;
    this.#pumpSoon = true;
    queueMicrotask(() => {
      this.#pumpSoon = false;
      this.#fill();
    });
  }

  /** Ends a run that was sent. Behind others it is reported at once; running, its signal fires and its time is short. */
  abort(run: EngineRun): void {
    const sent = this.#sent.find(run);
    if (sent === null) return this.#abortPutOff(run);
    if (sent.abortedAtMs !== null) return;
    const now = this.#options.clock.now();
    sent.abortedAtMs = now;
    this.#process.send([TO_ENGINE.cancel, sent.number]);
    if (sent !== this.#sent.first) this.#report(sent, endWith({ kind: "aborted" }, now));
    this.#deadline.look();
  }

  #abortPutOff(run: EngineRun): void {
    const index = this.#putOff.indexOf(run);
    if (index < 0) return;
    this.#putOff.splice(index, 1);
    this.#end(run, endWith({ kind: "aborted" }, this.#options.clock.now()));
  }

  /** Takes what the process says of runs. Throws where that can't be: the process is not to be trusted then. */
  handle(message: ToHostMessage): void {
    switch (message[0]) {
      case TO_HOST.result:
        return this.#finish(message);
      case TO_HOST.piece:
        return this.#outputs.addPiece(message[1], message[2], message[3], message[4]);
      case TO_HOST.published: {
        const sent = this.#running(message[1]);
        return this.#events.published(sent.run, message[2]);
      }
      case TO_HOST.progress: {
        const sent = this.#running(message[1]);
        return this.#events.progress(sent.run, message[2], message[3]);
      }
    }
  }

  /** The process has ended: the first run ran, the others never began. Those that are for this very engine wait on. */
  close(reason: string): void {
    // A drain closes it before; a death finds it open.
    const died = this.#open;
    this.#open = false;
    this.#deadline.stop();
    this.#outputs.close();
    const now = this.#options.clock.now();
    const first = this.#sent.shift();
    if (first !== null) this.#report(first, endWith(this.#deathOf(first, reason), now, now - first.startedAtMs));
    const waiting = this.#putOff;
    for (let sent = this.#sent.shift(); sent !== null; sent = this.#sent.shift()) {
      const { kind } = sent.run.origin;
      if (kind === "pure" && died) this.#report(sent, endWith({ kind: "engine-died", message: reason }, now));
      else if (kind !== "direct") this.#report(sent, endWith({ kind: "returned" }, now));
      else if (sent.run.state !== "ended") waiting.push(sent.run);
    }
    for (const run of waiting.reverse()) this.#requeue(run);
    this.#onIdle?.();
  }

  #requeue(run: EngineRun): void {
    run.state = "queued";
    this.#queue.unshift(run);
  }

  #deathOf(sent: SentRun, reason: string): AttemptOutcome {
    if (sent.abortedAtMs !== null) return { kind: "aborted" };
    return this.#verdict ?? { kind: "engine-died", message: reason };
  }

  #fill(): void {
    const runs: RunMessage[] = [];
    while (this.#open && !this.#preparing && this.#hasRoom()) {
      const run = this.#queue.first;
      if (run === null) break;
      const template = this.#inputs.templateOf(run);
      if (template === null) {
        void this.#prepare(run);
        break;
      }
      this.#queue.remove(run);
      runs.push(this.#note(run, template, run.args as Uint8Array));
    }
    if (runs.length > 0) this.#process.send([TO_ENGINE.run, ...runs]);
  }

  #hasRoom(): boolean {
    return this.#sent.size < this.#window.runs && (this.#sent.size === 0 || this.#sent.bytes < WINDOW_BYTES);
  }

  /** For runs that need more than a message. None overtakes it, and it can be aborted meanwhile. */
  async #prepare(run: EngineRun): Promise<void> {
    this.#preparing = true;
    const wanted = () => this.#open && run.queue === this.#queue;
    try {
      const [template, args] = await this.#inputs.prepare(run, wanted);
      if (wanted()) {
        this.#queue.remove(run);
        this.#process.send([TO_ENGINE.run, this.#note(run, template, args)]);
      } else if (typeof args === "number") this.#process.send([TO_ENGINE.drop, args]);
    } catch (cause) {
      if (this.#queue.remove(run)) this.#refuse(run, cause);
    }
    this.#preparing = false;
    this.#settleIdle();
    this.pump();
  }

  #refuse(run: EngineRun, cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = encodeError(new EngineError(`Cannot start task "${run.task}": ${why}`, { cause }));
    this.#end(run, endWith({ kind: "threw", error }, this.#options.clock.now()));
  }

  #note(run: EngineRun, template: number, args: Uint8Array | number): RunMessage {
    const number = ++this.#counter;
    run.state = "sent";
    const bytes = typeof args === "number" ? 0 : args.length;
    this.#sent.push(run, number, bytes, this.#options.clock.now());
    this.#deadline.look();
    return [number, template, args, run.task, run.attempt];
  }

  /** The first run, which alone can have news. */
  #running(number: number): SentRun {
    const first = this.#sent.first;
    if (first === null || first.number !== number) {
      throw new RangeError(`the engine spoke of run ${number}, which does not run`);
    }
    return first;
  }

  #finish([, number, code, body, runMs, stdout = "", stderr = ""]: ResultMessage): void {
    const sent = this.#running(number);
    const now = this.#options.clock.now();
    const payload = body === null ? new Uint8Array(0) : this.#outputs.take(body);
    this.#sent.shift();
    const next = this.#sent.first;
    if (next !== null) next.startedAtMs = now;
    const aborted = sent.abortedAtMs !== null;
    if (code !== RAN.dropped) this.#window.observe(runMs);
    if (code === RAN.dropped && !aborted && sent.run.origin.kind === "direct") this.#putOff.push(sent.run);
    else this.#report(sent, { outcome: outcomeOf(code, payload, aborted), runMs, endedAtMs: now, stdout, stderr });
    this.#deadline.look();
    this.#settleIdle();
  }

  #report(sent: SentRun, end: RunEnd): void {
    if (sent.run.state !== "ended") this.#end(sent.run, end);
  }

  #end(run: EngineRun, end: RunEnd): void {
    run.state = "ended";
    this.#events.runEnded(run, end);
  }

  #settleIdle(): void {
    if (!this.idle) return;
    this.#onIdle?.();
    this.#onIdle = null;
  }

  #endRunning(sent: SentRun): void {
    const { task, template } = sent.run;
    this.#timeWasUp = true;
    if (sent.abortedAtMs !== null) {
      return this.#process.kill(
        `task "${task}" (${template.name}) was aborted and did not end within ${this.#options.graceMs} ms`,
      );
    }
    const excess = `ran longer than its maxRuntime of ${template.flags.maxRuntimeMs} ms`;
    this.#verdict = { kind: "timed-out", message: `it ${excess}; its engine's process was ended` };
    this.#process.kill(`task "${task}" (${template.name}) ${excess}`);
  }
}
