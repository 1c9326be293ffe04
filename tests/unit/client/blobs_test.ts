import assert from "node:assert/strict";
import { BLOB_PIECE_BYTES } from "../../../protocol/roles.ts";
import type { HostId } from "../../../protocol/ids.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { ConnectionError, EngineError } from "../../../wire/errors.ts";
import { encodeValue } from "../../../wire/value_codec.ts";
import { engineMessage, FakeCluster, HOST, settleTurn } from "./fake_cluster.ts";

const big = (size: number) => new Uint8Array(size).map((_, index) => index % 251);

Deno.test("a big argument goes to a host in pieces, a few at a time, and back", async () => {
  const cluster = await FakeCluster.start();
  const bytes = big(5 * BLOB_PIECE_BYTES + 17);
  const same = await cluster.client.loadBalancedView().apply((x: Uint8Array) => x, bytes);
  assert.deepEqual(same, bytes);
  assert.ok(cluster.pieces.every((piece) => piece.bytes <= BLOB_PIECE_BYTES));
  assert.ok(cluster.mostPiecesInFlight > 1 && cluster.mostPiecesInFlight <= 4, `${cluster.mostPiecesInFlight}`);
  const [, , , rows] = cluster.batches[0] ?? assert.fail();
  const args = rows[0]?.[2] as readonly [string, number, string];
  assert.deepEqual(args.slice(1), [encodeValue([bytes]).length, HOST]);
});

Deno.test("small tasks submitted after a big one stay behind it", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  lview.apply((x: number) => x, 0);
  lview.apply((x: Uint8Array) => x.length, big(200_000));
  lview.apply((x: number) => x, 2);
  await cluster.until(() => cluster.tasks.size === 3);
  const counters = cluster.batches.flatMap(([, , , rows]) => rows.map(([counter]) => counter));
  assert.deepEqual(counters, [0, 1, 2]);
  await cluster.run();
});

Deno.test("big code is uploaded too", async () => {
  const cluster = await FakeCluster.start();
  const f = new Function("x", `const s = "${"a".repeat(100_000)}"; return s.length + x;`) as (x: number) => number;
  assert.equal(await cluster.client.loadBalancedView().apply(f, 1), 100_001);
  assert.ok(!(cluster.batches[0]?.[1][0]?.[1] instanceof Uint8Array));
});

Deno.test("with no host there, a big task waits for the first; an abort still ends it", async () => {
  const cluster = await FakeCluster.start(undefined, (cluster) => cluster.engines = []);
  const lview = cluster.client.loadBalancedView();
  const [aborted, result] = [lview.apply((x) => x.length, big(100_000)), lview.apply((x) => x.length, big(100_001))];
  await settleTurn();
  assert.equal(cluster.batches.length, 0);
  aborted.abort();
  cluster.session.engines([engineMessage(0)]);
  assert.equal(await result, 100_001);
  await assert.rejects(Promise.resolve(aborted), /before it was submitted/);
});

Deno.test("a value that no host takes fails its task with EngineError, and the others go on", async () => {
  const cluster = await FakeCluster.start();
  cluster.blobError = new Error("disk full");
  const lview = cluster.client.loadBalancedView();
  const result = lview.apply((x: Uint8Array) => x.length, big(100_000));
  await assert.rejects(Promise.resolve(result), (error: Error) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, /disk full/);
    return true;
  });
  assert.equal(await lview.apply(() => 1), 1);
});

Deno.test("a host that is lost in the middle of it: the value goes to the next one that the scheduler names", async () => {
  const cluster = (await FakeCluster.start()).manual();
  cluster.blobError = new ConnectionError("node-down");
  const result = cluster.client.loadBalancedView().apply((x: Uint8Array) => x.length, big(100_000));
  await cluster.until(() => cluster.pieces.length === 1);
  await settleTurn();
  assert.equal(cluster.pieces.length, 1);
  cluster.blobError = null;
  cluster.session.engines([engineMessage(7, "h2" as typeof HOST)]);
  await cluster.until(() => cluster.tasks.size === 1);
  assert.equal((cluster.tasks.get(0)?.args as readonly unknown[])[2], "h2");
  await cluster.run();
  assert.equal(await result, 100_000);
});

Deno.test("a big result whose host is gone rejects with EngineError saying what to do", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().apply(() => 1);
  await cluster.until(() => cluster.tasks.size === 1);
  const ref = cluster.store(encodeValue(big(100_000)));
  cluster.blobError = new Error("host is down");
  cluster.settle([0, 0, ref, 0 as never, "u" as never, 1, 1, 1]);
  await assert.rejects(Promise.resolve(result), (error: Error) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, /from host "h1": host is down; .*submit the task again/);
    return true;
  });
});

Deno.test("a new controller gets big values again, from another host where theirs is gone", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().apply((x: Uint8Array) => x.length, big(100_000));
  await cluster.until(() => cluster.tasks.size === 1);
  cluster.engines = [engineMessage(5, "h2" as never)];
  cluster.epoch = 2;
  cluster.session.controllerLost();
  await cluster.until(() => cluster.batches.length === 2);
  const homes = cluster.batches.map(([, , , rows]) => (rows[0]?.[2] as readonly unknown[])[2]);
  assert.deepEqual(homes, ["h1", "h2"]);
  await cluster.run();
  assert.equal(await result, 100_000);
});

Deno.test("a big value for certain engines goes to their host, which is told of them; a balanced one to any", async () => {
  const cluster = await FakeCluster.start(undefined, (cluster) => {
    cluster.engines = [engineMessage(0), engineMessage(1, "h2" as HostId), engineMessage(2, "h2" as HostId)];
  });
  const size = (text: string) => text.length;
  const text = "x".repeat(1_000_000);
  assert.deepEqual(await cluster.client.directView([1, 2]).apply(size, text), [1_000_000, 1_000_000]);
  assert.equal(await cluster.client.loadBalancedView().apply(size, `${text}y`), 1_000_001);
  assert.deepEqual(cluster.uploads[0], ["h2", [1, 2]]);
  assert.deepEqual(cluster.uploads[1]?.[1], []);
});

Deno.test("a big result that came while it was made is not fetched again", async () => {
  const cluster = (await FakeCluster.start()).manual();
  cluster.blobError = new Error("it is fetched");
  const result = cluster.client.loadBalancedView().apply((text: string) => text, "short");
  await cluster.until(() => cluster.tasks.size === 1);
  const [counter = 0] = cluster.tasks.keys();
  const bytes = encodeValue("y".repeat(100_000));
  const hash = contentHash(bytes);
  const [first, second] = [bytes.subarray(0, 60_000), bytes.subarray(60_000)];
  const { session } = cluster;
  assert.equal(session.resultPiece("host.h1", [counter, bytes.length, 0, first, null]), true);
  cluster.settle([counter, 0, [hash, bytes.length, HOST], 0 as never, "uuid-0" as never, 1, 1, 0]);
  assert.equal(session.resultPiece("host.h1", [counter, bytes.length, 60_000, second, hash]), true);
  assert.equal(await result, "y".repeat(100_000));
  assert.equal(session.resultPiece("host.h1", [counter, bytes.length, 0, first, null]), false);
  assert.equal(session.resultPiece("host.h1", [counter, 1, 2, first, null]), false);
});
