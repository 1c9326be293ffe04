/**
 * Whatever arrives at the broker, in whatever pieces: it stays up, keeps clients apart, and lets go of each of them.
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { fc } from "../../deps/fast_check.ts";
import { Broker } from "../../broker/broker.ts";
import { LogTrap } from "./log_trap.ts";
import { RawClient, toBytes } from "./raw_client.ts";

const QUIET = 'CONNECT {"verbose":false,"pedantic":true,"headers":true,"no_responders":true}\r\n';

/** Nearly the protocol: true lines, broken ones, payloads, and any bytes at all. */
const scrap = fc.oneof(
  fc.constantFrom(
    QUIET,
    "CONNECT {}\r\n",
    "PING\r\n",
    "PONG\r\n",
    "SUB noise.> 1\r\n",
    "SUB noise.* q 2\r\n",
    "SUB  a..b 3\r\n",
    "UNSUB 1\r\n",
    "UNSUB 1 2\r\n",
    "PUB noise.a 5\r\nhello\r\n",
    "PUB noise.a noise.b 0\r\n\r\n",
    "PUB noise.a 500000\r\n",
    "HPUB noise.a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
    "HPUB noise.a 99 14\r\n",
    "\r\n",
    "\r",
    "\n",
    " ",
  ).map(toBytes),
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
);

Deno.test("garbage never stops the broker, and each client that sent some is let go", async () => {
  const trap = new LogTrap();
  await using broker = await Broker.start({ allowAnonymous: true, log: trap.log });
  let connected = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(scrap, { maxLength: 12 }), { minLength: 1, maxLength: 6 }), async (clients) => {
      await Promise.all(clients.map(async (scraps) => {
        using client = await RawClient.connect(broker.port);
        for (const bytes of scraps) await client.send(bytes);
      }));
      connected += clients.length;
      await trap.left(connected);
      equal(broker.connections, 0);
      equal(broker.subscriptions, 0);
      using probe = await RawClient.connect(broker.port);
      connected++;
      await probe.send(`${QUIET}PING\r\n`);
      equal(await probe.has("PONG\r\n"), "PONG\r\n");
    }),
    { numRuns: 60 },
  );
});

Deno.test("garbage before authentication lets nobody in", async () => {
  const trap = new LogTrap();
  await using broker = await Broker.start({ users: [{ user: "one", password: "secret" }], log: trap.log });
  using member = await RawClient.connect(broker.port);
  await member.send('CONNECT {"verbose":false,"user":"one","pass":"secret"}\r\nSUB > 1\r\nPING\r\n');
  await member.has("PONG\r\n");
  member.clear();
  let left = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(scrap, { maxLength: 8 }), async (scraps) => {
      {
        using client = await RawClient.connect(broker.port);
        for (const bytes of scraps) await client.send(bytes);
      }
      await trap.left(++left);
    }),
    { numRuns: 60 },
  );
  await member.send("PING\r\n");
  equal(await member.has("PONG\r\n"), "PONG\r\n");
});

/** Cuts at random lengths: mostly short ones, now and then nothing at all. */
function pieces(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const end = Math.min(bytes.length, start + (lengths[turn % lengths.length] ?? 1));
    cut.push(bytes.subarray(start, end));
    start = end;
  }
  return cut;
}

Deno.test("clients in pieces and clients in pieces of garbage: everybody gets exactly what is his, in order", async () => {
  const trap = new LogTrap();
  await using broker = await Broker.start({ allowAnonymous: true, log: trap.log });
  const payloadSizes = fc.array(fc.oneof(fc.nat(200), fc.nat(30_000)), { minLength: 1, maxLength: 25 });
  const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 9_000 })), {
    minLength: 3,
    maxLength: 20,
  });
  const member = fc.record({ payloadSizes, lengths });
  let left = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { minLength: 2, maxLength: 5 }),
      fc.array(fc.array(scrap, { maxLength: 6 }), { maxLength: 3 }),
      async (members, vandals) => {
        const talk = async (index: number) => {
          const { payloadSizes, lengths } = members[index] ?? { payloadSizes: [], lengths: [] };
          using client = await RawClient.connect(broker.port);
          const letter = String.fromCharCode(65 + index);
          const bodies = payloadSizes.map((size, number) => `${number}:${letter.repeat(size)}`);
          const sent = bodies.map((body) => `PUB own.${letter} ${body.length}\r\n${body}\r\n`).join("");
          const all = toBytes(`${QUIET}SUB own.${letter} 7\r\n${sent}PING\r\n`);
          for (const piece of pieces(all, lengths)) await client.send(piece);
          const expected = bodies.map((body) => `MSG own.${letter} 7 ${body.length}\r\n${body}\r\n`).join("");
          equal(await client.until((text) => text.endsWith("PONG\r\n"), "PONG"), `${expected}PONG\r\n`);
        };
        const spoil = async (scraps: readonly Uint8Array[]) => {
          using client = await RawClient.connect(broker.port);
          for (const bytes of scraps) await client.send(bytes);
        };
        await Promise.all([...members.keys()].map(talk).concat(vandals.map(spoil)));
        left += members.length + vandals.length;
        await trap.left(left);
        deepEqual([broker.connections, broker.subscriptions], [0, 0]);
      },
    ),
    { numRuns: 25 },
  );
});
