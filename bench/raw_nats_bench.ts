/**
 * The yardstick: what NATS itself does on this machine, in this run, with the official client in two processes.
 *
 * No code of ours on the way but, where asked for, the embedded broker.
 * @module
 */
import { connect, type NatsConnection } from "../deps/nats.ts";
import { NatsServer } from "../testing/nats_server.ts";
import type { Carrier } from "./bench_cluster.ts";
import { LineChild } from "./line_child.ts";
import { elapsedMs, median, type Spread, spread } from "./statistics.ts";

/** One carrier without us. */
export interface RawNats {
  /** One request after the other, ms. */
  readonly requestMs: Spread;
  /** Round trips a second with thousands under way; median over the rounds. */
  readonly echoesPerSecond: number;
}

const SUBJECT = "bench.echo";
const INBOX = "bench.replies";
const USER = "bench";
const PAYLOAD = new Uint8Array(16);
/** Enough under way that no process waits for another. */
const UNDER_WAY = 4_096;
const ROUNDS = 3;

/** A requester here, a responder in a process of its own, and the carrier between them. */
export interface RawPair extends AsyncDisposable {
  readonly connection: NatsConnection;
  /** One lone request and its reply. */
  request(): Promise<unknown>;
}

/** Starts everything that raw figures need. */
export async function openRawPair(carrier: Carrier): Promise<RawPair> {
  await using stack = new AsyncDisposableStack();
  const password = crypto.randomUUID();
  const servers = carrier === "embedded"
    ? stack.use(await LineChild.start("./raw_nats_broker.ts", [USER, password])).line
    : stack.use(await NatsServer.start()).url;
  stack.use(await LineChild.start("./raw_nats_responder.ts", [servers, SUBJECT, USER, password]));
  const connection = await connect({ servers, user: USER, pass: password });
  stack.defer(() => connection.close());
  const kept = stack.move();
  return {
    connection,
    request: () => connection.request(SUBJECT, PAYLOAD),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Measures `calls` lone requests and `echoes` pipelined ones a round. */
export async function benchRawNats(carrier: Carrier, calls: number, echoes: number): Promise<RawNats> {
  await using pair = await openRawPair(carrier);
  const series: number[] = [];
  for (let i = 0; i < 2 * calls; i++) {
    const ms = await elapsedMs(pair.request);
    if (i >= calls) series.push(ms);
  }
  const rates: number[] = [];
  for (let i = 0; i <= ROUNDS; i++) {
    const ms = await elapsedMs(() => pipeline(pair.connection, echoes));
    if (i > 0) rates.push(Math.round(echoes / ms * 1_000));
  }
  return { requestMs: spread(series), echoesPerSecond: median(rates) };
}

/** Resolves when all came back. */
function pipeline(connection: NatsConnection, echoes: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let [sent, received] = [0, 0];
  const send = () => {
    for (; sent < echoes && sent - received < UNDER_WAY; sent++) {
      connection.publish(SUBJECT, PAYLOAD, { reply: INBOX });
    }
  };
  connection.subscribe(INBOX, {
    max: echoes,
    callback: (error) => {
      if (error) return reject(error);
      received++;
      if (received === echoes) resolve();
      // Half of the window at a time: one publish for each echo would be one write each.
      else if (sent - received <= UNDER_WAY / 2) send();
    },
  });
  send();
  return promise;
}
