/** A host's side of the queue group: who joins when, what is read, and what clients are told. @module */
import assert from "node:assert/strict";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { PureIntake } from "../../../host/pure_intake.ts";
import { PureNews } from "../../../host/pure_news.ts";
import { readPure } from "../../../host/read_pure.ts";
import type { EngineId, EngineUuid, Session } from "../../../protocol/ids.ts";
import type { PureMessage } from "../../../protocol/messages.ts";
import { pureSubject } from "../../../protocol/subjects.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { encodeFrame } from "../../../wire/frame_codec.ts";

const SUBJECT = pureSubject("test");
const ENGINE = 3 as EngineId;

/** An intake on a memory bus, and who got what. */
function stage() {
  const broker = new MemoryBroker({ random: () => 0 });
  const [bus, client] = [broker.connect(), broker.connect()];
  const got: string[] = [];
  const intake = new PureIntake({ bus, subject: SUBJECT }, (engine, bytes) => got.push(`${engine}: ${bytes.join()}`));
  const publish = (...bytes: number[]) => client.publish(SUBJECT, Uint8Array.from(bytes));
  return { bus, intake, got, publish };
}

Deno.test("an engine is a member of the group while it takes tasks and the scheme is pure", async () => {
  const { bus, intake, got, publish } = stage();
  intake.open(1 as EngineId);
  publish(1);
  await bus.flush();
  assert.deepEqual(got, [], "not of this scheme");
  intake.enable(true);
  intake.open(1 as EngineId);
  publish(2);
  await bus.flush();
  assert.deepEqual(got, ["1: 2"], "one membership");
  intake.close(1 as EngineId);
  intake.open(2 as EngineId);
  publish(3);
  await bus.flush();
  assert.deepEqual(got, ["1: 2", "2: 3"]);
  intake.enable(false);
  publish(4);
  await bus.flush();
  assert.equal(got.length, 2);
});

Deno.test("what is on its way when an engine leaves still arrives, for that engine", async () => {
  const { intake, got, publish } = stage();
  intake.enable(true);
  intake.open(1 as EngineId);
  publish(1);
  publish(2);
  intake.close(1 as EngineId);
  assert.deepEqual(got, []);
  await intake.end();
  assert.deepEqual(got, ["1: 1", "1: 2"]);
  publish(3);
  await intake.end();
  assert.equal(got.length, 2);
});

const source = new TextEncoder().encode("(x) => x");
const hash = contentHash(source);
const message: PureMessage = ["abc" as Session, "node", [hash, source], [hash, "f", [], null], [
  [7, new Uint8Array([1])],
  [8, new Uint8Array([2])],
]];

Deno.test("a message becomes runs for the engine that got it", () => {
  const { session, node, codes: [code], runs } = readPure(encodeFrame(message), ENGINE);
  assert.deepEqual([session, node, code?.[0], runs.length], ["abc", "node", hash, 2]);
  const [counter, run] = runs[1] ?? [];
  assert.equal(counter, 8);
  assert.deepEqual([run?.engine, run?.task, run?.attempt, run?.template.name], [3, "abc-8", 1, "f"]);
  assert.deepEqual(run?.origin, { kind: "pure", session: "abc", counter: 8, client: "client.node" });
});

Deno.test("what is no message of ours is refused as a whole", () => {
  const [session, node, code, template, runs] = message;
  const bad: readonly unknown[] = [
    [],
    [1, node, code, template, runs],
    [session, null, code, template, runs],
    [session, node, [hash], template, runs],
    [session, node, ["short", source], template, runs],
    [session, node, code, [hash], runs],
    [session, node, code, template, []],
    [session, node, code, template, [[1]]],
    [session, node, code, template, [[-1, new Uint8Array()]]],
    [session, node, code, template, [[1, "text"]]],
    "text",
  ];
  for (const each of bad) {
    assert.throws(() => readPure(encodeFrame(each), ENGINE), SerializationError, JSON.stringify(each));
  }
  assert.throws(() => readPure(new Uint8Array([0xdd, 255, 255, 255, 255]), ENGINE), SerializationError);
});

Deno.test("a turn's news to a client are one message of each kind, what was taken before what comes back", async () => {
  const told: unknown[] = [];
  const news = new PureNews({
    taken: (session, taken) => told.push([session, "taken", taken]),
    returned: (session, counters) => told.push([session, "returned", counters]),
  });
  const [one, other] = ["one" as Session, "other" as Session];
  news.returned(one, 2);
  news.taken(one, ENGINE, "u" as EngineUuid, [1, 2]);
  news.taken(one, ENGINE, "u" as EngineUuid, [3]);
  news.taken(other, ENGINE, "u" as EngineUuid, [1]);
  assert.deepEqual(told, []);
  await Promise.resolve();
  assert.deepEqual(told, [
    ["one", "taken", [[3, "u", [1, 2, 3]]]],
    ["other", "taken", [[3, "u", [1]]]],
    ["one", "returned", [2]],
  ]);
  news.flush();
  assert.equal(told.length, 3);
});
