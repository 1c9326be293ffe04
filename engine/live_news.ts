/**
 * What a task shows before it ends: lines it printed, data it published, how far it is; sent at once, but at a bounded rate.
 *
 * An engine has 32 messages to spend and gets 20 a second back, 16,384 characters each, whatever its tasks do in loops:
 * what they print meanwhile follows in order, of data and progress the latest. A lone line leaves at once, also from a
 * task that never gives the event loop a turn. What has not left at the end of a task comes with its result. Owned by the
 * task runner, which tells it of all three.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { NestedLine } from "../protocol/messages.ts";
import { OUTPUT_CHANNELS, type TaskPrint } from "./task_print.ts";
import type { TaskRun } from "./task_run.ts";

/** Messages that may leave at once. */
export const NEWS_BURST = 32;
/** From one message to the next, for longer. */
export const NEWS_PAUSE_MS = 50;
/** Characters of one message. */
export const NEWS_CHARACTERS = 16_384;

/** Counted for a line besides its own. */
const NESTED_HEAD = 32;

/** Where news go. */
export interface NewsOutlet {
  /** `at`: the characters that the task printed there before. */
  printed(number: number, channel: OutputChannel, text: string, at: number): void;
  published(number: number, data: Uint8Array): void;
  progress(number: number, fraction: number, text: string | null): void;
  nested(number: number, lines: readonly NestedLine[]): void;
}

/** What there is to say of one task. */
interface Pending {
  readonly run: TaskRun;
  readonly sent: Record<OutputChannel, number>;
  data: Uint8Array | null;
  progress: readonly [fraction: number, text: string | null] | null;
  /** What tasks of the task printed. */
  nested: NestedLine[];
  /** Characters of it. */
  nestedSize: number;
  /** It stands in the list of those with something to say. */
  listed: boolean;
}

// Kept here because tasks may patch the globals.
const now = performance.now.bind(performance);
const later = setTimeout;

/** The news of one engine's tasks. */
export class LiveNews {
  readonly #outlet: NewsOutlet;
  readonly #now: () => number;
  readonly #later: (callback: () => void, ms: number) => unknown;
  /** Those with something to say, in order: by index alone, since tasks may have patched the methods of arrays. */
  #listed: Pending[] = [];
  #credit = NEWS_BURST;
  #creditAt: number;
  #timerSet = false;

  /** `clock` is for tests. */
  constructor(outlet: NewsOutlet, clock: { now: () => number; later: (callback: () => void, ms: number) => unknown } = {
    now,
    later: (callback, ms) => later(callback, ms),
  }) {
    this.#outlet = outlet;
    this.#now = clock.now;
    this.#later = clock.later;
    this.#creditAt = this.#now();
  }

  /** The task has printed something. */
  printed(run: TaskRun): void {
    this.#say(this.#pending(run));
  }

  /** The task shows a value. */
  published(run: TaskRun, data: Uint8Array): void {
    const pending = this.#pending(run);
    pending.data = data;
    this.#say(pending);
  }

  /** The task says how far it is. */
  progress(run: TaskRun, fraction: number, text: string | null): void {
    const pending = this.#pending(run);
    pending.progress = [fraction, text];
    this.#say(pending);
  }

  /** A task of the task printed a line, or has ended: more than fits in a message meanwhile is left out. */
  nested(run: TaskRun, line: NestedLine): void {
    const pending = this.#pending(run);
    const { nested } = pending;
    const size = line[5]?.length ?? 0;
    if (line[5] !== null && pending.nestedSize + size > NEWS_CHARACTERS) return;
    pending.nestedSize += size + NESTED_HEAD;
    nested[nested.length] = line;
    this.#say(pending);
  }

  /** The task ends: data and progress leave ahead of its result, the result has what it printed. */
  end(run: TaskRun): void {
    const pending = run.news as Pending | null;
    if (pending === null) return;
    run.news = null;
    this.#sendData(pending);
    this.#sendProgress(pending);
    this.#sendNested(pending);
    pending.listed = false;
  }

  #pending(run: TaskRun): Pending {
    const known = run.news as Pending | null;
    if (known !== null) return known;
    const pending: Pending = {
      run,
      sent: { stdout: 0, stderr: 0 },
      data: null,
      progress: null,
      nested: [],
      nestedSize: 0,
      listed: false,
    };
    run.news = pending;
    return pending;
  }

  #say(pending: Pending): void {
    if (!pending.listed) {
      pending.listed = true;
      this.#listed[this.#listed.length] = pending;
    }
    // Each time, and not only when the timer fires: a task in a loop never lets it.
    this.#sendListed();
  }

  /** As much as the rate allows, one message of each in turn. */
  #sendListed(): void {
    this.#refill();
    if (this.#credit < 1) return this.#setTimer();
    let at = 0;
    for (; at < this.#listed.length && this.#credit >= 1; at++) {
      const pending = this.#listed[at];
      if (pending === undefined || !pending.listed) continue;
      pending.listed = false;
      this.#sendSome(pending);
      if (!this.#hasNews(pending)) continue;
      pending.listed = true;
      this.#listed[this.#listed.length] = pending;
    }
    const rest: Pending[] = [];
    for (; at < this.#listed.length; at++) {
      const pending = this.#listed[at];
      if (pending !== undefined && pending.listed) rest[rest.length] = pending;
    }
    this.#listed = rest;
    if (rest.length > 0) this.#setTimer();
  }

  #setTimer(): void {
    if (this.#timerSet) return;
    this.#timerSet = true;
    this.#later(() => {
      this.#timerSet = false;
      this.#sendListed();
    }, NEWS_PAUSE_MS);
  }

  #refill(): void {
    const at = this.#now();
    const credit = this.#credit + (at - this.#creditAt) / NEWS_PAUSE_MS;
    this.#credit = credit > NEWS_BURST ? NEWS_BURST : credit;
    this.#creditAt = at;
  }

  #sendSome(pending: Pending): void {
    this.#credit--;
    this.#sendData(pending);
    this.#sendProgress(pending);
    this.#sendNested(pending);
    const { print } = pending.run;
    if (print === null) return;
    for (let index = 0; index < OUTPUT_CHANNELS.length; index++) {
      const channel = OUTPUT_CHANNELS[index] ?? "stdout";
      const at = pending.sent[channel];
      const text = print.part(channel, at, NEWS_CHARACTERS);
      if (text === "") continue;
      pending.sent[channel] = at + text.length;
      this.#outlet.printed(pending.run.number, channel, text, at);
    }
  }

  #hasNews({ run: { print }, sent, data, progress, nested }: Pending): boolean {
    return data !== null || progress !== null || nested.length > 0 || (print !== null && isBehind(print, sent));
  }

  #sendData(pending: Pending): void {
    const { data } = pending;
    pending.data = null;
    if (data !== null) this.#outlet.published(pending.run.number, data);
  }

  #sendNested(pending: Pending): void {
    const { nested } = pending;
    if (nested.length === 0) return;
    pending.nested = [];
    pending.nestedSize = 0;
    this.#outlet.nested(pending.run.number, nested);
  }

  #sendProgress(pending: Pending): void {
    const { progress } = pending;
    pending.progress = null;
    if (progress !== null) this.#outlet.progress(pending.run.number, progress[0], progress[1]);
  }
}

function isBehind(print: TaskPrint, sent: Record<OutputChannel, number>): boolean {
  return print.stdout.length > sent.stdout || print.stderr.length > sent.stderr;
}
