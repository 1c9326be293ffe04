/**
 * A model of one client: what `client/session.ts` and its queues do towards the scheduler, in their order.
 *
 * Keeps what is unsettled and submits it again to each controller that welcomes it, aborts too; takes the first outcome
 * of a task and ignores others. Values, maps and direct tasks are left out.
 * @module
 */
import type { EngineId, EngineUuid, Epoch, Session, TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";
import type { Settle } from "../../scheduler/core/effects.ts";
import type { Clock, TimerHandle } from "../../wire/clock.ts";
import type { Link } from "./network.ts";

/** What a client can say to a scheduler. */
export interface ClientSide {
  attachClient(link: Link, client: SimulatedClient, firstUnsettled: number, answer: (epoch: Epoch) => void): void;
  detachClient(session: Session): void;
  submit(session: Session, batch: SubmittedPart): void;
  abort(ids: readonly TaskId[]): void;
  purge(ids: readonly TaskId[] | null): void;
}

/** What became of a task, told along with those that name it: the scheduler may not know. */
export interface EarlierOutcome {
  readonly task: TaskId;
  readonly ok: boolean;
  readonly engine: EngineId | null;
  readonly engineUuid: EngineUuid | null;
  readonly error: string | null;
}

/** A batch, or a part of one. */
export interface SubmittedPart {
  readonly specs: readonly TaskSpec[];
  readonly agesMs: readonly number[];
  readonly more: boolean;
  readonly known: readonly EarlierOutcome[];
}

/** How a client finds a scheduler: a fresh link to the one that lives; `null`: none does. */
export type FindClientSide = () => { readonly link: Link; readonly scheduler: ClientSide } | null;

/** What a client needs of the world. */
export interface ClientWorld {
  readonly clock: Clock;
  tell(task: TaskId | null, text: () => string): void;
}

/** A task as its client knows it. */
export interface ClientTask {
  readonly spec: TaskSpec;
  readonly counter: number;
  readonly submittedAtMs: number;
  /** A message ends behind it. */
  readonly endsPart: boolean;
  outcome: TaskOutcome | null;
  /** How it was told; `null` where it ended here. */
  told: Settle | null;
  settledAtMs: number;
  aborted: boolean;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const CALL_LIMIT_MS = 10_000;
/** Between two messages of a batch. */
const PART_PAUSE_MS = 3;

export class SimulatedClient {
  readonly session: Session;
  readonly #world: ClientWorld;
  readonly #find: FindClientSide;
  readonly #tasks = new Map<number, ClientTask>();
  #tie: { readonly link: Link; readonly scheduler: ClientSide } | null = null;
  #epoch = -1;
  #open = false;
  #attaching = false;
  #attempts = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: TimerHandle | null = null;
  #alive = true;
  #asleepUntilMs = 0;
  /** Of this attachment: batches that are not sent yet, in order. */
  #outgoing: ClientTask[][] = [];
  #sending = false;
  readonly #sent = new Set<number>();
  #aborts: TaskId[] = [];

  constructor(session: Session, world: ClientWorld, find: FindClientSide) {
    this.session = session;
    this.#world = world;
    this.#find = find;
    this.#attach();
  }

  get alive(): boolean {
    return this.#alive;
  }

  get tasks(): Iterable<ClientTask> {
    return this.#tasks.values();
  }

  get link(): Link | null {
    return this.#tie?.link ?? null;
  }

  task(counter: number): ClientTask | null {
    return this.#tasks.get(counter) ?? null;
  }

  /** Submits a batch: the tasks of one turn. */
  submit(tasks: readonly Pick<ClientTask, "spec" | "counter" | "endsPart">[]): void {
    if (!this.#alive) return;
    const submittedAtMs = this.#world.clock.now();
    const open = { outcome: null, told: null, settledAtMs: 0, aborted: false };
    const batch = tasks.map((task) => ({ ...task, ...open, submittedAtMs }));
    for (const task of batch) this.#tasks.set(task.counter, task);
    if (!this.#open) return;
    this.#outgoing.push(batch);
    this.#send();
  }

  /** Aborts by ids, also those of other clients. */
  abort(ids: readonly TaskId[]): void {
    if (!this.#alive) return;
    for (const id of ids) {
      const task = this.taskOf(id);
      if (task?.outcome) continue;
      if (task !== null) task.aborted = true;
      if (task !== null && !this.#sent.has(task.counter)) this.#endUnsent(task);
      else this.#aborts.push(id);
    }
    this.#sendAborts();
  }

  purge(ids: readonly TaskId[] | null): void {
    const tie = this.#tie;
    if (this.#open && tie !== null) tie.link.send("near", () => tie.scheduler.purge(ids));
  }

  settled(epoch: Epoch, results: readonly Settle[]): void {
    if (!this.#alive || epoch < this.#epoch) return;
    for (const result of results) {
      const task = this.taskOf(result.task);
      if (task === null || task.outcome !== null) continue;
      task.outcome = result.outcome;
      task.told = result;
      task.settledAtMs = this.#world.clock.now();
      this.#world.tell(result.task, () => `its client hears: ${outcomeText(result.outcome)}`);
    }
  }

  /** Says good-bye: its tasks go on. */
  leave(): void {
    const tie = this.#tie;
    if (!this.#alive) return;
    if (tie !== null) tie.link.send("near", () => tie.scheduler.detachClient(this.session));
    this.#end();
  }

  /** Its process is gone. */
  vanish(): void {
    if (!this.#alive) return;
    this.#tie?.link.die("near");
    this.#end();
  }

  /** Its machine sleeps: the link breaks, and it looks for the controller when it wakes. */
  sleep(forMs: number): void {
    this.#asleepUntilMs = this.#world.clock.now() + forMs;
    this.#tie?.link.break();
  }

  /** Looks for the controller again, however long it meant to sleep. */
  wake(): void {
    this.#asleepUntilMs = 0;
    if (this.#alive && this.#tie === null && !this.#attaching) this.#later(0, () => this.#attach());
  }

  #end(): void {
    this.#alive = this.#open = false;
    if (this.#timer !== null) this.#world.clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #attach(): void {
    if (!this.#alive || this.#attaching) return;
    this.#attaching = true;
    const attempt = ++this.#attempts;
    const tie = this.#currentTie();
    if (tie === null) return this.#attachFailed(attempt);
    const first = this.#firstUnsettled();
    this.#later(CALL_LIMIT_MS, () => this.#attachFailed(attempt));
    tie.link.send("near", () => {
      const answer = (epoch: Epoch) => tie.link.send("far", () => this.#welcomed(attempt, epoch));
      tie.scheduler.attachClient(tie.link, this, first, answer);
    });
  }

  #welcomed(attempt: number, epoch: Epoch): void {
    if (!this.#alive || attempt !== this.#attempts || !this.#attaching) return;
    this.#later(0, () => {});
    this.#attaching = false;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#epoch = epoch;
    this.#open = true;
    this.#sent.clear();
    const unsettled = [...this.#tasks.values()].filter(({ outcome }) => outcome === null);
    this.#outgoing = unsettled.length === 0 ? [] : [unsettled.sort((a, b) => a.counter - b.counter)];
    // A controller may die before it has acted on an abort.
    const again = unsettled.filter(({ aborted }) => aborted).map(({ spec }) => spec.id);
    this.#aborts = [...new Set([...this.#aborts, ...again])];
    this.#send();
  }

  #attachFailed(attempt: number): void {
    if (attempt !== this.#attempts || !this.#attaching) return;
    this.#attaching = false;
    this.#attachLater();
  }

  #attachLater(): void {
    const pauseMs = Math.max(this.#pauseMs, this.#asleepUntilMs - this.#world.clock.now());
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    this.#later(pauseMs, () => this.#attach());
  }

  #currentTie() {
    if (this.#tie?.link.isOpen("near")) return this.#tie;
    const tie = this.#find();
    this.#tie = tie;
    tie?.link.onDown("near", () => {
      if (this.#tie !== tie || !this.#alive) return;
      this.#tie = null;
      this.#open = this.#attaching = false;
      this.#attempts++;
      this.#attachLater();
    });
    return tie;
  }

  /** One message after the other, those of a batch a little apart. */
  #send(): void {
    if (this.#sending || !this.#open) return;
    const batch = this.#outgoing[0];
    if (batch === undefined) return this.#sendAborts();
    const end = batch.findIndex(({ endsPart }) => endsPart);
    const part = end < 0 ? batch.splice(0) : batch.splice(0, end + 1);
    if (batch.length === 0) this.#outgoing.shift();
    this.#sendPart(part, batch.length > 0);
    this.#sending = true;
    const attempt = this.#attempts;
    this.#world.clock.setTimer(() => {
      this.#sending = false;
      if (attempt === this.#attempts || this.#open) this.#send();
    }, batch.length > 0 ? PART_PAUSE_MS : 0);
  }

  /** Of tasks that ended here meanwhile it tells only that they did. */
  #sendPart(all: readonly ClientTask[], more: boolean): void {
    const tie = this.#tie;
    if (tie === null) return;
    const part = all.filter(({ outcome }) => outcome === null);
    const ended = all.filter(({ outcome }) => outcome !== null).map(({ spec }) => spec.id);
    for (const { counter } of part) this.#sent.add(counter);
    const now = this.#world.clock.now();
    const ages = part.map(({ submittedAtMs }) => now - submittedAtMs);
    const specs = part.map(({ spec }) => this.#withValues(spec));
    const batch = { specs, agesMs: ages, more, known: this.#knownOf(specs, ended) };
    tie.link.send("near", () => tie.scheduler.submit(this.session, batch));
  }

  /** A scheduler that it was not with before may not know the results that it has: it is given these. */
  #withValues(spec: TaskSpec): TaskSpec {
    if (spec.inputs === undefined || this.#attempts <= 1) return spec;
    const inputs = spec.inputs.map((input) => {
      const outcome = typeof input === "string" ? this.taskOf(input)?.outcome : null;
      return outcome?.kind === "done" ? outcome.value : input;
    });
    return { ...spec, inputs };
  }

  /** What became of tasks of its own that these name, where it is settled, and of those that ended here. */
  #knownOf(specs: readonly TaskSpec[], ended: readonly TaskId[]): EarlierOutcome[] {
    const named = new Set([
      ...specs.flatMap(({ template: { flags } }) => [...flags.after?.ids ?? [], ...flags.follow?.ids ?? []]),
      ...specs.flatMap(({ inputs = [] }) => inputs.filter((input) => typeof input === "string")),
      ...ended,
    ]);
    return [...named].flatMap((id) => {
      const { outcome, told } = this.taskOf(id) ?? { outcome: null, told: null };
      if (outcome === null) return [];
      const error = outcome.kind === "failed" ? outcome.error.name : null;
      const ok = outcome.kind === "done";
      return [{ task: id, ok, engine: told?.engine ?? null, engineUuid: told?.uuid ?? null, error }];
    });
  }

  #sendAborts(): void {
    const tie = this.#tie;
    if (!this.#open || tie === null || this.#aborts.length === 0) return;
    const ids = this.#aborts.filter((id) => {
      const own = this.taskOf(id);
      return own === null || this.#sent.has(own.counter);
    });
    this.#aborts = this.#aborts.filter((id) => !ids.includes(id));
    if (ids.length > 0) tie.link.send("near", () => tie.scheduler.abort(ids));
  }

  /** It ends here and is never sent. */
  #endUnsent(task: ClientTask): void {
    const { id } = task.spec;
    task.outcome = {
      kind: "failed",
      error: { name: "TaskAborted", message: `Aborted task "${id}" before it was submitted.` },
    };
    task.settledAtMs = this.#world.clock.now();
    this.#world.tell(id, () => "its client aborts it before it is submitted");
  }

  /** Its own task of this id. */
  taskOf(id: TaskId): ClientTask | null {
    if (!id.startsWith(`${this.session}-`)) return null;
    return this.#tasks.get(Number(id.slice(this.session.length + 1))) ?? null;
  }

  #firstUnsettled(): number {
    let first = Infinity;
    let next = 0;
    for (const { counter, outcome } of this.#tasks.values()) {
      if (outcome === null) first = Math.min(first, counter);
      next = Math.max(next, counter + 1);
    }
    return Math.min(first, next);
  }

  #later(delayMs: number, act: () => void): void {
    if (this.#timer !== null) this.#world.clock.clearTimer(this.#timer);
    this.#timer = this.#world.clock.setTimer(() => {
      this.#timer = null;
      act();
    }, delayMs);
  }
}

/** An outcome in few words. */
export function outcomeText(outcome: TaskOutcome): string {
  switch (outcome.kind) {
    case "done":
      return "done";
    case "threw":
      return "failed, it threw";
    case "failed":
      return `${outcome.error.name}: ${outcome.error.message}`;
  }
}
