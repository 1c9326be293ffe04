/**
 * A way between two processes that can be blocked in one direction: what is sent there waits, as behind a dead cable.
 *
 * Nothing is dropped or changed, as nothing is within a connection of TCP; what waited goes on after `open`. For tests of
 * networks that fail on one side.
 * @module
 */

/** `out`: from who connects; `back`: to it. */
export type ProxyDirection = "out" | "back";

/** A listener on a free port that passes every connection on to one address. */
export class StallingProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: Deno.ConnectOptions;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #gates: Record<ProxyDirection, PromiseWithResolvers<void> | null> = { out: null, back: null };
  readonly #pumps = new Set<Promise<void>>();

  private constructor(listener: Deno.TcpListener, target: Deno.ConnectOptions) {
    this.#listener = listener;
    this.#target = target;
    this.#run(this.#accept());
  }

  /** Listens beside `target` and leads there. */
  static start(target: { readonly hostname: string; readonly port: number }): StallingProxy {
    return new StallingProxy(Deno.listen({ hostname: target.hostname, port: 0 }), target);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Nothing passes in this direction until `open`. */
  block(direction: ProxyDirection): void {
    this.#gates[direction] ??= Promise.withResolvers();
  }

  /** What waited goes on, and all that follows. */
  open(direction: ProxyDirection): void {
    this.#gates[direction]?.resolve();
    this.#gates[direction] = null;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.open("out");
    this.open("back");
    for (const connection of this.#connections) close(connection);
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      this.#connections.add(near);
      try {
        const far = await Deno.connect(this.#target);
        this.#connections.add(far);
        this.#run(this.#pump(near, far, "out"));
        this.#run(this.#pump(far, near, "back"));
      } catch {
        // Nobody listens there now: who connected is told so.
        close(near);
      }
    }
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, direction: ProxyDirection): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        await this.#gates[direction]?.promise;
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch {
      // One side is gone, so the other is to go too.
    }
    for (const connection of [from, to]) {
      close(connection);
      this.#connections.delete(connection);
    }
  }

  #run(pump: Promise<void>): void {
    this.#pumps.add(pump);
    void pump.finally(() => this.#pumps.delete(pump));
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
