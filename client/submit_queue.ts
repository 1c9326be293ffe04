/**
 * The way of tasks to the scheduler: in order, a turn of the event loop in one message, never more than it takes.
 *
 * Holds no tasks of its own, only how far into the table it has sent; so a new controller is served by starting again at
 * the first unsettled task. What a turn submits may name its tasks in any order: each message says whether more of it is
 * to come. Owned by `client_tasks.ts`.
 * @module
 */
import type { ContentHash, Session, TaskId } from "../protocol/ids.ts";
import type { InputMessage, KnownMessage, PayloadMessage, SubmitMessage } from "../protocol/messages.ts";
import { asError } from "../wire/as_error.ts";
import type { Clock } from "../wire/clock.ts";
import { EndOfTurn } from "../wire/end_of_turn.ts";
import { MailboxFull } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import type { BigValue } from "./big_value.ts";
import { InFlight, type InFlightBounds } from "./in_flight.ts";
import type { InputSource } from "./input_source.ts";
import type { KnownOutcomes } from "./known_outcomes.ts";
import type { SchedulerLink } from "./scheduler_link.ts";
import { TaskBatch, unplaced } from "./task_batch.ts";
import type { PendingTask, TaskTable } from "./task_table.ts";

/** What the queue works with. */
export interface SubmitQueueOptions {
  readonly session: Session;
  readonly table: TaskTable;
  readonly link: SchedulerLink;
  readonly clock: Clock;
  readonly log: Log;
  /** Tasks from this counter on are not there yet: later slices of a map. */
  readonly limit: () => number;
  /** Whether such are still to come. */
  readonly unmade: () => boolean;
  /** Told along with tasks that name them. */
  readonly outcomes: KnownOutcomes;
  /** Whether the task has to wait for results that the scheduler will not know; it is added late then. */
  readonly holdBack: (task: PendingTask) => boolean;
  /** Whether it waits for some now. */
  readonly isHeld: (counter: number) => boolean;
  /** Makes the inputs of a task ready to be sent. Throws where one can't be had. */
  readonly resolve: (task: PendingTask) => void;
  /** Resolves when the value is placed or has failed. */
  readonly place: (value: BigValue) => Promise<void>;
  /** A task can't be submitted at all. */
  readonly reject: (task: PendingTask, error: Error) => void;
  /** All below this counter is sent. */
  readonly advanced: (cursor: number) => void;
}

type Row = SubmitMessage[3][number];

/**
 * Arguments that travel inline stay with the controller, and with the hosts, until their task is settled. Past so much of
 * one client the rest waits here.
 */
const MAX_IN_FLIGHT: InFlightBounds = { bytes: 256 * 1024 * 1024, tasks: Infinity };
/** So many ids of aborted tasks are kept before those that are settled are looked for. */
const KEPT_ABORTS = 1_024;

/** Sends the tasks of a table to the scheduler. */
export class SubmitQueue {
  readonly #options: SubmitQueueOptions;
  readonly #known = new Set<ContentHash>();
  /** With the scheduler of this life. */
  readonly #inFlight = new InFlight(MAX_IN_FLIGHT);
  /** Everything below was sent in this controller life, or is settled, or is among `#late`. */
  #cursor = 0;
  /** Submitted under ids that were drawn before, below the cursor. */
  #late: number[] = [];
  /** Aborts that are not sent yet. */
  #aborts: TaskId[] = [];
  /** Own tasks whose abort was asked for: a controller may die before it has acted on it. Settled ones go lazily. */
  #aborted = new Set<TaskId>();
  /** The last message said that more follows: one that says the contrary has to come, be it empty. */
  #underWay = false;
  /** What was sent of the batch under way names others, which may be among what was not: all of it has to go. */
  #naming = false;
  #open = false;
  readonly #atTheEnd = new EndOfTurn(() => this.#flush());
  /** Waiting for the link to drain, or for a value to be placed. */
  #waiting = false;

  constructor(options: SubmitQueueOptions) {
    this.#options = options;
  }

  /** Tasks were added: sends them at the end of this turn. */
  wake(): void {
    this.#atTheEnd.ask();
  }

  /** A task was added below what is sent already. */
  addLate(counter: number): void {
    if (counter < this.#cursor) this.#late.push(counter);
  }

  /** Whether the scheduler of this life has been given the task. */
  isSent(counter: number): boolean {
    return counter < this.#cursor && !this.#late.includes(counter) && !this.#options.isHeld(counter);
  }

  /** The task is settled. */
  settled(counter: number): void {
    if (this.#inFlight.remove(counter)) this.wake();
  }

  /** Asks the scheduler to abort; ids of tasks that are not sent yet wait until they are. */
  abort(ids: readonly TaskId[]): void {
    for (const id of ids) {
      this.#aborts.push(id);
      if (this.#isOurs(id)) this.#aborted.add(id);
    }
    if (this.#aborted.size > 2 * this.#options.table.size + KEPT_ABORTS) this.#forgetSettledAborts();
    this.wake();
  }

  /** The controller is away: nothing is sent until `restart`. */
  pause(): void {
    this.#open = false;
  }

  /** A controller that knows nothing of ours: everything unsettled goes again, code and aborts too. */
  restart(): void {
    this.#known.clear();
    this.#late = [];
    this.#cursor = Math.min(this.#options.table.firstUnsettled(), this.#options.limit());
    this.#forgetSettledAborts();
    this.#aborts = [...new Set([...this.#aborts, ...this.#aborted])];
    this.#inFlight.clear();
    this.#underWay = this.#naming = false;
    this.#open = true;
    this.#waiting = false;
    this.wake();
  }

  #flush(): void {
    while (this.#open && !this.#waiting && this.#sendBatch());
    if (!this.#open) return;
    this.#sendAborts();
    // Also where nothing was sent: after a restart the cursor may begin where the next slice does.
    this.#options.advanced(this.#cursor);
  }

  /** Whether there may be more to send. */
  #sendBatch(): boolean {
    const batch = new TaskBatch<Row>(this.#known);
    const { cursor, late } = this.#fill(batch);
    const more = late < this.#late.length || cursor < this.#options.limit() || this.#options.unmade();
    if ((batch.rows.length > 0 || (this.#underWay && !more)) && !this.#cast(batch, more)) return false;
    for (const [hash] of batch.codes) this.#known.add(hash);
    this.#cursor = cursor;
    if (late > 0) this.#late.splice(0, late);
    return batch.full;
  }

  /** Puts in what fits; returns how far it came. Stops before a task whose big value is not placed: order is kept. */
  #fill(batch: TaskBatch<Row>): { cursor: number; late: number } {
    const row = this.#rowMaker();
    let late = 0;
    for (; late < this.#late.length && !batch.full; late++) {
      if (!this.#take(this.#late[late] ?? 0, batch, row)) return { cursor: this.#cursor, late };
    }
    let cursor = this.#cursor;
    if (this.#inFlight.full && !this.#naming) return { cursor, late };
    for (const limit = this.#options.limit(); cursor < limit && !batch.full; cursor++) {
      if (!this.#take(cursor, batch, row)) break;
    }
    return { cursor, late };
  }

  #take(counter: number, batch: TaskBatch<Row>, row: RowMaker): boolean {
    const task = this.#options.table.get(counter);
    if (task === undefined || this.#options.holdBack(task) || !this.#resolves(task)) return true;
    const value = unplaced(task);
    if (value === null) {
      batch.add(task, row);
      return true;
    }
    if (value.failure !== null) {
      this.#options.reject(task, value.failure);
      return true;
    }
    this.#waitFor(this.#options.place(value));
    return false;
  }

  /** Whether its inputs are ready; where they can't be, it has ended. */
  #resolves(task: PendingTask): boolean {
    if (task.inputs === undefined) return true;
    try {
      this.#options.resolve(task);
      return true;
    } catch (error) {
      this.#options.reject(task, asError(error));
      return false;
    }
  }

  #rowMaker(): RowMaker {
    const now = this.#options.clock.now();
    return (task, template, args) => {
      const ageMs = Math.round(now - task.job.plan.submittedAt);
      const { inputs } = task;
      if (inputs !== undefined) return [task.counter, template, args, Math.max(0, ageMs), inputs.map(toMessage)];
      return ageMs > 0 ? [task.counter, template, args, ageMs] : [task.counter, template, args];
    };
  }

  #cast(batch: TaskBatch<Row>, more: boolean): boolean {
    const { outcomes } = this.#options;
    const known = outcomes.toTell(batch.flags, this.#underWay, batch.inputIds);
    if (!this.#attempt(() => this.#options.link.submit(this.#message(batch, more, known)))) return false;
    outcomes.told(known);
    this.#underWay = more;
    this.#naming = more && (this.#naming || namesOthers(batch));
    for (const [counter, bytes] of batch.sizes) this.#inFlight.add(counter, bytes);
    return true;
  }

  #message({ codes, templates, rows }: TaskBatch<Row>, more: boolean, known: readonly KnownMessage[]): SubmitMessage {
    const { session } = this.#options;
    return known.length === 0
      ? [session, codes, templates, rows, more]
      : [session, codes, templates, rows, more, known];
  }

  #sendAborts(): void {
    if (this.#aborts.length === 0) return;
    const ready: TaskId[] = [];
    const early: TaskId[] = [];
    for (const id of this.#aborts) (this.#canAbort(id) ? ready : early).push(id);
    if (ready.length > 0 && this.#attempt(() => this.#options.link.abort(ready))) this.#aborts = early;
  }

  #canAbort(id: TaskId): boolean {
    const parts = parseTaskId(id);
    return parts?.session !== this.#options.session || this.isSent(parts.counter);
  }

  #isOurs(id: TaskId): boolean {
    return parseTaskId(id)?.session === this.#options.session;
  }

  #forgetSettledAborts(): void {
    const { table } = this.#options;
    const unsettled = [...this.#aborted].filter((id) => table.get(parseTaskId(id)?.counter ?? -1) !== undefined);
    this.#aborted = new Set(unsettled);
  }

  /** Whether the link took it. */
  #attempt(send: () => void): boolean {
    try {
      send();
      return true;
    } catch (error) {
      if (error instanceof MailboxFull) this.#waitFor(this.#options.link.drained());
      // Anything else means that the controller is lost; `restart` sends all of it again.
      else this.#options.log("warn", "Cannot send to the scheduler", { error: String(error) });
      return false;
    }
  }

  #waitFor(promise: Promise<void>): void {
    this.#waiting = true;
    promise.then(() => {
      this.#waiting = false;
      this.wake();
    }, (error) => this.#options.log("error", "Cannot go on submitting", { error: String(error) }));
  }
}

function namesOthers({ flags, inputIds }: TaskBatch<Row>): boolean {
  return inputIds.length > 0 || flags.some(({ after, follow }) => after !== null || follow !== null);
}

function toMessage(source: InputSource): InputMessage {
  return source.message;
}

type RowMaker = (task: PendingTask, template: number, args: PayloadMessage) => Row;
