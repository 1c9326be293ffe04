/**
 * Lets the client of an engine's tasks speak on this host's connection, as itself and to whom a client speaks, and hands
 * it what comes on its subject.
 *
 * An engine has no network and no credentials: whatever its tasks may be up to, what gets through here is what any client
 * of the cluster could say, in the name of this one. Each process has its own; `engine_seat.ts` makes it when asked.
 * @module
 */
import { parseFrame } from "../actors/frame.ts";
import { parseNameMessage } from "../actors/name_message.ts";
import type { Bus, BusMessage } from "../bus/bus.ts";
import type { HostId, Session } from "../protocol/ids.ts";
import { TO_ENGINE, type ToEngineMessage } from "../protocol/pipe_messages.ts";
import { ACTOR_NAMES } from "../protocol/roles.ts";
import { nameSubject, nodeSubject, pureSubject } from "../protocol/subjects.ts";
import { NoRespondersError } from "../wire/errors.ts";
import { decodeFrame } from "../wire/frame_codec.ts";
import { newTaskSession } from "../wire/task_ids.ts";

/** Where the clients of tasks are let through to. */
export interface ClientAccess {
  readonly bus: Bus;
  readonly cluster: string;
  readonly host: HostId;
}

/** What is told of a bridge. */
export interface BridgeEvents {
  send(message: ToEngineMessage): void;
  /** The client is gone: what it has not settled is nobody's any more. */
  clientEnded(session: Session): void;
}

/** Longer messages are not taken: one frame of the pipe holds them. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

export class BusBridge {
  readonly session: Session = newTaskSession();
  readonly #access: ClientAccess;
  readonly #events: BridgeEvents;
  readonly #subject: string;
  readonly #address: string;
  readonly #neighbours: RegExp;
  readonly #names: ReadonlySet<string>;
  readonly #pure: string;
  #endings: (() => void)[] = [];

  /** Open at once. */
  constructor(access: ClientAccess, events: BridgeEvents) {
    const { bus, cluster, host } = access;
    this.#access = access;
    this.#events = events;
    this.#subject = nodeSubject(cluster, "client", this.session);
    this.#address = `client.${this.session}`;
    const place = (role: "controller" | "host") => RegExp.escape(nodeSubject(cluster, role, ""));
    this.#neighbours = new RegExp(`^(?:${place("controller")}|${place("host")})[\\w-]+$`);
    this.#names = new Set([ACTOR_NAMES.scheduler, ACTOR_NAMES.hub].map((name) => nameSubject(cluster, name)));
    this.#pure = pureSubject(cluster);
    if (bus.status === "closed") {
      events.send([TO_ENGINE.busIs, "closed", "the host's connection to NATS is closed"]);
      return;
    }
    const maxPayload = Math.min(bus.maxPayload, MAX_PAYLOAD_BYTES);
    events.send([TO_ENGINE.busIs, "open", cluster, this.session, host, maxPayload]);
    if (bus.status === "disconnected") events.send([TO_ENGINE.busIs, "disconnected", "the host's connection is away"]);
    const subscription = bus.subscribe(this.#subject, (message) => this.#deliver(message));
    const forget = bus.onStatus((status, cause) => {
      events.send([TO_ENGINE.busIs, status, cause?.message ?? `the host's connection to NATS is ${status}`]);
    });
    this.#endings = [() => subscription.unsubscribe(), forget];
  }

  /** What the client says. What a client of this cluster would not say is dropped. */
  publish(subject: string, data: Uint8Array, reply: string | null): void {
    const { bus } = this.#access;
    if (this.#endings.length === 0 || bus.status !== "connected" || data.length > bus.maxPayload) return;
    if (reply !== null) return this.#request(subject, data, reply);
    if (this.#maySay(subject, data)) bus.publish(subject, data);
  }

  /** Nothing gets through any more. */
  close(): void {
    if (this.#endings.length === 0) return;
    for (const ending of this.#endings) ending();
    this.#endings = [];
    this.#events.clientEnded(this.session);
  }

  #deliver({ subject, data, reply }: BusMessage): void {
    if (data.length > MAX_PAYLOAD_BYTES) return;
    this.#events.send([TO_ENGINE.busDelivers, subject, data, reply ?? null]);
  }

  #maySay(subject: string, data: Uint8Array): boolean {
    // To itself: so it hears that its bus works.
    if (subject === this.#subject) return true;
    if (this.#neighbours.test(subject)) return parseFrame(data)?.from === this.#address;
    return subject === this.#pure && this.#isOwnPure(data);
  }

  /** Tasks past the scheduler name their client. */
  #isOwnPure(data: Uint8Array): boolean {
    try {
      const message = decodeFrame(data);
      return Array.isArray(message) && message[0] === this.session && message[1] === this.session;
    } catch {
      return false;
    }
  }

  /** The one question that a client asks of the bus: who has a name. The answer is heard here, and passed on. */
  #request(subject: string, data: Uint8Array, reply: string): void {
    if (!this.#names.has(subject) || parseNameMessage(data)?.kind !== "who") return;
    this.#access.bus.request(subject, data).then(
      (answer) => this.#answer([TO_ENGINE.busDelivers, reply, answer.data]),
      // Of other failures it hears by itself: no answer in time, or the state of the bus.
      (error) => error instanceof NoRespondersError && this.#answer([TO_ENGINE.busIs, "nobody", reply]),
    );
  }

  #answer(message: ToEngineMessage): void {
    if (this.#endings.length > 0) this.#events.send(message);
  }
}
