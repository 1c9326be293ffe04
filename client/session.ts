/**
 * One client's tie to its cluster: the controller life it talks to, the engines it knows, its tasks.
 *
 *   client actor (news) → **Session** → `ClientTasks` → `Settlement` → `Job` → `AsyncResult`
 *
 * Talks to ports only, so all of it runs against fakes. A new controller gets everything unsettled again; what is settled
 * twice counts once.
 * @module
 */
import type { ContentHash, Epoch, HostId, Session as SessionId, TaskId } from "../protocol/ids.ts";
import type {
  ClientHello,
  ClientWelcome,
  EngineMessage,
  NewsMessage,
  ResultPiece,
  RunningMessage,
  SettledMessage,
  TakenMessage,
  WatchedMessage,
} from "../protocol/messages.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../protocol/version.ts";
import { asError } from "../wire/as_error.ts";
import type { Clock } from "../wire/clock.ts";
import { ConnectionError, NotRunning } from "../wire/errors.ts";
import { Attachment } from "./attachment.ts";
import { ClientTasks, type ClientTasksOptions } from "./client_tasks.ts";
import { closedError, unansweredError } from "./closed_error.ts";
import { EngineRoster } from "./engine_roster.ts";
import { ForeignAborts } from "./foreign_aborts.ts";
import type { HostLink } from "./host_link.ts";
import type { FindQuestions, QuestionLink } from "./question_link.ts";
import { FunctionShipping } from "./function_shipping.ts";
import { readCounters, readNews, readResultPiece, readTaken } from "./read_news.ts";
import { TaskTemplates } from "./task_templates.ts";
import { unlessAborted } from "./waiting.ts";
import { WatchedResults } from "./watched_results.ts";

/** What a session works with. */
export interface SessionOptions extends ClientTasksOptions {
  readonly questions: FindQuestions;
  /** Of a client that lives in an engine: the engine's host. */
  readonly engineHost?: HostId | null;
}

/** From the end of a controller that was stopped until another one must be there: it takes over in seconds. */
const STOPPED_LIMIT_MS = 30_000;

/** One client's side of everything. */
export class Session {
  readonly id: SessionId;
  readonly clock: Clock;
  readonly roster = new EngineRoster();
  readonly shipping = new FunctionShipping();
  readonly templates = new TaskTemplates(this.shipping);
  readonly tasks: ClientTasks;
  /** Results that were asked for by their ids. */
  readonly watched: WatchedResults;
  readonly #options: SessionOptions;
  readonly #attachment: Attachment;
  readonly #foreignAborts: ForeignAborts;
  readonly #ending = new AbortController();
  /** -1: no controller was there yet. */
  #epoch = -1;
  #closed: Error | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.id = options.id;
    this.clock = options.clock;
    this.#foreignAborts = new ForeignAborts({
      clock: options.clock,
      ask: () => this.ask(),
      send: (ids) => this.tasks.aborts.again(ids),
    });
    const { decode: special, encode: encodeSpecial, sent } = this.shipping;
    const askedOfOthers = (ids: readonly TaskId[]) => this.#foreignAborts.add(ids);
    this.tasks = new ClientTasks({ ...options, special, encodeSpecial, sent, askedOfOthers }, this.roster);
    this.watched = new WatchedResults({
      id: options.id,
      clock: options.clock,
      ask: () => this.ask(),
      jobOf: (id) => this.tasks.jobOf(id),
      settle: (task, message) => this.tasks.settleWatched(task, message),
      fail: (task, error) => this.tasks.failWatched(task, error),
    });
    this.#attachment = new Attachment({
      link: options.scheduler,
      clock: options.clock,
      log: options.log,
      hello: () => this.#hello(),
      welcomed: (welcome) => this.#welcomed(welcome),
      signal: this.#ending.signal,
    });
  }

  /** Introduces the client to the controller. Rejects with `ConnectionError` where none answers in time. */
  async start(timeoutMs: number): Promise<void> {
    // The parser takes longer to load than most controllers to answer, and `apply` can't wait for it.
    await Promise.all([this.#attachment.attach(timeoutMs), this.#openShipping()]);
  }

  async #openShipping(): Promise<void> {
    const { parseScript } = await import("./script_parser.ts");
    if (this.#closed === null) this.shipping.open(parseScript);
  }

  /**
   * The ones to ask, once there is a controller and has been sent what this turn of the event loop submitted. Rejects with
   * `ConnectionError` where the client is closed, and like each of the questions with the signal's reason.
   */
  async ask(signal?: AbortSignal): Promise<QuestionLink> {
    signal?.throwIfAborted();
    await unlessAborted(this.#attachment.idle, signal);
    if (this.#closed !== null) throw unansweredError(this.#closed);
    return this.#options.questions(signal);
  }

  /** The way to a host. */
  hostLink(host: HostId): HostLink {
    return this.#options.host(host);
  }

  // --- the news ---

  /**
   * The controller is gone: waits for the next one and gives it all that is unsettled. One that was `stopped` on request
   * may have had no reason to come back, so the wait is bounded then.
   */
  controllerLost(stopped = false): void {
    if (this.#closed !== null || this.#attachment.busy) return;
    this.tasks.pause();
    this.#attachment.attach(stopped ? STOPPED_LIMIT_MS : Infinity).catch((error) => {
      this.end(stopped && error instanceof ConnectionError ? stoppedError(error) : asError(error));
    });
  }

  /** From the controller of that life; what a deposed one says changes nothing. */
  settled(epoch: Epoch, results: readonly SettledMessage[]): void {
    if (epoch >= this.#epoch) this.tasks.settled(results);
  }

  /** From the controller: tasks that were asked for. */
  toldWatched(results: readonly WatchedMessage[]): void {
    this.#read("watched", () => this.watched.told(results));
  }

  directSettled(results: readonly SettledMessage[]): void {
    this.tasks.directSettled(results);
  }

  /** What running tasks show; too late, or of no task of ours, it changes nothing. */
  news(rows: readonly NewsMessage[]): void {
    this.tasks.news(this.#read("news", () => readNews(rows)) ?? []);
  }

  /** A piece of a big result, from that node. Whether more is wanted. */
  resultPiece(sender: string, piece: ResultPiece): boolean {
    const read = this.#closed === null ? this.#read("resultPiece", () => readResultPiece(piece)) : null;
    return read !== null && this.tasks.resultPiece(sender, read);
  }

  /** A host needs these bytes of a task of ours again. Whether it got them. */
  bringAgain(hash: ContentHash, host: HostId): Promise<boolean> {
    return this.#closed === null ? this.tasks.bringAgain(hash, host) : Promise.resolve(false);
  }

  broadcastHeard(host: HostId, sequence: number, taken: boolean): void {
    this.tasks.broadcastHeard(host, sequence, taken);
  }

  pureTaken(host: HostId, taken: readonly TakenMessage[]): void {
    const read = this.#closed === null ? this.#read("pureTaken", () => readTaken(taken)) : null;
    if (read !== null) this.tasks.pure.taken(host, read);
  }

  pureReturned(counters: readonly number[]): void {
    this.tasks.pure.returned(this.#read("pureReturned", () => readCounters(counters)) ?? []);
  }

  running(tasks: readonly RunningMessage[]): void {
    this.tasks.running(tasks);
  }

  engines(list: readonly EngineMessage[]): void {
    this.roster.update(list);
    this.tasks.pure.enginesChanged();
  }

  hostLost(host: HostId, reason: string): void {
    this.tasks.hostLost(host, reason);
  }

  // --- the end ---

  /** Says good-bye and ends; tasks go on, their results are lost to this client. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed !== null) return;
    this.end(new ConnectionError("The client was closed."));
    await this.#options.scheduler.detach(this.id);
  }

  /** Ends: whatever is pending rejects. */
  end(cause: Error): void {
    if (this.#closed !== null) return;
    this.#closed = cause;
    this.#ending.abort(cause);
    this.roster.close(closedError(cause));
    this.tasks.close(cause);
    this.#foreignAborts.close();
    this.shipping[Symbol.dispose]();
    this.watched.close(closedError(cause));
  }

  #welcomed([epoch, , engines, , scheme = ""]: ClientWelcome): void {
    const isFirst = this.#epoch < 0;
    this.#epoch = epoch;
    this.roster.update(engines);
    this.tasks.resume(scheme, isFirst);
    if (isFirst) return;
    this.watched.resumed();
    this.#foreignAborts.renewed();
  }

  /** What a host says, or `null` where it is no message of ours: garbage from one must not end the client. */
  #read<T>(method: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      this.#options.log("error", "message dropped", { method, reason: String(error) });
      return null;
    }
  }

  #hello(): ClientHello {
    const { node, engineHost = null } = this.#options;
    const hello = [PROTOCOL_VERSION, PACKAGE_VERSION, this.id, node, this.tasks.firstUnsettled()] as const;
    return engineHost === null ? hello : [...hello, engineHost];
  }
}

function stoppedError(cause: Error): NotRunning {
  return new NotRunning(
    `Cannot go on with the cluster: its controller was stopped, and no other has come within ${STOPPED_LIMIT_MS} ms.`,
    { cause },
  );
}
