/**
 * `Client` as users import it: the client of `client/`, with the `connect` that finds a cluster.
 *
 * The client itself knows nothing of files and servers; this is where the two meet. Exported by `mod.ts`.
 * @module
 */
import { Client as AttachedClient } from "../client/client.ts";
import { type ClientConnectOptions, connectClient } from "./connect_client.ts";

/** What `Client` is as a value: the place to connect from. */
export interface ClientConstructor {
  /**
   * Connects to a running cluster: without arguments the one named `default` on this machine.
   *
   * @throws `NotRunning` where there is none, `ConnectionError`, `AuthorizationError`, `VersionMismatch`, `TimeoutError`
   */
  connect(options?: ClientConnectOptions): Promise<AttachedClient>;
  /** For `instanceof` and inspection. */
  readonly prototype: AttachedClient;
  /** `client instanceof Client` */
  [Symbol.hasInstance](value: unknown): boolean;
}

/** One program's access to a cluster; see `Client.connect`. */
export type Client = AttachedClient;

/** One program's access to a cluster; see `Client.connect`. */
export const Client: ClientConstructor = {
  connect: connectClient,
  prototype: AttachedClient.prototype,
  [Symbol.hasInstance]: (value) => value instanceof AttachedClient,
};
