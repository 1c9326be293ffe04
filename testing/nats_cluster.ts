/**
 * Several `nats-server`s that are one cluster: each can be killed and started again, and finds the others.
 *
 * Every server names the routes of all, so whichever comes back is in again. Clients learn the addresses of all servers
 * from the one they know. For tests of what happens when a server of a cluster dies.
 * @module
 */
import { NatsServer, type NatsServerOptions } from "./nats_server.ts";

/** Child processes of this program, in order. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];
  readonly #stack: AsyncDisposableStack;

  private constructor(servers: readonly NatsServer[], stack: AsyncDisposableStack) {
    this.servers = servers;
    this.#stack = stack;
  }

  /** Starts so many and returns when each has a route to every other. Options are for each of them; ports are free ones. */
  static async start(count: number, options: Omit<NatsServerOptions, "port"> = {}): Promise<NatsCluster> {
    await using stack = new AsyncDisposableStack();
    const { hostname = "127.0.0.1", config = "" } = options;
    const ports = freePorts(hostname, count);
    const routes = ports.map((port) => `nats-route://${hostname}:${port}`);
    const servers: NatsServer[] = [];
    for (const [index, port] of ports.entries()) {
      const cluster = `server_name: n${index}\ncluster { name: trial, host: "${hostname}", port: ${port}, ` +
        `routes: [${routes.filter((_, other) => other !== index).join(", ")}] }`;
      servers.push(stack.use(await NatsServer.start({ ...options, config: `${config}\n${cluster}` })));
    }
    await Promise.all(servers.map((server) => server.says(/Route connection created/)));
    return new NatsCluster(servers, stack.move());
  }

  /** One URL each. */
  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  /** Kills all and removes their folders. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Ports that were free a moment ago, all different. */
function freePorts(hostname: string, count: number): readonly number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname, port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}
