/**
 * The way to an actor of this process: straight into its mailbox, arguments by reference.
 *
 * Finds the actor by its name again when the one it knew has ended, so that a reference survives restarts.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import { NoRespondersError } from "../wire/errors.ts";
import type { Cell } from "./cell.ts";
import type { Directory } from "./directory.ts";
import type { ReplyTo } from "./mailbox.ts";
import type { PendingCall } from "./pending_call.ts";
import type { ActorAddress, Route, RouteEvent } from "./ref.ts";
import { thrownBy } from "./thrown_error.ts";

export class LocalRoute implements Route {
  readonly address: ActorAddress;
  readonly clock: Clock;
  readonly #directory: Directory;
  #cell: Cell | undefined;

  constructor(directory: Directory, name: string) {
    this.#directory = directory;
    this.clock = directory.clock;
    this.address = { node: directory.address, actor: name };
    this.#cell = directory.find(name);
  }

  post(method: string, args: readonly unknown[], pending: PendingCall | null): void {
    const cell = this.#find();
    if (cell !== undefined) return cell.post(method, args, pending === null ? null : this.#replyTo(method, pending));
    const error = noSuchActor(this.address, method);
    if (pending !== null) pending.reject(error);
    else this.#directory.log("warn", error.message, { actor: this.address.actor, method });
  }

  drained(): Promise<void> {
    return this.#find()?.drained() ?? Promise.resolve();
  }

  watch(listener: (event: RouteEvent) => void): () => void {
    const cell = this.#find();
    if (cell !== undefined) return cell.onEnd((reason) => listener({ kind: "ended", reason }));
    let wanted = true;
    queueMicrotask(() => wanted && listener({ kind: "ended", reason: "unknown-actor" }));
    return () => wanted = false;
  }

  #find(): Cell | undefined {
    if (this.#cell === undefined || this.#cell.isEnded) this.#cell = this.#directory.find(this.address.actor);
    return this.#cell;
  }

  #replyTo(method: string, pending: PendingCall): ReplyTo {
    return {
      resolve: (value) => pending.resolve(value),
      reject: (error, thrown) => pending.reject(thrown ? thrownBy(this.address, method, error) : error),
    };
  }
}

/** Nobody has this name there. */
export function noSuchActor(address: ActorAddress, method: string): NoRespondersError {
  const where = address.node === null ? "in this system" : `on ${address.node}`;
  return new NoRespondersError(
    `Cannot send "${method}" to actor "${address.actor}": no actor of this name lives ${where}; spawn it first, or check the name`,
  );
}
