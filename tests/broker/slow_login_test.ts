/** A server that does not get the login in time, since the line or the process is slow: no refusal of the credentials. @module */
import assert from "node:assert/strict";
import { connectNats } from "../../bus/nats_bus.ts";
import { within } from "../../testing/within.ts";
import { ConnectionError } from "../../wire/errors.ts";

const INFO = 'INFO {"server_id":"S","version":"2.9.0","proto":1,"headers":true,"max_payload":1048576}\r\n';
const TOO_LATE = "-ERR 'Authentication Timeout'\r\n";

/** Takes logins of the numbers that `takes` says, from 0, and answers no others in time. */
class SlowServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #takes: (login: number) => boolean;
  readonly #serving: Promise<void>;
  readonly #sockets = new Set<Deno.TcpConn>();
  logins = 0;

  constructor(takes: (login: number) => boolean) {
    this.#takes = takes;
    this.#serving = this.#serve();
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#listener.addr.port}`;
  }

  dropAll(): void {
    for (const socket of this.#sockets) socket.close();
    this.#sockets.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.dropAll();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const all: Promise<void>[] = [];
    for await (const socket of this.#listener) all.push(this.#greet(socket, this.#takes(this.logins++)));
    await Promise.all(all);
  }

  async #greet(socket: Deno.TcpConn, takes: boolean): Promise<void> {
    this.#sockets.add(socket);
    const say = (text: string) => socket.write(new TextEncoder().encode(text));
    try {
      await say(INFO);
      if (!takes) await say(TOO_LATE);
      const buffer = new Uint8Array(4_096);
      for (let read = await socket.read(buffer); read !== null && takes; read = await socket.read(buffer)) {
        const text = new TextDecoder().decode(buffer.subarray(0, read));
        for (const _ of text.matchAll(/PING\r\n/g)) await say("PONG\r\n");
      }
    } catch {
      // Closed by the test or by the client.
    }
    if (this.#sockets.delete(socket)) socket.close();
  }
}

Deno.test("a connection goes on trying where its login was too late several times, and through its whole life", async () => {
  // The first one, and then each fourth.
  await using server = new SlowServer((login) => login % 4 === 0);
  const complaints: string[] = [];
  const onError = (error: Error) => void complaints.push(error.message);
  await using bus = await connectNats({ servers: server.url, reconnectInitial: 5, reconnectMax: 20, onError });
  for (const logins of [5, 9]) {
    const back = Promise.withResolvers<void>();
    const unlisten = bus.onStatus((status) => status === "connected" && back.resolve());
    server.dropAll();
    await within(back.promise, "the connection to be back");
    unlisten();
    assert.equal(server.logins, logins);
  }
  assert.equal(bus.status, "connected");
});

Deno.test("a first login that is too late is told as what it is", async () => {
  await using server = new SlowServer(() => false);
  await assert.rejects(connectNats({ servers: server.url }), (error: Error) => {
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /Authentication Timeout.*waited in vain for the login.*try again/);
    return true;
  });
});
