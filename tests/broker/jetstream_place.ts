/** A `nats-server` with a store in its JetStream, for tests. @module */
import { dialNats } from "../../bus/nats_transport.ts";
import type { NatsConnection } from "../../deps/nats.ts";
import { type JetStreamOptions, openJetStream } from "../../store/jetstream/open_jetstream.ts";
import type { Store } from "../../store/store.ts";
import { findNatsServer, NatsServer, type NatsServerOptions } from "../../testing/nats_server.ts";
import type { StorePlace } from "../unit/store/store_conformance.ts";

const found = await findNatsServer();

/** Why no test here can run on this machine; `undefined` if they can. */
export const missing: string | undefined = "missing" in found ? found.missing : undefined;

/** A server of its own, with JetStream. */
export class JetStreamPlace implements StorePlace {
  readonly server: NatsServer;
  readonly #connections: NatsConnection[] = [];

  private constructor(server: NatsServer) {
    this.server = server;
  }

  static async make(options: NatsServerOptions = {}): Promise<JetStreamPlace> {
    const path = "path" in found ? { path: found.path } : {};
    return new JetStreamPlace(await NatsServer.start({ ...path, jetstream: true, ...options }));
  }

  /** A connection that goes with the test. */
  async connect(login: { readonly user?: string; readonly pass?: string } = {}): Promise<NatsConnection> {
    const reconnecting = { maxReconnectAttempts: -1, reconnectDelayHandler: () => 20 };
    const connection = await dialNats({ servers: this.server.url, ...reconnecting, ...login });
    this.#connections.push(connection);
    return connection;
  }

  async open(
    durability: JetStreamOptions["durability"] = "process",
    options: Partial<JetStreamOptions> = {},
  ): Promise<Store> {
    return await openJetStream(await this.connect(), { durability, cluster: "test", ...options });
  }

  openAfterCrash(): Promise<Store> {
    return this.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** A test that needs a server, or says why it did not run. */
export function jetStreamTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? name : `${name} [skipped: ${missing}]`,
    ignore: missing !== undefined,
    fn,
  });
}
