/**
 * Feeds one process of an engine: keeps its pipe just full enough, matches results to runs, bounds their time.
 *
 * Runs are in the pipe in order and begin in order, so the first ones that are not back, as many as there are slots, are
 * those that run. Lives as long as the process; `engine_seat.ts` makes one for each life.
 * @module
 */
import {
  type PipeBytes,
  RAN,
  type ResultMessage,
  type RunMessage,
  TO_ENGINE,
  TO_HOST,
  type ToHostMessage,
} from "../protocol/pipe_messages.ts";
import type { EngineId } from "../protocol/ids.ts";
import type { Payload } from "../protocol/task_spec.ts";
import { asError } from "../wire/as_error.ts";
import type { Clock } from "../wire/clock.ts";
import { EndOfTurn } from "../wire/end_of_turn.ts";
import { EngineError } from "../wire/errors.ts";
import { isCount } from "../wire/message_checks.ts";
import { EngineInputs, inlineBytes, type InlineRun, type InputSources, type PreparedRun } from "./engine_inputs.ts";
import { EngineOutputs } from "./engine_outputs.ts";
import type { BlobFolder } from "./blob_folder.ts";
import type { BlobFollower } from "./blob_follower.ts";
import type { EngineProcess } from "./engine_process.ts";
import type { EngineRun } from "./engine_run.ts";
import { FeedWindow, WINDOW_BYTES } from "./feed_window.ts";
import type { NestedLine } from "../protocol/messages.ts";
import { areNestedLines } from "../wire/nested_lines.ts";
import { printedBy, publishedBy } from "./shown_so_far.ts";
import { deathOf, endWith, hostFailed, outcomeOf, type RunEnd, timeIsUp } from "./run_end.ts";
import { RunDeadline } from "./run_deadline.ts";
import type { RunQueue } from "./run_queue.ts";
import { type SentRun, SentRuns } from "./sent_runs.ts";

const NO_BYTES = new Uint8Array(0);

/** What is told of runs. */
export interface FeedEvents {
  runEnded(run: EngineRun, end: RunEnd): void;
  published(run: EngineRun, data: Uint8Array): void;
  progress(run: EngineRun, fraction: number, text: string | null): void;
  /** `at`: the characters that it printed there before. */
  printed(run: EngineRun, channel: 0 | 1, text: string, at: number): void;
  /** What tasks of a run print. */
  nested(run: EngineRun, lines: readonly NestedLine[]): void;
  /** A run waits for tasks of its own and lends its slot, or takes it back. */
  slot(run: EngineRun, lent: boolean): void;
  /** The result of a run, of `total` bytes, begins to come. Whoever follows it must dispose of what it gets. */
  resultBegun(run: EngineRun, total: number, follow: () => BlobFollower): void;
}

export interface FeedOptions {
  readonly clock: Clock;
  readonly sources: InputSources;
  readonly folder: BlobFolder;
  /** Tasks an engine runs at a time. */
  readonly slots: number;
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
  readonly #window: FeedWindow;
  readonly #sent: SentRuns;
  readonly #deadline: RunDeadline;
  #counter = 0;
  #open = false;
  #preparing = false;
  readonly #atTheEnd = new EndOfTurn(() => this.#fill());
  #timeWasUp = false;
  /** Direct runs that a drain took out of the pipe: they are for this very engine, and wait for its next process. */
  readonly #putOff: EngineRun[] = [];
  #onIdle: (() => void) | null = null;

  constructor(process: EngineProcess, queue: RunQueue, options: FeedOptions, events: FeedEvents) {
    this.#process = process;
    this.#queue = queue;
    this.#options = options;
    this.#events = events;
    this.#inputs = new EngineInputs(process, options.sources);
    this.#outputs = new EngineOutputs(options.folder, (total, follow) => {
      // Which run it is of is said in the end only: with several, nobody knows before.
      const [only, ...others] = this.#sent.running;
      if (only !== undefined && others.length === 0 && only.run.state !== "ended") {
        this.#events.resultBegun(only.run, total, follow);
      }
    });
    const { clock, graceMs, slots } = options;
    this.#window = new FeedWindow(slots);
    this.#sent = new SentRuns(slots);
    this.#deadline = new RunDeadline(clock, graceMs, () => this.#sent.running, (sent) => this.#endProcessFor(sent));
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
    this.#process.send([TO_ENGINE.welcome, engine, this.#options.slots]);
    this.#open = true;
    this.pump();
  }

  /** No more runs go out, those that run may finish. Resolves when the pipe is empty, or the process has ended. */
  drain(): Promise<void> {
    this.#open = false;
    for (const sent of this.#sent.waiting) this.#recall(sent);
    if (this.idle) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    return promise;
  }

  /**
   * Sends a value that is still being uploaded, ahead of the run it is for. Not while there is anything else to do: a
   * task that keeps its thread busy would keep the pipe full, and what it waits for behind it.
   */
  sendAhead(upload: string, total: number, follow: () => BlobFollower | null): void {
    if (!this.#open || !this.idle || this.#queue.first !== null) return;
    const blob = follow();
    if (blob !== null) this.#inputs.sendAhead(upload, total, blob);
  }

  /** Sends what fits, at the end of this turn. */
  pump(): void {
    if (this.#open && !this.#preparing && this.#queue.first !== null) this.#atTheEnd.ask();
  }

  /** Ends a run that was sent. Behind others it is reported at once; running, its signal fires and its time is short. */
  abort(run: EngineRun): void {
    const sent = this.#sent.find((sent) => sent.run === run);
    if (sent === null) return this.#abortPutOff(run);
    if (sent.abortedAtMs !== null) return;
    const now = this.#options.clock.now();
    sent.abortedAtMs = now;
    sent.dropAsked = true;
    this.#process.send([TO_ENGINE.cancel, sent.number]);
    if (sent.running) this.#deadline.look(sent);
    else this.#report(sent, endWith({ kind: "aborted" }, now));
  }

  /** Gives back a scheduled run that has not begun; one that has goes on. */
  callBack(run: EngineRun): void {
    const sent = this.#sent.find((sent) => sent.run === run);
    if (sent !== null && !sent.running && run.origin.kind === "scheduled") this.#recall(sent);
  }

  #recall(sent: SentRun): void {
    if (sent.dropAsked) return;
    sent.dropAsked = true;
    this.#process.send([TO_ENGINE.recall, sent.number]);
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
        sent.shown = publishedBy(sent.shown, message[2]);
        return this.#events.published(sent.run, message[2]);
      }
      case TO_HOST.progress: {
        const sent = this.#running(message[1]);
        return this.#events.progress(sent.run, message[2], message[3]);
      }
      case TO_HOST.printed: {
        const [, number, channel, text, at] = message;
        const sent = this.#running(number);
        sent.shown = printedBy(sent.shown, channel, text);
        return this.#events.printed(sent.run, channel, text, at);
      }
      case TO_HOST.nested: {
        const [, number, lines] = message;
        if (!areNestedLines(lines)) throw new RangeError("the engine told of lines that are none");
        return this.#events.nested(this.#running(number).run, lines);
      }
      case TO_HOST.slot:
        return this.#slot(this.#running(message[1]), message[2], message[3]);
    }
  }

  #slot(sent: SentRun, lent: boolean, begun: number): void {
    if (!isCount(begun)) throw new RangeError(`the engine spoke of ${String(begun)} runs that have begun`);
    if (lent) { for (const next of this.#sent.lend(sent, this.#options.clock.now())) this.#deadline.look(next); }
    else this.#sent.retake(sent, begun);
    sent.run.lent = lent;
    if (sent.run.state !== "ended") this.#events.slot(sent.run, lent);
  }

  /** The process has ended: the others than those that ran never began. Those for this very engine wait on. */
  close(reason: string): void {
    // A drain closes it before; a death finds it open.
    const died = this.#open;
    this.#open = false;
    this.#deadline.stop();
    this.#outputs.close();
    this.#inputs.close();
    const now = this.#options.clock.now();
    const waiting = this.#putOff;
    for (const sent of this.#sent.clear()) {
      const { kind } = sent.run.origin;
      if (sent.running) {
        // Nobody else will say any more what it showed before it went down.
        this.#report(sent, { ...endWith(deathOf(sent, reason), now, now - sent.startedAtMs), ...sent.shown });
      } else if (kind === "pure" && died) this.#report(sent, endWith({ kind: "engine-died", message: reason }, now));
      else if (kind !== "direct") this.#report(sent, endWith({ kind: "returned" }, now));
      else if (sent.run.state !== "ended") waiting.push(sent.run);
    }
    for (const run of waiting.reverse()) this.#requeue(run);
    this.#onIdle?.();
  }

  #requeue(run: EngineRun): void {
    run.state = "queued";
    run.lent = false;
    this.#queue.unshift(run);
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
      const { args, inputs } = run as InlineRun;
      runs.push(this.#note(run, { template, args, inputs }));
    }
    if (runs.length > 0) this.#process.send([TO_ENGINE.run, ...runs]);
  }

  #hasRoom(): boolean {
    const size = this.#sent.size - this.#sent.lent;
    return size < this.#window.runs && (size < this.#options.slots || this.#sent.bytes < WINDOW_BYTES);
  }

  /** For runs that need more than a message. None overtakes it, and it can be aborted meanwhile. */
  async #prepare(run: EngineRun): Promise<void> {
    this.#preparing = true;
    const wanted = () => this.#open && run.queue === this.#queue;
    try {
      const prepared = await this.#inputs.prepare(run, wanted);
      if (wanted()) {
        this.#queue.remove(run);
        this.#process.send([TO_ENGINE.run, this.#note(run, prepared)]);
      } else this.#drop(prepared);
    } catch (cause) {
      if (this.#queue.remove(run)) this.#refuse(run, cause);
    }
    this.#preparing = false;
    this.#settleIdle();
    this.pump();
  }

  #drop({ args, inputs }: PreparedRun): void {
    for (const value of [args, ...inputs]) {
      if (typeof value === "number") this.#process.send([TO_ENGINE.drop, value]);
    }
  }

  #refuse(run: EngineRun, cause: unknown): void {
    const { message } = asError(cause);
    this.#end(run, endWith({ kind: "host-failed", message }, this.#options.clock.now()));
  }

  #note(run: EngineRun, prepared: PreparedRun): RunMessage {
    const { template, args, inputs } = prepared;
    const number = ++this.#counter;
    const bytes = inlineBytes(prepared);
    const sent = this.#sent.push(run, number, bytes, this.#options.clock.now());
    if (sent.running) this.#deadline.look(sent);
    if (inputs.length === 0) return [number, template, args, run.task, run.attempt];
    return [number, template, args, run.task, run.attempt, inputs];
  }

  /** Runs that run alone can have news. */
  #running(number: number): SentRun {
    const sent = this.#sent.findRunning(number);
    if (sent === null) throw new RangeError(`the engine spoke of run ${number}, which does not run`);
    return sent;
  }

  #dropped(number: number): SentRun {
    const sent = this.#sent.find((sent) => sent.number === number);
    if (sent === null || !sent.dropAsked) {
      throw new RangeError(`the engine dropped run ${number}, which it was not asked for`);
    }
    return sent;
  }

  #finish([, number, code, body, runMs, stdout = "", stderr = ""]: ResultMessage): void {
    const sent = code === RAN.dropped ? this.#dropped(number) : this.#running(number);
    const now = this.#options.clock.now();
    const payload = body === null ? NO_BYTES : this.#take(body);
    for (const next of this.#sent.remove(sent, now)) this.#deadline.look(next);
    const aborted = sent.abortedAtMs !== null;
    if (code !== RAN.dropped) this.#window.observe(runMs);
    if (code === RAN.dropped && !aborted && sent.run.origin.kind === "direct") this.#putOff.push(sent.run);
    else {
      const outcome = payload instanceof EngineError ? hostFailed(payload, aborted) : outcomeOf(code, payload, aborted);
      this.#report(sent, { ...sent.shown, outcome, runMs, endedAtMs: now, stdout, stderr });
    }
    this.#settleIdle();
  }

  /** The value, or why it can't be kept. */
  #take(body: PipeBytes): Payload | EngineError {
    try {
      return this.#outputs.take(body);
    } catch (error) {
      if (error instanceof EngineError) return error;
      throw error;
    }
  }

  #report(sent: SentRun, end: RunEnd): void {
    if (sent.run.state !== "ended") this.#end(sent.run, end);
  }

  #end(run: EngineRun, end: RunEnd): void {
    run.state = "ended";
    run.lent = false;
    this.#events.runEnded(run, end);
  }

  #settleIdle(): void {
    if (!this.idle) return;
    this.#onIdle?.();
    this.#onIdle = null;
  }

  #endProcessFor(sent: SentRun): void {
    this.#timeWasUp = true;
    const { verdict, reason } = timeIsUp(sent, this.#options.graceMs);
    sent.verdict = verdict;
    this.#process.kill(reason);
  }
}
