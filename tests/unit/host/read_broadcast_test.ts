import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { DirectClients } from "../../../host/direct_clients.ts";
import { readBroadcast } from "../../../host/read_broadcast.ts";
import { readDirect } from "../../../host/read_orders.ts";
import type { HostId, Session } from "../../../protocol/ids.ts";
import type { DirectMessage } from "../../../protocol/messages.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { encodeFrame } from "../../../wire/frame_codec.ts";

const SESSION = "s1" as Session;
const HERE = "h2" as HostId;
const CODE = new Uint8Array([1]);
const TEMPLATES = [[contentHash(CODE), "f", [], null]];
const ARGS = new Uint8Array([9]);
const RUNS = [[10, 0, 0, ARGS], [11, 1, 0, 0], [12, 2, 0, 0]];

function broadcast(shares: unknown, runs: unknown = RUNS): Uint8Array {
  return encodeFrame([SESSION, "n1", [[contentHash(CODE), CODE]], TEMPLATES, runs, shares]);
}

Deno.test("a host reads its own share, with arguments that stand in another's", () => {
  const order = readBroadcast(broadcast([["h1", 4, 0, 1], ["h2", 7, 1, 2]]), HERE);
  assert.deepEqual([order?.session, order?.node, order?.sequence, order?.codes.length], [SESSION, "n1", 7, 1]);
  assert.deepEqual(order?.runs.map(([counter, run]) => [counter, run.engine, run.task, run.args]), [
    [11, 1, "s1-11", ARGS],
    [12, 2, "s1-12", ARGS],
  ]);
  assert.equal(order?.runs[0]?.[1].args, order?.runs[1]?.[1].args);
  assert.deepEqual(order?.runs[0]?.[1].origin, { kind: "direct", session: SESSION, counter: 11, client: "client.n1" });
  assert.equal(readBroadcast(broadcast([["h1", 0, 0, 3]]), HERE), null);
});

Deno.test("a share that is not there, and arguments that stand later or nowhere, are refused", () => {
  const share = [["h2", 0, 0, 1]];
  assert.throws(() => readBroadcast(broadcast([["h2", 0, 2, 2]]), HERE), SerializationError);
  assert.throws(() => readBroadcast(broadcast(share, [[10, 0, 0, 1], [11, 1, 0, ARGS]]), HERE), SerializationError);
  assert.throws(() => readBroadcast(broadcast(share, [[10, 0, 0, 0]]), HERE), SerializationError);
  assert.throws(() => readBroadcast(broadcast(share, [[10, 0, 5, ARGS]]), HERE), SerializationError);
  const link = [SESSION, [], TEMPLATES, [[10, 0, 0, ARGS], [11, 0, 0, 7]], 0] as unknown as DirectMessage;
  assert.throws(() => readDirect(link, "client.n1"), SerializationError);
});

Deno.test("garbage is never anything but refused", () => {
  fc.assert(fc.property(fc.array(fc.anything(), { minLength: 4, maxLength: 7 }), (garbage) => {
    let bytes: Uint8Array;
    try {
      bytes = encodeFrame(garbage as never);
    } catch {
      return;
    }
    try {
      readBroadcast(bytes, HERE);
    } catch (error) {
      assert.ok(error instanceof SerializationError, String(error));
    }
  }));
});

Deno.test("of each client, a broadcast counts in its turn alone, and the link makes up for what was missed", () => {
  const clients = new DirectClients();
  const other = "s2" as Session;
  assert.equal(clients.takeBroadcast(SESSION, 1), false);
  assert.equal(clients.takeMessage(SESSION, 0), true);
  assert.equal(clients.takeBroadcast(SESSION, 0), false);
  assert.equal(clients.takeBroadcast(SESSION, 1), true);
  assert.equal(clients.takeBroadcast(SESSION, 1), false);
  assert.equal(clients.takeMessage(SESSION, 1), false);
  assert.equal(clients.takeMessage(SESSION, 2), true);
  assert.equal(clients.takeBroadcast(other, 0), true);
});
