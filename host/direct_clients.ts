/**
 * The clients that run tasks past the scheduler: their tasks in hand, and the way back to each.
 *
 * A client that is gone gets nothing any more, and its direct tasks are taken back. Owned by the host's actor.
 * @module
 */
import type { ActorSystem } from "../actors/actor_system.ts";
import type { NodeAddress } from "../actors/link_port.ts";
import { Outbox } from "../actors/outbox.ts";
import type { Ref } from "../actors/ref.ts";
import type { Session } from "../protocol/ids.ts";
import type { SettledMessage } from "../protocol/messages.ts";
import { ACTOR_NAMES, type ClientApi } from "../protocol/roles.ts";
import { DirectRuns } from "./direct_runs.ts";
import type { EngineRun } from "./engine_run.ts";

export class DirectClients {
  readonly runs = new DirectRuns();
  readonly #boxes = new Map<Session, Outbox<ClientApi>>();
  /** What comes next of each client, counting whatever came, as link message or broadcast. */
  readonly #next = new Map<Session, number>();

  /** Makes sure that results find their way; the reference, where the client is new here and is to be watched. */
  meet(session: Session, node: NodeAddress, system: ActorSystem): Ref<ClientApi> | null {
    if (this.#boxes.has(session)) return null;
    const box = new Outbox(system.refAt<ClientApi>(node, ACTOR_NAMES.client));
    this.#boxes.set(session, box);
    return box.ref;
  }

  /** Whether a broadcast comes in its turn: nothing before it is missing, and it did not come before. */
  takeBroadcast(session: Session, sequence: number): boolean {
    if (sequence !== (this.#next.get(session) ?? 0)) return false;
    this.#next.set(session, sequence + 1);
    return true;
  }

  /** Whether a message over the link is news: what was heard as a broadcast already is none. */
  takeMessage(session: Session, sequence: number): boolean {
    if (sequence < (this.#next.get(session) ?? 0)) return false;
    this.#next.set(session, sequence + 1);
    return true;
  }

  /** Results for a client, if it is still there. */
  send(session: Session, results: readonly SettledMessage[]): void {
    this.tell(session, (cast) => cast.directSettled(results));
  }

  /** Says something to a client, if it is still there. */
  tell(session: Session, say: (cast: Ref<ClientApi>["cast"]) => void): void {
    this.#boxes.get(session)?.push(say);
  }

  /** The client's node is gone: what of it is left in hand, to be ended. */
  gone(node: string): readonly EngineRun[] {
    const left: EngineRun[] = [];
    for (const [session, box] of this.#boxes) {
      if (box.ref.address.node !== node) continue;
      box.close();
      this.#boxes.delete(session);
      this.#next.delete(session);
      left.push(...this.runs.removeAll(session));
    }
    return left;
  }
}
