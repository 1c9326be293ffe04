/**
 * Tells when all that lay in the broker's sockets at a moment has been looked at.
 *
 * A byte goes through a socket of its own and back: the system tells of it together with all other sockets that have
 * something, so whatever came before it has been read, or at least the first of it, when the byte is there. For
 * connections in this process, which would otherwise hear themselves before they hear those who spoke first. Owned by
 * the broker.
 * @module
 */

/** The first byte may come in the same turn as what others sent, and before it; the second comes in a later one. */
const ROUNDS = 2;
const BYTE = new Uint8Array(1);

export class InputLine implements Disposable {
  readonly #near: Deno.TcpConn;
  readonly #far: Deno.TcpConn;

  private constructor(near: Deno.TcpConn, far: Deno.TcpConn) {
    this.#near = near;
    this.#far = far;
    near.setNoDelay(true);
  }

  /** Opens it, on loopback. */
  static async open(): Promise<InputLine> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [near, far] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      listener.accept(),
    ]);
    return new InputLine(near, far);
  }

  /** Resolves when what lay there has been looked at. One at a time. Rejects when it is closed. */
  async passed(): Promise<void> {
    // Longer than what comes: a read that fills its room is the sign for the runtime that there may be more, and the next
    // one is then tried at once, without asking the system what has come anywhere.
    const room = new Uint8Array(16);
    for (let round = 0; round < ROUNDS; round++) {
      await this.#near.write(BYTE);
      if (await this.#far.read(room) === null) throw new Deno.errors.UnexpectedEof("The line was closed.");
    }
  }

  [Symbol.dispose](): void {
    this.#near.close();
    this.#far.close();
  }
}
