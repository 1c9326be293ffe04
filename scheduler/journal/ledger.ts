/**
 * What a journal comes to: every task that is known with what became of it, hosts, the engine ids that were given.
 *
 * A fold of lines that runs no decision code, so that any version and scheme reads any journal. Each change puts a new
 * object in the place of the old one: a snapshot is a list of what is there now, and may be written while more comes.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { InheritedSession, InheritedTask, TasksInherited } from "../core/events.ts";
import { IntervalSet } from "../core/interval_set.ts";
import { splitTaskId } from "../core/session_record.ts";
import type { JournalLine } from "./journal_line.ts";

/** So many sessions of which nothing is left but that there were tasks are remembered. */
const MAX_BARE_SESSIONS = 1_000;

interface LedgerSession {
  forgotten: IntervalSet;
  tasks: number;
}

export class Ledger {
  readonly #tasks = new Map<TaskId, InheritedTask>();
  readonly #sessions = new Map<Session, LedgerSession>();
  readonly #hosts = new Set<HostId>();
  /** Sessions of which there are no tasks. */
  #bare = 0;
  #nextEngineId = 0;
  #epoch = 0;

  /** Of the last life that wrote; 0: none did. */
  get epoch(): Epoch {
    return this.#epoch as Epoch;
  }

  /** Hosts that joined and were not lost. */
  get hosts(): readonly HostId[] {
    return [...this.#hosts];
  }

  /** No life has given this engine id or a higher one. */
  get nextEngineId(): number {
    return this.#nextEngineId;
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** In the order in which they were accepted. A list of its own. */
  tasks(): readonly InheritedTask[] {
    return [...this.#tasks.values()];
  }

  get(id: TaskId): InheritedTask | undefined {
    return this.#tasks.get(id);
  }

  sessions(): readonly InheritedSession[] {
    return [...this.#sessions].map(([session, { forgotten }]) => ({ session, forgotten: forgotten.intervals }));
  }

  /** For the core of the next life. */
  event(at: number): TasksInherited {
    return { kind: "tasks-inherited", at, sessions: this.sessions(), tasks: this.tasks() };
  }

  /** Takes in what was written. */
  apply(line: JournalLine): void {
    switch (line.kind) {
      case "accepted":
        return this.#accept(line.task);
      case "failed": {
        const task = this.#tasks.get(line.id);
        if (task === undefined || task.settled !== null) return;
        const failures = line.counts ? task.failures + 1 : task.failures;
        this.#tasks.set(line.id, { ...task, failures, lastFailure: line.failure });
        return;
      }
      case "settled": {
        const task = this.#tasks.get(line.id);
        if (task !== undefined) this.#tasks.set(line.id, { ...task, lastFailure: null, settled: line.settled });
        return;
      }
      case "forgotten":
        return this.#forget(line.id);
      case "session": {
        this.#session(line.session).forgotten = IntervalSet.from(line.forgotten);
        return;
      }
      case "host-joined":
        this.#hosts.add(line.host);
        return;
      case "host-lost":
        this.#hosts.delete(line.host);
        return;
      case "engine":
        this.#nextEngineId = Math.max(this.#nextEngineId, line.id + 1);
        if (line.host !== null) this.#hosts.add(line.host);
        return;
      case "epoch":
        this.#epoch = Math.max(this.#epoch, line.epoch);
        return;
    }
  }

  /** What the hub has to hear of what was inherited, in the order of submission. */
  *facts(): Generator<Fact> {
    const tasks = this.tasks().toSorted((a, b) => a.submittedAt - b.submittedAt);
    for (const { spec, submittedAt, failures, lastFailure, settled } of tasks) {
      const { id: task } = spec;
      yield { kind: "task-accepted", at: submittedAt, spec, submittedAt };
      if (lastFailure !== null) {
        const { at, engine, outcome } = lastFailure;
        const error = outcome.kind === "threw" ? outcome.error : null;
        const reason = outcome.kind === "failed" ? outcome.error.message : "it threw";
        yield { kind: "attempt-failed", at, task, engine, reason: `${reason} (${failures} in all)`, error };
      }
      if (settled !== null) yield { kind: "task-settled", task, ...settled };
    }
  }

  #accept(task: InheritedTask): void {
    const { id } = task.spec;
    if (this.#tasks.has(id)) return;
    this.#tasks.set(id, task);
    const session = this.#sessionOf(id);
    if (session === null) return;
    if (session.tasks === 0) this.#bare--;
    session.tasks++;
  }

  #forget(id: TaskId): void {
    const parts = splitTaskId(id);
    const session = this.#sessionOf(id);
    if (parts === null || session === null) return;
    session.forgotten.add(parts.counter);
    if (!this.#tasks.delete(id)) return;
    session.tasks--;
    if (session.tasks === 0) this.#bare++;
    if (this.#bare > 2 * MAX_BARE_SESSIONS) this.#dropBareSessions();
  }

  #sessionOf(id: TaskId): LedgerSession | null {
    const parts = splitTaskId(id);
    return parts === null ? null : this.#session(parts.session);
  }

  #session(id: Session): LedgerSession {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      this.#sessions.set(id, session = { forgotten: new IntervalSet(), tasks: 0 });
      this.#bare++;
    }
    return session;
  }

  /** The oldest of them. */
  #dropBareSessions(): void {
    for (const [id, { tasks }] of this.#sessions) {
      if (this.#bare <= MAX_BARE_SESSIONS) return;
      if (tasks > 0) continue;
      this.#sessions.delete(id);
      this.#bare--;
    }
  }
}
