/**
 * The official client's transport with three faults mended.
 *
 * Seen with 3.4.0: it takes its error listeners off a socket whose reset has been read but not yet emitted, which is an
 * uncaught error in one of ten logins with wrong credentials; it forgets the socket of an attempt to connect that gets
 * no greeting, so that a process never ends; and it holds the certificate of a server at an IP address against the name
 * `localhost`. Called by `nats_connection.ts` alone.
 * @module
 */
import { createConnection, type Socket } from "node:net";
import {
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  nodeResolveHost,
  NodeTransport,
  setTransportFactory,
  type TlsOptions,
} from "../deps/nats.ts";

/** As the client's own `connect`, over the mended transport. */
export function dialNats(options: ConnectionOptions): Promise<NatsConnection> {
  // The client keeps its factory in its module: set again each time, since its own `connect` replaces it.
  setTransportFactory({ factory: () => new MendedTransport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}

class MendedTransport extends NodeTransport {
  #hostname = "";

  /** Holds the socket from the start, so that `close` and `discard` reach one that is still connecting. */
  override dial(address: { hostname: string; port: number }): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    this.#hostname = address.hostname;
    const socket = neverUnheard(createConnection(address.port, address.hostname));
    this.socket = socket;
    let failure: Error | undefined;
    socket.on("error", (error) => failure = error);
    socket.on("close", () => reject(failure ?? new Error("the connection was closed before it was made")));
    socket.on("connect", () => {
      socket.removeAllListeners();
      resolve(socket);
    });
    socket.setNoDelay(true);
    return promise;
  }

  override async startTLS() {
    // It hands on names only; for an address the runtime has to be told what the certificate must name.
    if (this.tlsName === "") {
      this.options = { ...this.options, tls: { ...this.options.tls, host: this.#hostname } as TlsOptions };
    }
    return neverUnheard(await super.startTLS());
  }

  override close(error?: Error): Promise<void> {
    if (!this.connected) this.discard();
    return super.close(error);
  }
}

/** The socket, of which an error is never uncaught, whatever listeners are removed. */
function neverUnheard<S extends Socket>(socket: S): S {
  const ignore = () => {};
  const removeAll = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (...events: Parameters<S["removeAllListeners"]>) => {
    removeAll(...events);
    return socket.on("error", ignore);
  };
  return socket.on("error", ignore);
}
