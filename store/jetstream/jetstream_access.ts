/**
 * One NATS connection as the adapter uses it: requests to JetStream that are tried again while the server is away.
 *
 * A server that restarts and a stream without a leader pass; what does not pass within the limit is a `StoreError`.
 * Anything may be tried twice here, so it must be such that twice is once.
 * @module
 */
import type { NatsConnection } from "../../deps/nats.ts";
import {
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type StoredMsg,
} from "../../deps/nats_jetstream.ts";
import type { Clock } from "../../wire/clock.ts";
import { isNotEnabled, isPassing, jetStreamError } from "./jetstream_errors.ts";

/** So long one attempt waits for its answer. */
const ATTEMPT_MS = 2_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;
/** What the subject, the headers and the frame of a message take at most. */
const HEAD_BYTES = 2_048;
/** More in one message would hold up all others on its connection. */
const MAX_BODY_BYTES = 512 * 1024;

/** What an adapter needs to know of its surroundings. */
export interface AccessOptions {
  readonly cluster: string;
  /** How long something is tried before it has failed, ms. */
  readonly patienceMs: number;
  readonly clock: Clock;
}

/** JetStream over one connection. */
export class JetStreamAccess {
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly cluster: string;
  readonly #connection: NatsConnection;
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  private constructor(connection: NatsConnection, manager: JetStreamManager, options: AccessOptions) {
    this.#connection = connection;
    this.client = jetstream(connection, { timeout: ATTEMPT_MS });
    this.manager = manager;
    this.cluster = options.cluster;
    this.#patienceMs = options.patienceMs;
    this.#clock = options.clock;
    void this.#watch();
  }

  /** Looks whether there is JetStream. Throws `StoreError`. */
  static async open(connection: NatsConnection, options: AccessOptions): Promise<JetStreamAccess> {
    const manager = await jetstreamManager(connection, { timeout: ATTEMPT_MS, checkAPI: false });
    const access = new JetStreamAccess(connection, manager, options);
    await access.persist("Cannot open", async () => {
      try {
        await manager.getAccountInfo();
      } catch (error) {
        // Nobody listens: later that would be a server that comes back, but here it is one that has none.
        if (isNotEnabled(error)) throw jetStreamError("Cannot open", options.cluster, error);
        throw error;
      }
    });
    return access;
  }

  /** What fits into one message. */
  get bodyBytes(): number {
    return Math.max(256, Math.min(MAX_BODY_BYTES, (this.#connection.info?.max_payload ?? 0) - HEAD_BYTES));
  }

  /** Resolves when the connection has ended for good. */
  get closed(): Promise<unknown> {
    return this.#connection.closed();
  }

  /** Does `attempt` until it succeeds, or fails for good, or takes too long. Throws `StoreError` then. */
  async persist<T>(action: string, attempt: () => Promise<T>): Promise<T> {
    const until = this.#clock.now() + this.#patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error) || this.#connection.isClosed() || this.#clock.now() + pauseMs > until) {
          throw jetStreamError(action, this.cluster, error);
        }
        await this.#pause(pauseMs);
      }
    }
  }

  /** One message of a stream; `null` if there is none. */
  message(stream: string, query: Parameters<JetStreamManager["streams"]["getMessage"]>[1]): Promise<StoredMsg | null> {
    return this.persist("Cannot read", () => this.manager.streams.getMessage(stream, query));
  }

  /** Ends early when the connection is back. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#clock.clearTimer(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = this.#clock.setTimer(wake, ms);
      this.#waiting.add(wake);
    });
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === "reconnect") { for (const wake of [...this.#waiting]) wake(); }
    }
    for (const wake of [...this.#waiting]) wake();
  }
}
