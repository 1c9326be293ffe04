/** How one client is served, and every way in which its connection ends, without a socket. @module */
import { deepEqual, equal, ok } from "node:assert/strict";
import { Authenticator } from "../../../broker/authenticator.ts";
import { type BrokerLimits, resolveLimits } from "../../../broker/broker_limits.ts";
import { ClientConnection, type ConnectionContext } from "../../../broker/client_connection.ts";
import { RoutingTable } from "../../../broker/routing_table.ts";
import { SubjectTable } from "../../../broker/subject_table.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { within } from "../../../testing/within.ts";
import { silentLog } from "../../../wire/log.ts";
import { FakeStream } from "./fake_stream.ts";

const QUIET = 'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n';
const INFO = "INFO {}\r\n";

interface Shared {
  readonly context: ConnectionContext;
  readonly clock: FakeClock;
}

function shared(limits: BrokerLimits = {}): Shared {
  const clock = new FakeClock();
  const context = {
    limits: resolveLimits(limits),
    authenticator: new Authenticator({ allowAnonymous: true }),
    routes: new RoutingTable(),
    subjects: new SubjectTable(),
    clock,
    log: silentLog,
    congested: undefined,
    paused: 0,
  };
  return { context, clock };
}

function open({ context }: Shared) {
  const stream = new FakeStream();
  const connection = new ClientConnection(1, stream, context);
  const ended = connection.run(INFO.trim());
  return { stream, connection, ended: () => within(ended, "the end of the connection") };
}

Deno.test("what one chunk causes leaves in one write", async () => {
  const { stream, ended } = open(shared());
  await stream.until(() => stream.written === INFO, "INFO");
  stream.send(`${QUIET}SUB a 1\r\n${"PUB a 2\r\nhi\r\n".repeat(100)}PING\r\n`);
  await stream.until(() => stream.written.endsWith("PONG\r\n"), "PONG");
  equal(stream.written, `${INFO}${"MSG a 1 2\r\nhi\r\n".repeat(100)}PONG\r\n`);
  equal(stream.writes.length, 2);
  stream.send(null);
  await ended();
});

Deno.test("writes that take a few bytes at a time lose none", async () => {
  const { stream, ended } = open(shared());
  stream.writeSize = 7;
  stream.send(`${QUIET}SUB a 1\r\nPUB a 30\r\n${"x".repeat(30)}\r\nPING\r\n`);
  await stream.until(() => stream.written.endsWith("PONG\r\n"), "PONG");
  equal(stream.written, `${INFO}MSG a 1 30\r\n${"x".repeat(30)}\r\nPONG\r\n`);
  stream.send(null);
  await ended();
});

Deno.test("however a connection ends, its subscriptions, timers and stream end with it", async () => {
  const ways: Readonly<Record<string, (stream: FakeStream, connection: ClientConnection) => void>> = {
    "the client ends its half": (stream) => stream.send(null),
    "a reset": (stream) => stream.send(new Deno.errors.ConnectionReset("reset")),
    "the broker closes": (_stream, connection) => connection.close(),
    "a broken protocol, then the client's end": (stream) => {
      stream.send("FOO\r\n");
      stream.send(null);
    },
    "a write that fails": (stream) => {
      stream.breakWrites(new Deno.errors.BrokenPipe("broken"));
      stream.send("PING\r\n");
    },
  };
  for (const [way, end] of Object.entries(ways)) {
    const all = shared();
    const { stream, connection, ended } = open(all);
    stream.send(`${QUIET}SUB a 1\r\nSUB b 2\r\nPING\r\n`);
    await stream.until(() => stream.written.endsWith("PONG\r\n"), "PONG");
    equal(all.context.routes.size, 2);
    end(stream, connection);
    await ended();
    deepEqual([all.context.routes.size, all.clock.pending, stream.closed], [0, 0, true], way);
  }
});

Deno.test("an error is written before the stream ends, and what the client sends meanwhile is not looked at", async () => {
  const all = shared();
  const { stream, ended } = open(all);
  const goOn = stream.stall();
  stream.send(`${QUIET}FOO\r\nSUB a 1\r\n`);
  stream.send("SUB b 2\r\n");
  await stream.until(() => all.clock.pending === 1, "the connection to be ending");
  equal(stream.writeClosed, false);
  goOn();
  await stream.until(() => stream.writeClosed, "the end of what is written");
  equal(stream.written, `${INFO}-ERR 'Unknown Protocol Operation'\r\n`);
  equal(stream.closed, false);
  stream.send(null);
  await ended();
  equal(all.context.routes.size, 0);
});

Deno.test("a client that never reads why it must go is cut off after a while", async () => {
  const all = shared();
  const { stream, ended } = open(all);
  stream.stall();
  stream.send("FOO\r\n");
  await stream.until(() => all.clock.pending === 1, "the connection to be ending");
  all.clock.advance(1_000);
  await ended();
  equal(stream.closed, true);
});

Deno.test("a client for which too much waits is cut off at once, and others go on", async () => {
  const all = shared({ maxPendingBytes: 10_000 });
  const [slow, healthy] = [open(all), open(all)];
  for (const { stream } of [slow, healthy]) {
    stream.send(`${QUIET}SUB a 1\r\nPING\r\n`);
    await stream.until(() => stream.written.endsWith("PONG\r\n"), "PONG");
  }
  slow.stream.stall();
  const body = "x".repeat(1_500);
  for (let count = 0; count < 10; count++) {
    healthy.stream.send(`PUB a ${body.length}\r\n${body}\r\nPING\r\n`);
    const before = healthy.stream.written.length;
    const answered = () => healthy.stream.written.length >= before + body.length + 20;
    // The pause that a lagging receiver causes ends by the clock.
    while (!answered()) {
      await null;
      all.clock.advance(1);
    }
  }
  await slow.ended();
  equal(slow.stream.closed, true);
  equal(healthy.stream.written.split("MSG a 1").length - 1, 10);
  healthy.stream.send(null);
  await healthy.ended();
});

Deno.test("who publishes to a receiver that lags pauses until that has eased", async () => {
  const all = shared({ maxPendingBytes: 10_000 });
  const [slow, publisher] = [open(all), open(all)];
  slow.stream.send(`${QUIET}SUB a 1\r\nPING\r\n`);
  await slow.stream.until(() => slow.stream.written.endsWith("PONG\r\n"), "PONG");
  const goOn = slow.stream.stall();
  const body = "x".repeat(8_000);
  publisher.stream.send(`${QUIET}PUB a ${body.length}\r\n${body.slice(0, 3_000)}`);
  publisher.stream.send(`${body.slice(3_000)}\r\nPING\r\n`);
  await publisher.stream.until(() => publisher.stream.written.endsWith("PONG\r\n"), "PONG");
  publisher.stream.send("PING\r\n");
  for (let turn = 0; turn < 20; turn++) await null;
  equal(publisher.stream.written, `${INFO}PONG\r\n`);
  goOn();
  await publisher.stream.until(() => publisher.stream.written === `${INFO}PONG\r\nPONG\r\n`, "the second PONG");
  ok(slow.stream.written.endsWith(`${body}\r\n`));
  for (const { stream, ended } of [slow, publisher]) {
    stream.send(null);
    await ended();
  }
  equal(all.clock.pending, 0);
});

Deno.test("a failure that is no end of a connection is logged, and ends the connection", async () => {
  const { context } = shared();
  const lines: string[] = [];
  const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
  const stream = new FakeStream();
  const ended = new ClientConnection(7, stream, { ...context, log }).run(INFO.trim());
  stream.send(new TypeError("a mistake"));
  await within(ended, "the end");
  deepEqual([lines, stream.closed], [["error Cannot go on serving a client."], true]);
});

Deno.test("a client that is refused gets INFO and the reason", async () => {
  const { context } = shared();
  const stream = new FakeStream();
  const ended = new ClientConnection(1, stream, context).run("INFO {}", "maximum connections exceeded");
  await stream.until(() => stream.writeClosed, "the end of what is written");
  equal(stream.written, `${INFO}-ERR 'maximum connections exceeded'\r\n`);
  stream.send(null);
  await within(ended, "the end");
});
