/**
 * The client of an engine's tasks, put together: a bus over the pipe, an actor system on it, a client in that.
 *
 * Loaded by an engine when one of its tasks first wants a client: 20 MB that the others are spared. All tasks of the
 * process share it, each through a face of its own, which knows what is the task's. Loaded by `engine_main.ts` alone.
 * @module
 */
import { ActorSystem } from "../actors/actor_system.ts";
import { Client } from "../client/client.ts";
import type { ClientOwner, EngineClient, TaskClient } from "../engine/engine_client.ts";
import type { Session } from "../protocol/ids.ts";
import { type BusDeliversMessage, type BusIsMessage, TO_ENGINE, TO_HOST } from "../protocol/pipe_messages.ts";
import type { ToHostMessage } from "../protocol/pipe_messages.ts";
import { inboxPrefix, pureSubject } from "../protocol/subjects.ts";
import { ConnectionError } from "../wire/errors.ts";
import { silentLog } from "../wire/log.ts";
import { PipeBus } from "./pipe_bus.ts";

/** Opens the client over the pipe. */
export function openClient(send: (message: ToHostMessage) => void): EngineClient {
  return new PipeClient(send);
}

type Opened = Extract<BusIsMessage, readonly [number, "open", ...unknown[]]>;

class PipeClient implements EngineClient {
  readonly attached: Promise<void>;
  readonly #send: (message: ToHostMessage) => void;
  readonly #opened = Promise.withResolvers<Opened>();
  readonly #stack = new AsyncDisposableStack();
  #pipe: PipeBus | null = null;
  #client: Client | null = null;

  constructor(send: (message: ToHostMessage) => void) {
    this.#send = send;
    this.attached = this.#attach();
    send([TO_HOST.busOpen, true]);
  }

  receive(message: BusDeliversMessage | BusIsMessage): void {
    if (this.#pipe !== null) return this.#pipe.receive(message);
    if (message[0] !== TO_ENGINE.busIs) return;
    if (message[1] === "open") this.#opened.resolve(message);
    else this.#opened.reject(new ConnectionError(`Cannot connect: ${message[2]}`));
  }

  of(owner: ClientOwner): TaskClient {
    if (this.#client === null) throw new TypeError("Cannot give a task its client before it is attached");
    return this.#client.forTask(owner);
  }

  async close(): Promise<void> {
    await this.#stack.disposeAsync();
    this.#send([TO_HOST.busOpen, false]);
  }

  async #attach(): Promise<void> {
    const [, , cluster, node, host, maxPayload] = await this.#opened.promise;
    const pipe = this.#pipe = new PipeBus(this.#send, maxPayload, inboxPrefix(cluster, "client", node));
    const bus = this.#stack.use(pipe.bus);
    const system = this.#stack.use(
      await ActorSystem.connect({ bus, name: cluster, role: "client", node, codec: "plain", log: silentLog }),
    );
    this.#client = this.#stack.use(
      await Client.attach({
        system,
        session: node as Session,
        engineHost: host,
        pure: { bus, subject: pureSubject(cluster) },
        connectionClosed: bus.closed,
      }),
    );
  }
}
