/**
 * What ties a client to the task that it submits from: what the task waits for, and what ends with it.
 *
 * Many tasks of an engine share one session; each has a tie and a face of its own. Made by `Client.forTask`, asked by
 * `Submission` and by all that waits.
 * @module
 */
import type { NestedLine } from "../protocol/messages.ts";
import type { Job } from "./job.ts";
import { nestedEnd, nestedLine } from "./nested_output.ts";
import type { Session } from "./session.ts";

/** The task. */
export interface TaskOwner {
  readonly msgId: string;
  /** Of the task itself. */
  readonly priority: number;
  /** It waits for results, or no longer does. */
  waits(waits: boolean): void;
  /** A task of it, or of one of these, printed a line. */
  printed?(line: NestedLine): void;
}

/** Says that a wait begins; the result says that it is over. */
export type BeginWait = () => () => void;

const NO_WAIT = () => {};

/** One task's share of the session of its engine. */
export class TaskTie {
  readonly #session: Session;
  readonly #owner: TaskOwner;
  readonly #unfinished = new Set<Job>();
  /** All that it submitted, as long as somebody looks at it. */
  readonly #jobs = new WeakSet<Job>();
  readonly #listening: Disposable;
  /** Tasks whose lines were told, and that go on. */
  readonly #printed = new Set<string>();
  #waits = 0;
  #hasEnded = false;

  constructor(session: Session, owner: TaskOwner) {
    this.#session = session;
    this.#owner = owner;
    this.#listening = session.tasks.output.add({
      line: (line, by) => this.#tell(by, nestedLine(line)),
      // Most tasks print nothing: of these there is nothing to say.
      ended: (msgId, by) => void (this.#printed.delete(msgId) && this.#tell(by, nestedEnd(msgId))),
    });
  }

  /**
   * What it submits goes before its like, unless a flag says otherwise: work that was begun is finished before more is
   * begun. The scheme `pure` has no priorities.
   */
  get priority(): number {
    return this.#session.tasks.pure.active ? 0 : this.#owner.priority + 1;
  }

  /** What it submitted and has no outcome of. */
  get unfinished(): ReadonlySet<Job> {
    return new Set(this.#unfinished);
  }

  /** Throws `TypeError` where the task has ended, or is to end. */
  check(): void {
    if (!this.#hasEnded) return;
    throw new TypeError(
      `Cannot submit from task "${this.#owner.msgId}": it has ended or was aborted, and what it submits ends with it.`,
    );
  }

  /** This is the task's. */
  submitted(job: Job): void {
    if (job.finished) return;
    this.#jobs.add(job);
    this.#unfinished.add(job);
    job.onFinished(() => this.#unfinished.delete(job));
  }

  /** See `BeginWait`. While any wait lasts, the task lends its slot. */
  readonly beginWait: BeginWait = () => {
    if (this.#hasEnded) return NO_WAIT;
    if (++this.#waits === 1) this.#owner.waits(true);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.#waits === 0) this.#owner.waits(false);
    };
  };

  #tell(by: Job, line: NestedLine): void {
    if (!this.#jobs.has(by)) return;
    const [msgId, , , , , text] = line;
    if (text !== null) this.#printed.add(msgId);
    this.#owner.printed?.(line);
  }

  /** Aborts what is not settled, as far as the scheme can. */
  end(): void {
    this.#hasEnded = true;
    this.#listening[Symbol.dispose]();
    for (const job of [...this.#unfinished]) this.#session.tasks.aborts.letGo(job);
  }
}
