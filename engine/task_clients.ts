/**
 * The clients of an engine's tasks: one connection for all of them, made when a task first wants it, closed when none
 * has wanted it for long.
 *
 * Loads nothing by itself and knows no bus: what it loads is given to it. A task finds its client without waiting, so
 * the runner prepares it before the task runs, where its code names one. Used by the task runner and by `engine.ts`.
 * @module
 */
import type { BusDeliversMessage, BusIsMessage, ToHostMessage } from "../protocol/pipe_messages.ts";
import { asError } from "../wire/as_error.ts";
import { ConnectionError } from "../wire/errors.ts";
import type { ClientModule, ClientOwner, EngineClient, TaskClient } from "./engine_client.ts";

/** So long after the last task that had a client, the connection is closed. */
const IDLE_MS = 60_000;

/** How the module of the client is loaded. */
export type LoadClient = () => Promise<ClientModule>;

export class TaskClients {
  readonly #load: LoadClient | null;
  readonly #send: (message: ToHostMessage) => void;
  readonly #setTimer = setTimeout;
  readonly #clearTimer = clearTimeout;
  readonly #idleMs: number;
  #client: EngineClient | null = null;
  #opening: Promise<EngineClient> | null = null;
  #closing: Promise<void> = Promise.resolve();
  #isReady = false;
  #failure: unknown = null;
  /** Tasks that have one. */
  #used = 0;
  #idle: ReturnType<typeof setTimeout> | null = null;

  /** `load` `null`: there are none. */
  constructor(load: LoadClient | null, send: (message: ToHostMessage) => void, idleMs: number = IDLE_MS) {
    this.#load = load;
    this.#send = send;
    this.#idleMs = idleMs;
  }

  /** A task can have one at once. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** The connection is there, or being made. */
  get isOpen(): boolean {
    return this.#client !== null;
  }

  /** Makes the connection. Never rejects: whoever asks for a client is told why there is none. */
  async prepare(): Promise<void> {
    if (this.#isReady) return;
    try {
      await (this.#opening ??= this.#open());
    } catch (error) {
      this.#failure = error;
    }
  }

  /** The client of a task. Throws where the connection is not there. */
  of(owner: ClientOwner): TaskClient {
    if (!this.#isReady || this.#client === null) throw this.#missing(owner);
    this.#stopIdle();
    this.#used++;
    const task = this.#client.of(owner);
    let ended = false;
    return {
      client: task.client,
      end: () => {
        if (ended) return;
        ended = true;
        task.end();
        if (--this.#used === 0) this.#idle = this.#setTimer(() => void this.close(), this.#idleMs);
      },
    };
  }

  /** What the host says of the bus. News of a connection that is closed here are late. */
  receive(message: BusDeliversMessage | BusIsMessage): void {
    this.#client?.receive(message);
  }

  async #open(): Promise<EngineClient> {
    try {
      if (this.#load === null) throw new ConnectionError("Cannot submit tasks from here: this engine has no client");
      const { openClient } = await this.#load();
      await this.#closing;
      const client = this.#client = openClient(this.#send);
      await client.attached;
      this.#isReady = true;
      this.#failure = null;
      return client;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends the connection; the next task that wants a client has a new one made. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#stopIdle();
    this.#isReady = false;
    // It still hears what there is to say at its end; who wants one meanwhile waits for that.
    const closing = client?.close();
    this.#closing = closing ?? this.#closing;
    this.#opening = null;
    await closing;
    if (this.#client === client) this.#client = null;
  }

  #stopIdle(): void {
    if (this.#idle !== null) this.#clearTimer(this.#idle);
    this.#idle = null;
  }

  #missing({ msgId }: ClientOwner): Error {
    const cause = this.#failure;
    if (cause !== null) {
      const why = asError(cause).message;
      return new ConnectionError(`Cannot submit from task "${msgId}": its engine reaches no controller: ${why}`, {
        cause,
      });
    }
    return new TypeError(
      `Cannot give task "${msgId}" its client at once: its function does not show that it wants one; ` +
        `write "await currentTask().connect()" in place of "currentTask().client".`,
    );
  }
}
