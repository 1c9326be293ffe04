/**
 * The client's actor: hears the news of scheduler and hosts, and hands them to its session.
 *
 * Thin on purpose: no decision is made here. Spawned by `Client.attach`, under the name `client` of its node.
 * @module
 */
import { Actor } from "../actors/actor.ts";
import type { ContentHash, Epoch, HostId } from "../protocol/ids.ts";
import type {
  EngineMessage,
  NewsMessage,
  ResultPiece,
  RunningMessage,
  SettledMessage,
  TakenMessage,
  WatchedMessage,
} from "../protocol/messages.ts";
import type { ClientApi } from "../protocol/roles.ts";
import type { Session } from "./session.ts";

/** Answers to `ClientApi`. */
export class ClientActor extends Actor implements ClientApi {
  static override readonly callsOnly = ["bringAgain"];

  readonly #session: Session;

  constructor(session: Session) {
    super();
    this.#session = session;
  }

  settled(epoch: Epoch, results: readonly SettledMessage[]): void {
    this.#session.settled(epoch, results);
  }

  running(tasks: readonly RunningMessage[]): void {
    this.#session.running(tasks);
  }

  watched(results: readonly WatchedMessage[]): void {
    this.#session.toldWatched(results);
  }

  engines(list: readonly EngineMessage[]): void {
    this.#session.engines(list);
  }

  directSettled(results: readonly SettledMessage[]): void {
    this.#session.directSettled(results);
  }

  news(rows: readonly NewsMessage[]): void {
    this.#session.news(rows);
  }

  resultPiece(piece: ResultPiece): boolean {
    return this.#session.resultPiece(this.context.sender, piece);
  }

  bringAgain(hash: ContentHash, host: HostId): Promise<boolean> {
    return this.context.replyLater(this.#session.bringAgain(hash, host));
  }

  broadcastHeard(host: HostId, sequence: number, taken: boolean): void {
    this.#session.broadcastHeard(host, sequence, taken);
  }

  /** From this node itself: the host is gone. */
  hostLost(host: HostId, reason: string): void {
    this.#session.hostLost(host, reason);
  }

  pureTaken(host: HostId, taken: readonly TakenMessage[]): void {
    this.#session.pureTaken(host, taken);
  }

  pureReturned(counters: readonly number[]): void {
    this.#session.pureReturned(counters);
  }
}
