/**
 * As much of ZeroMQ's wire protocol (ZMTP 3.0, mechanism NULL) as it takes to talk to a kernel: messages of several frames.
 *
 * @module
 */

/** The kinds of socket that a front end of a kernel has. */
export type SocketType = "DEALER" | "SUB";

const MORE = 1;
const LONG = 2;
const COMMAND = 4;
const GREETING_BYTES = 64;
const encoder = new TextEncoder();

/** One connection to a socket of a kernel. */
export class ZmtpSocket implements Disposable {
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects and shakes hands. A `SUB` hears everything. */
  static async connect(port: number, type: SocketType): Promise<ZmtpSocket> {
    const socket = new ZmtpSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
    await socket.#write(greeting());
    await socket.#read(GREETING_BYTES);
    await socket.#write(frame(COMMAND, readyCommand(type)));
    const [flags] = await socket.#readFrame();
    if ((flags & COMMAND) === 0) throw new Error("The kernel did not say it is ready.");
    if (type === "SUB") await socket.send([new Uint8Array([1])]);
    return socket;
  }

  async send(parts: readonly Uint8Array[]): Promise<void> {
    for (const [index, part] of parts.entries()) await this.#write(frame(index < parts.length - 1 ? MORE : 0, part));
  }

  /** The next message; `null`: the connection has ended. */
  async receive(): Promise<Uint8Array[] | null> {
    const parts: Uint8Array[] = [];
    try {
      for (;;) {
        const [flags, body] = await this.#readFrame();
        if ((flags & COMMAND) !== 0) continue;
        parts.push(body);
        if ((flags & MORE) === 0) return parts;
      }
    } catch (error) {
      if (error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.BadResource) return null;
      if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.Interrupted) return null;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #readFrame(): Promise<[flags: number, body: Uint8Array]> {
    const [flags = 0] = await this.#read(1);
    const length = await this.#read((flags & LONG) === 0 ? 1 : 8);
    const view = new DataView(length.buffer);
    return [flags, await this.#read(length.length === 1 ? view.getUint8(0) : Number(view.getBigUint64(0)))];
  }

  async #read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = await this.#connection.read(bytes.subarray(at));
      if (count === null) throw new Deno.errors.UnexpectedEof();
      at += count;
    }
    return bytes;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }
}

function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.set(encoder.encode("NULL"), 12);
  return bytes;
}

function readyCommand(type: SocketType): Uint8Array {
  const property = (name: string, value: string) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, value.length);
    return [name.length, ...encoder.encode(name), ...length, ...encoder.encode(value)];
  };
  return new Uint8Array([5, ...encoder.encode("READY"), ...property("Socket-Type", type), ...property("Identity", "")]);
}

function frame(flags: number, body: Uint8Array): Uint8Array {
  const isLong = body.length > 255;
  const head = new Uint8Array(isLong ? 9 : 2);
  head[0] = isLong ? flags | LONG : flags;
  if (isLong) new DataView(head.buffer).setBigUint64(1, BigInt(body.length));
  else head[1] = body.length;
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}
