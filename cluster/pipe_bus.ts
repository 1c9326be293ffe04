/**
 * The bus of a client that lives in an engine: what the client publishes goes to the host over the pipe, which lets
 * through what such a client may say, and hands over what comes on its subject.
 *
 * A router for `RouterBus`. Nothing is heard here but that subject and the answers to requests. Used by `task_client.ts`.
 * @module
 */
import type { BusHeaders, BusMessage } from "../bus/bus.ts";
import { type Router, RouterBus } from "../bus/router_bus.ts";
import { SubjectTree } from "../bus/subject_tree.ts";
import {
  type BusDeliversMessage,
  type BusIsMessage,
  TO_ENGINE,
  TO_HOST,
  type ToHostMessage,
} from "../protocol/pipe_messages.ts";
import { ConnectionError } from "../wire/errors.ts";

type Deliver = (message: BusMessage) => void;

/** A bus over the pipe to a host. */
export class PipeBus {
  readonly #listeners = new SubjectTree<Deliver>();
  readonly bus: RouterBus;

  /** `inboxPrefix` is below the client's subject. */
  constructor(send: (message: ToHostMessage) => void, maxPayload: number, inboxPrefix: string) {
    const router: Router = {
      maxPayload,
      subscribe: (pattern, _queue, deliver) => this.#subscribe(pattern, deliver),
      publish: (subject, data, reply, headers) => publish(send, subject, data, reply, headers),
    };
    this.bus = new RouterBus(router, { inboxPrefix, onError: () => {} });
  }

  /** Takes what the host says. */
  receive(message: BusDeliversMessage | BusIsMessage): void {
    if (message[0] === TO_ENGINE.busDelivers) return this.#deliver(message);
    const [, state, text] = message;
    if (state === "open") return;
    if (state === "nobody") this.bus.refuse(text);
    else if (state === "connected") this.bus.reconnect();
    else if (state === "disconnected") this.bus.disconnect(new ConnectionError(text));
    else this.bus.end(new ConnectionError(text));
  }

  #deliver([, subject, data, reply]: BusDeliversMessage): void {
    const message = { subject, data, reply: reply ?? undefined, headers: undefined };
    for (const deliver of this.#listeners.match(subject)) deliver(message);
  }

  #subscribe(pattern: string, deliver: Deliver): () => void {
    this.#listeners.insert(pattern, deliver);
    return () => void this.#listeners.remove(pattern, deliver);
  }
}

/** How many hear it is not known here: if nobody does, the host says so. */
function publish(
  send: (message: ToHostMessage) => void,
  subject: string,
  data: Uint8Array,
  reply: string | undefined,
  headers: BusHeaders | undefined,
): number {
  if (headers !== undefined) {
    throw new TypeError(`Cannot publish to "${subject}": headers do not travel from an engine`);
  }
  send(reply === undefined ? [TO_HOST.busPublish, subject, data] : [TO_HOST.busPublish, subject, data, reply]);
  return 1;
}
