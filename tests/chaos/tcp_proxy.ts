/**
 * A TCP proxy between a process and its server, which can be cut, stalled, or made deaf in one direction.
 *
 * Bytes that pass are passed on in order or the connection is reset: nothing is ever left out in the middle of a
 * connection that goes on. Used by `chaos_cluster.ts`.
 * @module
 */

/** `up`: from the process to its server. */
export type Direction = "up" | "down";

const CHUNK_BYTES = 64 * 1024;

/** Listens on a port of its own on loopback. Disposing resets all that passes. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  readonly #accepting: Promise<void>;
  #refusing = false;
  #stalled: PromiseWithResolvers<void> | null = null;
  #muted: Direction | null = null;

  /** `target`: the server's port on loopback. */
  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Connections that pass now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Resets all connections; new ones are let in. */
  cut(): void {
    for (const pair of this.#pairs) pair.close();
  }

  /** Resets all connections, and each new one, until `mend`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  /** Lets nothing pass until `mend`; sockets stay open, and what is on its way waits. */
  stall(): void {
    this.#stalled ??= Promise.withResolvers();
  }

  /** Loses what goes in one direction until `mend`, which resets the connections. */
  mute(direction: Direction): void {
    this.#muted = direction;
  }

  /** All is as if nothing had been. */
  mend(): void {
    this.#refusing = false;
    this.#stalled?.resolve();
    this.#stalled = null;
    if (this.#muted === null) return;
    this.#muted = null;
    this.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.mend();
    this.cut();
    await this.#accepting;
    await Promise.all([...this.#pairs].map((pair) => pair.ended));
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      if (this.#refusing) near.close();
      else void this.#join(near);
    }
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    } catch {
      return near.close();
    }
    if (this.#refusing) {
      near.close();
      far.close();
      return;
    }
    near.setNoDelay();
    far.setNoDelay();
    const pair = new Pair(near, far, (direction) => this.#gate(direction));
    this.#pairs.add(pair);
    await pair.ended;
    this.#pairs.delete(pair);
  }

  /** Whether bytes are passed on, when they may be. */
  async #gate(direction: Direction): Promise<boolean> {
    while (this.#stalled !== null) await this.#stalled.promise;
    return this.#muted !== direction;
  }
}

/** One connection on its way through. */
class Pair {
  /** Resolves when both sockets are closed; never rejects. */
  readonly ended: Promise<void>;
  readonly #sockets: readonly Deno.TcpConn[];
  #closed = false;

  constructor(near: Deno.TcpConn, far: Deno.TcpConn, gate: (direction: Direction) => Promise<boolean>) {
    this.#sockets = [near, far];
    const pump = async (from: Deno.TcpConn, to: Deno.TcpConn, direction: Direction) => {
      const chunk = new Uint8Array(CHUNK_BYTES);
      try {
        for (let read = await from.read(chunk); read !== null; read = await from.read(chunk)) {
          if (!await gate(direction)) continue;
          for (let written = 0; written < read;) written += await to.write(chunk.subarray(written, read));
        }
      } catch {
        // Reset by a side, or by us.
      }
      this.close();
    };
    this.ended = Promise.all([pump(near, far, "up"), pump(far, near, "down")]).then(() => {});
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const socket of this.#sockets) socket.close();
  }
}
