/**
 * The embedded broker and the real `nats-server` give the same answers to the same bytes.
 *
 * Both are held to one recording: the first test says that the recording is true, the others that the broker keeps to
 * it, also when the bytes come in other pieces.
 * @module
 */
import { equal } from "node:assert/strict";
import { fc } from "../../deps/fast_check.ts";
import { Broker } from "../../broker/broker.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import {
  FREE_USER,
  HELD_USER,
  MAX_PAYLOAD,
  MAX_SUBSCRIPTIONS,
  readTranscripts,
  type Transcript,
} from "./broker_transcripts.ts";
import { RawClient, toBytes } from "./raw_client.ts";

const transcripts = await readTranscripts();
const found = await findNatsServer();
const missing = "missing" in found ? found.missing : undefined;

interface Ports {
  readonly open: number;
  readonly guarded: number;
}

/** Sends the pieces one by one, then a PING that shows what else there is to come. */
async function play(transcript: Transcript, ports: Ports, pieces: readonly Uint8Array[]): Promise<void> {
  using client = await RawClient.connect(ports[transcript.server]);
  for (const piece of pieces) await client.send(piece);
  if (transcript.ends) {
    equal(await client.untilEnd(), transcript.answer, transcript.name);
    return;
  }
  await client.send("PING\r\n");
  const answer = `${transcript.answer}PONG\r\n`;
  equal(await client.until((received) => received.length >= answer.length, "the answer"), answer, transcript.name);
  client.clear();
  // A server takes its time to notice a closed connection: until then, the next transcript would publish to this one.
  await client.send(`${unsubscriptions(transcript.sent)}PING\r\n`);
  await client.has("PONG\r\n");
}

/** Ends whatever was subscribed; numbers that are none are ignored. */
function unsubscriptions(sent: string): string {
  return [...sent.matchAll(/^SUB (?:\S+ ){1,2}(\S+)\r$/gim)].map(([, id]) => `UNSUB ${id}\r\n`).join("");
}

async function withBrokers(body: (ports: Ports) => Promise<void>): Promise<void> {
  await using open = await Broker.start({
    allowAnonymous: true,
    maxPayload: MAX_PAYLOAD,
    limits: { maxSubscriptionsPerConnection: MAX_SUBSCRIPTIONS },
  });
  await using guarded = await Broker.start({ users: [FREE_USER, HELD_USER], maxPayload: MAX_PAYLOAD });
  await body({ open: open.port, guarded: guarded.port });
}

Deno.test({
  name: missing === undefined
    ? "nats-server answers as it was recorded"
    : `nats-server answers as it was recorded [skipped: ${missing}]`,
  ignore: missing !== undefined,
  async fn() {
    const config = `max_payload: ${MAX_PAYLOAD}`;
    await using open = await NatsServer.start({ config: `${config}\nmax_subscriptions: ${MAX_SUBSCRIPTIONS}` });
    const users = [FREE_USER, HELD_USER].map(({ password, ...user }) => ({ ...user, pass: password }));
    await using guarded = await NatsServer.start({ config, auth: { users } });
    const ports = { open: open.port, guarded: guarded.port };
    for (const transcript of transcripts) await play(transcript, ports, [toBytes(transcript.sent)]);
  },
});

Deno.test("the broker answers as nats-server was recorded", async () => {
  await withBrokers(async (ports) => {
    for (const transcript of transcripts) await play(transcript, ports, [toBytes(transcript.sent)]);
  });
});

Deno.test("the broker answers the same when the bytes come one by one", async () => {
  await withBrokers(async (ports) => {
    for (const transcript of transcripts.filter(({ sent }) => sent.length < 300)) {
      const bytes = toBytes(transcript.sent);
      await play(transcript, ports, Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)));
    }
  });
});

Deno.test("the broker answers the same wherever the bytes are cut", async () => {
  await withBrokers(async (ports) => {
    const cut = fc.constantFrom(...transcripts).chain((transcript) =>
      fc.tuple(fc.constant(transcript), fc.uniqueArray(fc.nat(transcript.sent.length), { maxLength: 5 }))
    );
    await fc.assert(
      fc.asyncProperty(cut, async ([transcript, positions]) => {
        const bounds = [0, ...positions.sort((a, b) => a - b), transcript.sent.length];
        const bytes = toBytes(transcript.sent);
        await play(transcript, ports, bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end)));
      }),
      { numRuns: 150 },
    );
  });
});
