/**
 * Scheduler and hub as a client's questions see them, for the tests of `client/`: answers from what the fake cluster has
 * seen, and from tables that tests fill.
 * @module
 */
import type { QuestionLink } from "../../../client/question_link.ts";
import { unlessAborted } from "../../../client/waiting.ts";
import type { Explanation } from "../../../protocol/explanation.ts";
import type { ContentHash, EngineId, TaskId } from "../../../protocol/ids.ts";
import type { PayloadMessage, TemplateMessage } from "../../../protocol/messages.ts";
import type { SchedulerQueues } from "../../../protocol/queue_status.ts";
import type { PurgeMessage, RecordMessage, SpecsMessage, StatusWords } from "../../../protocol/records.ts";
import type { ClusterStatus } from "../../../protocol/status.ts";
import type { SupervisionNode } from "../../../protocol/supervision.ts";
import { parseTaskId } from "../../../wire/task_ids.ts";

/** What the answers are drawn from. */
export interface AskedCluster {
  readonly codes: ReadonlyMap<ContentHash, PayloadMessage>;
  /** Tasks that arrived and are not settled, and those that are. */
  readonly tasks: ReadonlyMap<number, AskedTask>;
  readonly finished: ReadonlyMap<number, AskedTask>;
}

interface AskedTask {
  readonly template: TemplateMessage;
  readonly args: PayloadMessage;
}

export class FakeQuestions {
  /** Every question: its name, then its arguments. */
  readonly asked: unknown[][] = [];
  /** Ids that were forgotten. */
  readonly forgotten = new Set<string>();
  /** So many specs are in one reply. */
  specsAtOnce = Infinity;
  /** Answers of the hub to `records`, by place. */
  readonly rows = new Map<number, RecordMessage>();
  /** Answers to `watch`, one after the other, where they are not what the cluster knows. */
  readonly watchWords: string[][] = [];
  /** Fails `recordsOf`. */
  hubError: Error | null = null;
  /** Answers of the hub to `recordsOf`: label, after, follow, submitted. */
  readonly shown = new Map<string, RecordMessage>();
  found: readonly number[] = [];
  history: readonly TaskId[] = [];
  ageMs = 5_000;
  tree: SupervisionNode = {
    kind: "cluster",
    name: "fake",
    state: "up",
    pid: 1,
    uptimeMs: 1,
    restarts: 0,
    lastEnd: null,
    children: [],
  };
  queues: SchedulerQueues = { engines: [], unassigned: 0, waiting: [], others: 0 };
  engines: ClusterStatus["engines"] = [];
  stories = new Map<string, readonly (readonly [number, string])[]>();
  /** Questions wait for this. */
  gate: Promise<void> = Promise.resolve();
  readonly #cluster: AskedCluster;

  constructor(cluster: AskedCluster) {
    this.#cluster = cluster;
  }

  link(signal?: AbortSignal): QuestionLink {
    return { scheduler: this.#scheduler(signal), hub: this.#hub(signal) };
  }

  readonly #scheduler = (signal?: AbortSignal): QuestionLink["scheduler"] => ({
    caughtUp: () => this.#answer(signal, "caughtUp", [], () => undefined),
    explain: (id) => this.#answer(signal, "explain", [id], () => explanation(id)),
    statusOf: (ids) =>
      this.#answer(signal, "statusOf", [ids], () => ids.map((id) => this.#statusOf(id)) as StatusWords),
    queueStatus: (targets, verbose) =>
      this.#answer(signal, "queueStatus", [targets, verbose], () => ({
        ...this.queues,
        engines: this.queues.engines.filter(({ engine }) => targets === null || targets.includes(engine)),
      })),
    purge: (ids) => this.#answer(signal, "purge", [ids], () => this.#purge(ids)),
    watch: (session, ids) =>
      this.#answer(signal, "watch", [session, ids], () => {
        return (this.watchWords.shift() ?? ids.map((id) => this.#statusOf(id))) as StatusWords;
      }),
    codes: (hashes) =>
      this.#answer(signal, "codes", [hashes], () => hashes.map((hash) => this.#cluster.codes.get(hash) ?? null)),
  });

  readonly #hub = (signal?: AbortSignal): QuestionLink["hub"] => ({
    tree: () => this.#answer(signal, "tree", [], () => this.tree),
    status: () => this.#answer(signal, "status", [], () => ({ engines: this.engines }) as ClusterStatus),
    age: () => this.#answer(signal, "age", [], () => this.ageMs),
    story: (id) => this.#answer(signal, "story", [id], () => this.stories.get(id) ?? null),
    history: (from) =>
      this.#answer(signal, "history", [from], () => {
        const next = from + 2 < this.history.length ? from + 2 : null;
        return [this.history.slice(from, from + 2), next] as const;
      }),
    find: (conditions, sort, limit) => this.#answer(signal, "find", [conditions, sort, limit], () => this.found),
    // One at a time: the client has to ask for the rest.
    records: (orders, keys) =>
      this.#answer(
        signal,
        "records",
        [orders, keys],
        () => orders.slice(0, 1).map((order) => this.rows.get(order) ?? null),
      ),
    recordsOf: (ids, keys) =>
      this.#answer(signal, "recordsOf", [ids, keys], () => {
        if (this.hubError !== null) throw this.hubError;
        return ids.slice(0, 1).map((id) => this.shown.get(id) ?? null);
      }),
    specs: (ids) => this.#answer(signal, "specs", [ids], () => this.#specs(ids)),
  });

  async #answer<T>(signal: AbortSignal | undefined, name: string, args: unknown[], answer: () => T): Promise<T> {
    this.asked.push([name, ...args]);
    await unlessAborted(this.gate, signal);
    return answer();
  }

  #statusOf(id: string): string {
    const counter = parseTaskId(id)?.counter ?? -1;
    if (this.forgotten.has(id)) return "forgotten";
    if (this.#cluster.tasks.has(counter)) return "ready";
    return this.#cluster.finished.has(counter) ? "done" : "unknown";
  }

  #purge(ids: readonly TaskId[] | null): PurgeMessage {
    const pending = ids?.filter((id) => this.#statusOf(id) === "ready") ?? [];
    const unknown = ids?.filter((id) => this.#statusOf(id) === "unknown") ?? [];
    return [pending, unknown];
  }

  #specs(ids: readonly TaskId[]): SpecsMessage {
    const templates: TemplateMessage[] = [];
    const tasks = ids.slice(0, this.specsAtOnce).map((id) => {
      const task = this.#cluster.finished.get(parseTaskId(id)?.counter ?? -1);
      return task === undefined ? null : [templates.push(task.template) - 1, task.args] as const;
    });
    return [templates, tasks];
  }
}

function explanation(id: TaskId): Explanation {
  const engines = [0 as EngineId];
  return { cause: "free-engine", status: "ready", text: `${id} waits.`, attempts: 0, engines, uuid: null, tasks: [] };
}
