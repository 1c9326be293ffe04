/** The proxy of chaos runs, between two ends of real sockets. @module */
import assert from "node:assert/strict";
import { within } from "../../testing/within.ts";
import { TcpProxy } from "../chaos/tcp_proxy.ts";

/** A server that sends back what comes, and a proxy before it. */
class Echo implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly proxy = new TcpProxy(this.#listener.addr.port);
  /** What has arrived at the server. */
  heard = "";
  #wake = Promise.withResolvers<void>();
  readonly #serving = this.#serve();

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(this.proxy.url).port) });
  }

  async hears(text: string): Promise<void> {
    while (this.heard !== text) await within(this.#wake.promise, `"${text}" after "${this.heard}"`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const all: Promise<void>[] = [];
    for await (const socket of this.#listener) all.push(this.#answer(socket));
    await Promise.all(all);
  }

  async #answer(socket: Deno.TcpConn): Promise<void> {
    using _ = socket;
    try {
      for await (const chunk of chunksOf(socket)) {
        this.heard += new TextDecoder().decode(chunk);
        this.#wake.resolve();
        this.#wake = Promise.withResolvers();
        await socket.write(chunk);
      }
    } catch {
      // Reset by the proxy.
    }
  }
}

async function* chunksOf(socket: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(1_024);
  for (let read = await socket.read(buffer); read !== null; read = await socket.read(buffer)) {
    yield buffer.slice(0, read);
  }
}

function say(socket: Deno.TcpConn, text: string): Promise<number> {
  return socket.write(new TextEncoder().encode(text));
}

async function hear(socket: Deno.TcpConn): Promise<string | null> {
  const buffer = new Uint8Array(1_024);
  try {
    const read = await within(socket.read(buffer), "bytes or an end");
    return read === null ? null : new TextDecoder().decode(buffer.subarray(0, read));
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return null;
    throw error;
  }
}

Deno.test("a proxy passes on what is said, and a cut ends connections, not the proxy", async () => {
  await using echo = await Promise.resolve(new Echo());
  using first = await echo.connect();
  await say(first, "one");
  assert.equal(await hear(first), "one");
  echo.proxy.cut();
  assert.equal(await hear(first), null);
  using second = await echo.connect();
  await say(second, "two");
  assert.equal(await hear(second), "two");
});

Deno.test("while it refuses nobody is let in, and afterwards everybody", async () => {
  await using echo = new Echo();
  echo.proxy.refuse();
  using refused = await echo.connect();
  assert.equal(await hear(refused), null);
  echo.proxy.mend();
  using later = await echo.connect();
  await say(later, "in");
  assert.equal(await hear(later), "in");
});

Deno.test("what is said during a stall arrives after it, on the same connection", async () => {
  await using echo = new Echo();
  using socket = await echo.connect();
  await say(socket, "before");
  assert.equal(await hear(socket), "before");
  echo.proxy.stall();
  await say(socket, "during");
  assert.equal(echo.heard, "before");
  echo.proxy.mend();
  assert.equal(await hear(socket), "during");
});

Deno.test("what is said into a mute direction is lost, the other one still passes, and mending resets", async () => {
  await using echo = new Echo();
  using socket = await echo.connect();
  echo.proxy.mute("down");
  await say(socket, "up it goes");
  await echo.hears("up it goes");
  echo.proxy.mend();
  assert.equal(await hear(socket), null);
});
