/**
 * Buses in one process with nothing behind them: for tests, and for programs that need no other process.
 *
 * A `MemoryBroker` stands where a server stands otherwise: it knows who listens, has queue groups, and can take a
 * connection away and give it back, so that reconnects can be tested without a socket.
 * @module
 */
import type { Bus, BusHeaders, BusMessage } from "./bus.ts";
import { type Router, RouterBus, type RouterBusOptions } from "./router_bus.ts";
import { SubjectTree } from "./subject_tree.ts";
import { ConnectionError } from "../wire/errors.ts";

const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** Options of a `MemoryBroker`. */
export interface MemoryBrokerOptions {
  /** Largest message in bytes; default 1 MiB. */
  readonly maxPayload?: number;
  /** Picks the member of a queue group: from 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
}

interface Listener {
  readonly queue: string | undefined;
  readonly deliver: (message: BusMessage) => void;
}

/**
 * Connections that share their subjects.
 *
 * @example
 * ```ts
 * import { MemoryBroker } from "./memory_bus.ts";
 *
 * const broker = new MemoryBroker();
 * await using one = broker.connect();
 * await using other = broker.connect();
 * other.subscribe("greet", (message) => message.reply && other.publish(message.reply, message.data));
 * const answer = await one.request("greet", new TextEncoder().encode("hello"));
 * console.log(new TextDecoder().decode(answer.data)); // hello
 * ```
 */
export class MemoryBroker {
  readonly #listeners = new SubjectTree<Listener>();
  readonly #buses = new WeakMap<Bus, RouterBus>();
  readonly #random: () => number;
  readonly #router: Router;

  /** Nothing is connected at first. */
  constructor(options: MemoryBrokerOptions = {}) {
    this.#random = options.random ?? Math.random;
    this.#router = {
      maxPayload: options.maxPayload ?? DEFAULT_MAX_PAYLOAD,
      subscribe: (pattern, queue, deliver) => this.#subscribe(pattern, { queue, deliver }),
      publish: (subject, data, reply, headers) => this.#publish(subject, data, reply, headers),
    };
  }

  /** A new connection. */
  connect(options: RouterBusOptions = {}): Bus {
    const bus = new RouterBus(this.#router, options);
    this.#buses.set(bus, bus);
    return bus;
  }

  /** Takes the connection away, as a network would: what is on its way to it is lost. */
  disconnect(bus: Bus, cause: Error = new ConnectionError("The connection was cut.")): void {
    this.#own(bus).disconnect(cause);
  }

  /** Gives it back. */
  reconnect(bus: Bus): void {
    this.#own(bus).reconnect();
  }

  #own(bus: Bus): RouterBus {
    const own = this.#buses.get(bus);
    if (own === undefined) throw new TypeError("Cannot cut this bus: it was not connected by this MemoryBroker.");
    return own;
  }

  #subscribe(pattern: string, listener: Listener): () => void {
    this.#listeners.insert(pattern, listener);
    return () => void this.#listeners.remove(pattern, listener);
  }

  #publish(
    subject: string,
    data: Uint8Array,
    reply: string | undefined,
    headers: BusHeaders | undefined,
  ): number {
    const message: BusMessage = { subject, data, reply, headers };
    let receivers = 0;
    let groups: Map<string, Listener[]> | undefined;
    for (const listener of this.#listeners.match(subject)) {
      if (listener.queue === undefined) {
        listener.deliver(message);
        receivers++;
      } else {
        groups = addToGroup(groups ?? new Map(), listener.queue, listener);
      }
    }
    for (const members of groups?.values() ?? []) {
      members[Math.floor(this.#random() * members.length)]?.deliver(message);
      receivers++;
    }
    return receivers;
  }
}

function addToGroup(groups: Map<string, Listener[]>, queue: string, listener: Listener): Map<string, Listener[]> {
  const members = groups.get(queue);
  if (members === undefined) groups.set(queue, [listener]);
  else members.push(listener);
  return groups;
}
