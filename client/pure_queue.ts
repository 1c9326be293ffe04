/**
 * The way of balanced tasks in the scheme `pure`: published to a queue group of engines, never more than these keep busy.
 *
 * Holds no tasks of its own: what is to go stands in lanes, one for each who submits. A message without a receiver
 * vanishes without a word: so nothing is published while there are no engines or no connection. Owned by `pure_tasks.ts`.
 * @module
 */
import type { Bus } from "../bus/bus.ts";
import type { Session } from "../protocol/ids.ts";
import type { CodeMessage, PayloadMessage, PureMessage } from "../protocol/messages.ts";
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import { asError } from "../wire/as_error.ts";
import { EndOfTurn } from "../wire/end_of_turn.ts";
import { ConnectionError } from "../wire/errors.ts";
import { encodeFrame } from "../wire/frame_codec.ts";
import { BigValue } from "./big_value.ts";
import type { EngineRoster } from "./engine_roster.ts";
import { codesOf, type ShippedCode } from "./function_code.ts";
import type { PureFlight } from "./pure_flight.ts";
import type { PureLane } from "./pure_lane.ts";
import type { PureLanes } from "./pure_lanes.ts";
import type { PureWindow } from "./pure_window.ts";
import { templateMessage } from "./task_batch.ts";
import type { PendingTask } from "./task_table.ts";

/** Where tasks are published. */
export interface PureTarget {
  readonly bus: Pick<Bus, "publish" | "status" | "maxPayload" | "onStatus">;
  /** `pureSubject` of the cluster. */
  readonly subject: string;
}

/** What the queue works with. */
export interface PureQueueOptions {
  readonly session: Session;
  /** The client's node, where results go. */
  readonly node: string;
  readonly target: PureTarget;
  readonly lanes: PureLanes;
  readonly flight: PureFlight;
  readonly window: PureWindow;
  readonly roster: EngineRoster;
  /** Resolves when the value is placed or has failed. */
  readonly place: (value: BigValue) => Promise<void>;
  /** Forgets where a value is when that host is gone. */
  readonly recheck: (value: BigValue) => void;
  readonly reject: (task: PendingTask, error: Error) => void;
  /** All that there was room for is sent. */
  readonly sent: () => void;
}

/** Code up to this size goes with every message; above, it is brought to a host once. */
const INLINE_CODE_BYTES = 4 * 1024;
/** Argument bytes of one message, unless it is a single task. */
const MESSAGE_BYTES = 16 * 1024;
/** Bytes that are published and not settled: well below what a server holds for a slow receiver. */
const FLIGHT_BYTES = 8 * 1024 * 1024;
/** Of a message: for all that is in it besides arguments. */
const HEAD_BYTES = 16 * 1024;
/** So many messages for each slot at least, before tasks share one: else a short map would go to a few engines. */
const MESSAGES_A_SLOT = 4;

/** Publishes the tasks of the lanes. */
export class PureQueue {
  readonly #options: PureQueueOptions;
  readonly #bigCodes = new WeakMap<ShippedCode, BigValue>();
  readonly #atTheEnd = new EndOfTurn(() => this.#flush());
  /** Waiting for a value to be placed. */
  #waiting = false;
  #closed = false;

  constructor(options: PureQueueOptions) {
    this.#options = options;
  }

  /** Arguments longer than this travel as blobs. */
  get inlineLimit(): number {
    return Math.max(0, Math.min(INLINE_LIMIT_BYTES, this.#options.target.bus.maxPayload - HEAD_BYTES));
  }

  /** Something changed: publishes what there is room for, at the end of this turn. */
  wake(): void {
    if (!this.#closed) this.#atTheEnd.ask();
  }

  /** Nothing goes out any more. */
  close(): void {
    this.#closed = true;
  }

  #flush(): void {
    const { target, roster, lanes, sent } = this.#options;
    const canSend = () => !this.#closed && !this.#waiting && roster.slots > 0 && target.bus.status === "connected";
    lanes.inTurn((lane) => canSend() && this.#sendMessage(lane));
    if (!this.#closed) sent();
  }

  /** Whether there may be more to send. */
  #sendMessage(lane: PureLane): boolean {
    const tasks = this.#gather(lane);
    const [first] = tasks;
    if (first === undefined) return false;
    if (this.#publish(first, tasks)) return true;
    // Not away: it goes first when the connection is back.
    this.#options.lanes.sendAgain(tasks);
    return false;
  }

  /** Tasks of one function for one message; none where there is no room, or nothing to send. */
  #gather(lane: PureLane): PendingTask[] {
    const tasks: PendingTask[] = [];
    let bytes = 0;
    let most = 1;
    for (let task = lane.peek(); task !== null && tasks.length < most; task = lane.peek()) {
      if (tasks.length === 0) most = this.#room(task, lane);
      if (most === 0 || (tasks[0] !== undefined && task.template !== tasks[0].template)) break;
      const size = sizeOf(task);
      if (tasks.length > 0 && bytes + size > MESSAGE_BYTES) break;
      const value = this.#unplaced(task);
      if (value !== null && value.failure === null) {
        this.#waitFor(value);
        break;
      }
      lane.pass(task);
      if (value !== null) this.#options.reject(task, value.failure ?? new ConnectionError("No host took its bytes."));
      else {
        tasks.push(task);
        bytes += size;
      }
    }
    return tasks;
  }

  /**
   * How many tasks may go in the next message, whose first one this is. One, whatever is under way, for who has none:
   * all that is under way may be tasks that wait for what they have submitted, and that could be this one.
   */
  #room({ template: { code } }: PendingTask, { owner, size }: PureLane): number {
    const { flight, window, roster } = this.#options;
    const least = flight.sizeOf(owner) === 0 ? 1 : 0;
    if (flight.bytes >= FLIGHT_BYTES) return least;
    const free = window.aheadOf(code) * roster.slots - flight.size;
    const share = Math.max(1, Math.floor(size / (MESSAGES_A_SLOT * roster.slots)));
    return Math.max(least, Math.min(free, window.togetherOf(code), share));
  }

  #publish({ template }: PendingTask, tasks: readonly PendingTask[]): boolean {
    const { target, flight, session, node } = this.#options;
    const asMessage = (code: ShippedCode): CodeMessage => [code.hash, payload(this.#sourceOf(code))];
    const code = asMessage(template.code);
    const modules = template.code.modules?.map(asMessage) ?? [];
    const runs = tasks.map(({ counter, args, inputs }) => {
      if (inputs === undefined) return [counter, payload(args)] as const;
      return [counter, payload(args), inputs.map((source) => source.payload)] as const;
    });
    const parts = [session, node, code, templateMessage(template), runs] as const;
    const message: PureMessage = modules.length === 0 ? parts : [...parts, modules];
    try {
      const bytes = encodeFrame(message);
      target.bus.publish(target.subject, bytes);
      for (const task of tasks) flight.add(task.counter, sizeOf(task), task.job.plan.owner ?? null);
      return true;
    } catch (error) {
      if (error instanceof ConnectionError) return false;
      for (const task of tasks) this.#options.reject(task, asError(error));
      return true;
    }
  }

  /** The part of a task that has to be brought to a host first. */
  #unplaced({ template, args, inputs = [] }: PendingTask): BigValue | null {
    const results = inputs.map(({ value }) => value);
    const sources = codesOf(template.code).map((part) => this.#sourceOf(part));
    for (const value of [...sources, template.captures, args, ...results]) {
      if (!(value instanceof BigValue)) continue;
      this.#options.recheck(value);
      if (value.home === null) return value;
    }
    return null;
  }

  #sourceOf(code: ShippedCode): Uint8Array | BigValue {
    const { source } = code;
    if (source instanceof BigValue || source.length <= INLINE_CODE_BYTES) return source;
    let value = this.#bigCodes.get(code);
    if (value === undefined) this.#bigCodes.set(code, value = new BigValue(source, code.hash));
    return value;
  }

  #waitFor(value: BigValue): void {
    this.#waiting = true;
    const goOn = () => {
      this.#waiting = false;
      this.wake();
    };
    this.#options.place(value).then(goOn, goOn);
  }
}

function sizeOf({ args, inputs = [] }: PendingTask): number {
  return inputs.reduce((sum, { value }) => sum + inlineLength(value), inlineLength(args));
}

function inlineLength(value: Uint8Array | BigValue | null): number {
  return value instanceof Uint8Array ? value.length : 0;
}

function payload(value: Uint8Array | BigValue): PayloadMessage {
  const message = value instanceof BigValue ? value.message : value;
  if (message === null) throw new TypeError("Cannot publish a task whose bytes are at no host yet.");
  return message;
}
