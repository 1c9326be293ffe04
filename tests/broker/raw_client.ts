/**
 * A client that sends whatever bytes a test wants, and keeps what comes back.
 *
 * Texts hold one byte a character. Every wait is bounded. Disposing closes the connection.
 * @module
 */
import { Buffer } from "node:buffer";
import { within } from "../../testing/within.ts";

/** A connection to a server of the NATS protocol, right after its INFO. */
export class RawClient implements Disposable {
  /** The INFO line, without its line end. */
  readonly info: string;
  readonly #connection: Deno.TcpConn;
  readonly #reading: Promise<void>;
  #received = "";
  #ended = false;
  #paused: Promise<void> = Promise.resolve();
  #changed = Promise.withResolvers<void>();

  private constructor(connection: Deno.TcpConn, greeting: string) {
    this.#connection = connection;
    const end = greeting.indexOf("\r\n");
    this.info = greeting.slice(0, end);
    this.#received = greeting.slice(end + 2);
    this.#reading = this.#readAll();
  }

  /** Connects and waits for INFO. */
  static async connect(port: number): Promise<RawClient> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    const buffer = new Uint8Array(4_096);
    let greeting = "";
    while (!greeting.includes("\r\n")) {
      const size = await within(connection.read(buffer), "INFO");
      if (size === null) throw new Error(`The server ended the connection after "${greeting}".`);
      greeting += toText(buffer.subarray(0, size));
    }
    return new RawClient(connection, greeting);
  }

  /** All that has come after INFO. */
  get received(): string {
    return this.#received;
  }

  /** Sends it all; a server that has ended the connection meanwhile does not matter. */
  async send(bytes: string | Uint8Array): Promise<void> {
    const all = typeof bytes === "string" ? toBytes(bytes) : bytes;
    try {
      for (let sent = 0; sent < all.length;) sent += await this.#connection.write(all.subarray(sent));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Resolves when what was received satisfies. Rejects when the connection ends before that. */
  async until(satisfies: (received: string) => boolean, what: string): Promise<string> {
    while (!satisfies(this.#received)) {
      if (this.#ended) throw new Error(`The server ended the connection before ${what}, after:\n${this.#received}`);
      await this.#within(this.#changed.promise, what);
    }
    return this.#received;
  }

  /** Resolves when the text has come. */
  has(text: string): Promise<string> {
    return this.until((received) => received.includes(text), JSON.stringify(text));
  }

  /** All that was received, once the server has ended the connection. */
  async untilEnd(): Promise<string> {
    await this.#within(this.#reading, "the end of the connection");
    return this.#received;
  }

  /** Reads nothing until the result is called. */
  stopReading(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#paused = promise;
    return resolve;
  }

  /** Forgets what was received. */
  clear(): void {
    this.#received = "";
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // Closed already.
    }
  }

  async #within(promise: Promise<void>, what: string): Promise<void> {
    try {
      await within(promise, what);
    } catch (cause) {
      throw new Error(`Cannot wait for ${what} any longer. Received so far:\n${this.#received.slice(-2_000)}`, {
        cause,
      });
    }
  }

  async #readAll(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      while (true) {
        await this.#paused;
        const size = await this.#connection.read(buffer);
        if (size === null) break;
        this.#received += toText(buffer.subarray(0, size));
        this.#tell();
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      this.#ended = true;
      this.#tell();
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** One byte a character. */
export function toBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** One character a byte. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}
