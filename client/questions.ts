/**
 * The questions of a client about tasks of the whole cluster: what waits and why, what happened, which records there are.
 *
 *   `Client` → **Questions** → scheduler (what is now) and hub (what was)
 *
 * A question sees all that its client submitted and heard before it. Nothing is changed by one, but by `purgeResults`.
 * @module
 */
import { type EngineId, type TaskId, wayOf } from "../protocol/ids.ts";
import type { Explanation, StoryLine } from "../protocol/explanation.ts";
import type { TaskStatus } from "../protocol/outcome.ts";
import { type ConditionMessage, type FieldValue, RECORD_FIELDS, type RecordField } from "../protocol/records.ts";
import { SerializationError, TaskPending, UnknownTask } from "../wire/errors.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import type { SupervisionNode } from "../protocol/supervision.ts";
import { ControllerTime } from "./controller_time.ts";
import { type AskOptions, checkAskOptions } from "./ask_options.ts";
import { type Jobs, type NamedTask, namedTasks, shownIds } from "./jobs.ts";
import type { QuestionLink } from "./question_link.ts";
import { joinQueues, type QueueStatus, type QueueStatusOptions, resolveQueueOptions } from "./queue_status.ts";
import { checkQuery, checkQueryOptions, type HubRecord } from "./record_query.ts";
import type { Session } from "./session.ts";

/** The state of tasks, id by id. */
export interface ResultStatus {
  /** Those that are not finished. */
  readonly pending: readonly string[];
  /** Those that are, however they ended. */
  readonly completed: readonly string[];
  /** Each of them, in a word. */
  readonly status: Readonly<Record<string, TaskStatus>>;
}

/** Places of records in one question for them. */
const RECORDS_PAGE = 2_000;

/** Asks for one client. */
export class Questions {
  readonly #session: Session;
  readonly #time: ControllerTime;

  constructor(session: Session) {
    this.#session = session;
    this.#time = new ControllerTime(session.clock);
  }

  async explain(task: Jobs, options: AskOptions): Promise<Explanation> {
    const signal = checkAskOptions(options);
    const id = oneOf(namedTasks(task), "Cannot explain");
    const { scheduler } = await this.#session.ask(signal);
    if (!this.#session.tasks.isUnsent(id)) return await scheduler.explain(id);
    const text = `Task "${id}" is still in its client: what was submitted before it is on its way to the controller.`;
    return { cause: "unsent", status: "waiting", text, attempts: 0, engines: [], uuid: null, tasks: [] };
  }

  async story(task: Jobs, options: AskOptions): Promise<readonly StoryLine[]> {
    const signal = checkAskOptions(options);
    const id = oneOf(namedTasks(task), "Cannot tell the story of");
    const { scheduler, hub } = await this.#session.ask(signal);
    if (this.#session.tasks.isUnsent(id)) return this.#untold(id);
    const [status] = await scheduler.statusOf([id]);
    const [lines, ageMs] = await Promise.all([hub.story(id), hub.age()]);
    if (lines === null) {
      throw status === "forgotten"
        ? unknownTasks("tell the story of", [], [id])
        : unknownTasks("tell the story of", [id], []);
    }
    this.#time.observe(ageMs);
    return lines.map(([at, text]) => ({ at: this.#time.toLocal(Math.round(at)), text }));
  }

  async resultStatus(jobs: Jobs, options: AskOptions): Promise<ResultStatus> {
    const signal = checkAskOptions(options);
    const named = namedTasks(jobs);
    const { scheduler } = await this.#session.ask(signal);
    const known = new Map<TaskId, TaskStatus>();
    for (const task of named) {
      const status = this.#statusHere(task);
      if (status !== null) known.set(task.id, status);
    }
    const asked = named.map(({ id }) => id).filter((id) => !known.has(id));
    const words = asked.length === 0 ? [] : await scheduler.statusOf(asked);
    const forgotten = asked.filter((_, index) => words[index] === "forgotten");
    const unknown = asked.filter((_, index) => words[index] === "unknown");
    if (forgotten.length + unknown.length > 0) throw unknownTasks("tell the status of", unknown, forgotten);
    asked.forEach((id, index) => known.set(id, words[index] as TaskStatus));
    return sorted(known);
  }

  async queueStatus(options: QueueStatusOptions): Promise<QueueStatus> {
    const { targets, verbose, signal } = resolveQueueOptions(options);
    const { scheduler, hub } = await this.#session.ask(signal);
    const queues = await scheduler.queueStatus(targets, verbose);
    const { engines } = await hub.status();
    const ended = verbose ? await this.#endedOn(queues.engines.map(({ engine }) => engine), signal) : null;
    return joinQueues(queues, engines, ended, targets);
  }

  async tree(options: AskOptions): Promise<SupervisionNode> {
    const { hub } = await this.#session.ask(checkAskOptions(options));
    return await hub.tree();
  }

  async hubHistory(options: AskOptions): Promise<string[]> {
    const { scheduler, hub } = await this.#session.ask(checkAskOptions(options));
    await scheduler.caughtUp();
    const history: string[] = [];
    for (let from: number | null = 0; from !== null;) {
      const [ids, next]: Awaited<ReturnType<typeof hub.history>> = await hub.history(from);
      for (const id of ids) history.push(id);
      from = next;
    }
    return history;
  }

  async dbQuery(query: unknown, options: unknown): Promise<Partial<HubRecord>[]> {
    const conditions = checkQuery(query);
    const { keys, sort, limit, signal } = checkQueryOptions(options);
    const { scheduler, hub } = await this.#session.ask(signal);
    await scheduler.caughtUp();
    this.#time.observe(await hub.age());
    const found = await hub.find(conditions.map((condition) => this.#sent(condition)), sort, limit);
    return await this.#recordsAt(hub, found, keys);
  }

  async purgeResults(jobs: Jobs | "all", options: AskOptions): Promise<void> {
    const signal = checkAskOptions(options);
    const named = jobs === "all" ? null : namedTasks(jobs);
    const { scheduler } = await this.#session.ask(signal);
    const unsent = named?.filter(({ id }) => this.#session.tasks.isUnsent(id)).map(({ id }) => id) ?? [];
    if (unsent.length > 0) throw pendingTasks("forget", unsent);
    const [pending, unknown] = await scheduler.purge(named?.map(({ id }) => id) ?? null);
    if (unknown.length > 0) throw unknownTasks("forget", unknown, []);
    if (pending.length > 0) throw pendingTasks("forget", pending);
  }

  /** The story of a task that left its client yet to nobody. */
  #untold(id: TaskId): StoryLine[] {
    const job = this.#session.tasks.jobOf(id);
    return job === null ? [] : [{ at: job.plan.submitted, text: "was submitted, and waits in its client to be sent" }];
  }

  /** What this client knows best: of results that it holds, and of what no scheduler sees. */
  #statusHere({ id, job, task }: NamedTask): TaskStatus | null {
    if (job?.isSettled(task)) return job.report(task)?.status ?? null;
    if (this.#session.tasks.isUnsent(id)) return "waiting";
    const pending = isPastScheduler(id) ? this.#session.tasks.find(id) : null;
    return pending === null ? null : pending.job.report(pending.task)?.status ?? "ready";
  }

  /** The records of what ended on these engines, in the order of submission. */
  async #endedOn(
    engines: readonly EngineId[],
    signal: AbortSignal | undefined,
  ): Promise<Partial<HubRecord>[]> {
    const query = { engineId: { $in: engines }, status: { $in: ["done", "failed", "aborted"] } };
    return await this.dbQuery(query, { keys: ["msgId", "engineId", "status"], limit: 100_000, signal });
  }

  async #recordsAt(
    hub: QuestionLink["hub"],
    orders: readonly number[],
    keys: readonly RecordField[],
  ): Promise<Partial<HubRecord>[]> {
    const records: Partial<HubRecord>[] = [];
    for (let at = 0; at < orders.length;) {
      const rows = await hub.records(orders.slice(at, at + RECORDS_PAGE), keys);
      if (rows.length === 0) throw new SerializationError("Cannot read the records: the hub gave none of them.");
      at += rows.length;
      // What was forgotten since it was found is left out.
      for (const row of rows) if (row !== null) records.push(this.#record(keys, row));
    }
    return records;
  }

  #record(keys: readonly RecordField[], row: readonly FieldValue[]): Partial<HubRecord> {
    const entries = keys.map((key, index) => [key, this.#shown(key, row[index] ?? null)]);
    return Object.fromEntries(entries);
  }

  #shown(key: RecordField, value: FieldValue): unknown {
    if (typeof value === "number" && RECORD_FIELDS[key] === "time") return this.#time.toLocal(value);
    if (key !== "error" || !Array.isArray(value)) return value;
    const [name, message] = value;
    return { name, message };
  }

  #sent([field, operator, operand]: ConditionMessage): ConditionMessage {
    if (RECORD_FIELDS[field] !== "time") return [field, operator, operand];
    const toHub = (value: unknown) => typeof value === "number" ? this.#time.toHub(value) : null;
    return [field, operator, Array.isArray(operand) ? operand.map(toHub) : toHub(operand)];
  }
}

/** Whether the scheduler never sees a task of this id. */
export function isPastScheduler(id: TaskId): boolean {
  return wayOf(parseTaskId(id)?.counter ?? 0) !== "balanced";
}

/** For ids that nothing is known of, never or not any more. */
export function unknownTasks(what: string, ids: readonly TaskId[], forgotten: readonly TaskId[]): UnknownTask {
  const reasons: string[] = [];
  if (forgotten.length > 0) reasons.push(`forgotten (purged, or past the bounds of --keep): ${shownIds(forgotten)}`);
  const past = ids.filter(isPastScheduler);
  if (past.length > 0) {
    reasons.push(
      `never with the scheduler (tasks of direct views and of the scheme "pure", and those that were refused at their ` +
        `client, are known by their results alone): ${shownIds(past)}`,
    );
  }
  const rest = ids.filter((id) => !isPastScheduler(id));
  if (rest.length > 0) reasons.push(`not known here: ${shownIds(rest)}`);
  return new UnknownTask(`Cannot ${what} tasks that are ${reasons.join("; ")}.`);
}

/** For tasks that have to finish first. */
export function pendingTasks(what: string, ids: readonly TaskId[]): TaskPending {
  return new TaskPending(
    `Cannot ${what} tasks that are not finished: ${shownIds(ids)}; wait for them, or abort them first.`,
  );
}

function oneOf(tasks: readonly NamedTask[], what: string): TaskId {
  const [first] = tasks;
  if (first !== undefined && tasks.length === 1) return first.id;
  throw new RangeError(`${what} ${tasks.length} tasks at once: give the id of one, from result.msgIds.`);
}

function sorted(known: ReadonlyMap<TaskId, TaskStatus>): ResultStatus {
  const isPending = (status: TaskStatus) => status === "waiting" || status === "ready" || status === "running";
  const entries = [...known];
  return {
    pending: entries.filter(([, status]) => isPending(status)).map(([id]) => id),
    completed: entries.filter(([, status]) => !isPending(status)).map(([id]) => id),
    status: Object.fromEntries(entries),
  };
}
