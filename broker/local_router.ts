/**
 * The broker's routing for a bus in its own process: no socket, no parsing.
 *
 * Holds to the same allow lists as a TCP client of the same user. Used by `Broker.connectLocal` alone.
 * @module
 */
import type { BusHeaders, BusMessage } from "../bus/bus.ts";
import { decodeHeaders, encodeHeaders } from "../bus/header_block.ts";
import type { Router } from "../bus/router_bus.ts";
import type { Permissions } from "./permissions.ts";
import type { PublishOperation } from "./protocol_parser.ts";
import { type Receiver, type RoutingTable, Subscription } from "./routing_table.ts";
import { AuthorizationError } from "../wire/errors.ts";

/** From this size on the payload is copied once for all receivers instead of once for each. */
const OWN_COPY_BYTES = 16 * 1_024;

type Deliver = (message: BusMessage) => void;

/** One in-process connection to the routing table. */
export class LocalRouter implements Router, Receiver {
  readonly maxPayload: number;
  readonly echo = true;
  readonly inputSeen: () => Promise<void>;
  readonly #routes: RoutingTable;
  readonly #permissions: Permissions;
  readonly #onError: (error: Error) => void;
  readonly #delivers = new Map<Subscription, Deliver>();

  /** `onError` is told of what is not allowed, as a TCP client is told by an `-ERR` line. */
  constructor(
    routes: RoutingTable,
    permissions: Permissions,
    maxPayload: number,
    onError: (error: Error) => void,
    inputSeen: () => Promise<void>,
  ) {
    this.inputSeen = inputSeen;
    this.#routes = routes;
    this.#permissions = permissions;
    this.maxPayload = maxPayload;
    this.#onError = onError;
  }

  subscribe(pattern: string, queue: string | undefined, deliver: Deliver): () => void {
    if (!this.#permissions.maySubscribe(pattern)) {
      this.#onError(new AuthorizationError(`Cannot subscribe to "${pattern}": this user is not allowed to.`));
      return () => {};
    }
    const subscription = new Subscription(this, pattern, queue, "");
    this.#delivers.set(subscription, deliver);
    this.#routes.add(subscription);
    return () => {
      this.#routes.remove(subscription);
      this.#delivers.delete(subscription);
    };
  }

  publish(
    subject: string,
    data: Uint8Array,
    reply: string | undefined,
    headers: BusHeaders | undefined,
  ): number {
    if (!this.#permissions.mayPublish(subject)) {
      this.#onError(new AuthorizationError(`Cannot publish to "${subject}": this user is not allowed to.`));
      return 0;
    }
    return this.#routes.publish(this, toOperation(subject, data, reply, headers));
  }

  receive(subscription: Subscription, message: PublishOperation): void {
    const { subject, payload, reply, headerBytes } = message;
    this.#delivers.get(subscription)?.({
      subject: subject.text,
      data: headerBytes === 0 ? payload : payload.subarray(headerBytes),
      reply,
      headers: headerBytes === 0 ? undefined : decodeHeaders(payload.subarray(0, headerBytes))?.headers,
    });
  }

  exhausted(subscription: Subscription): void {
    this.#delivers.delete(subscription);
  }
}

function toOperation(
  text: string,
  data: Uint8Array,
  reply: string | undefined,
  headers: BusHeaders | undefined,
): PublishOperation {
  const subject = { text, literal: true, routable: true };
  if (headers !== undefined) {
    const block = encodeHeaders(headers);
    const payload = new Uint8Array(block.length + data.length);
    payload.set(block);
    payload.set(data, block.length);
    return { subject, reply, headerBytes: block.length, payload, owned: true };
  }
  const owned = data.length >= OWN_COPY_BYTES;
  return { subject, reply, headerBytes: 0, payload: owned ? data.slice() : data, owned };
}
