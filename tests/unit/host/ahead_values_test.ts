import assert from "node:assert/strict";
import { AheadValues } from "../../../host/ahead_values.ts";
import type { BlobFollower } from "../../../host/blob_follower.ts";
import type { ContentHash } from "../../../protocol/ids.ts";

const [A, B, C] = ["a", "b", "c"] as unknown as [ContentHash, ContentHash, ContentHash];

function follower(hash: ContentHash | null = null) {
  const state = { disposed: false };
  const blob = { hash, [Symbol.dispose]: () => void (state.disposed = true) } as unknown as BlobFollower;
  return { blob, state };
}

Deno.test("a value that was sent ahead is taken once, as soon as it is there", async () => {
  const values = new AheadValues(() => {});
  const fed = Promise.withResolvers<number | null>();
  const { blob, state } = follower(A);
  values.begin("x#1", blob, () => fed.promise);
  const taken = values.take(A);
  fed.resolve(7);
  assert.equal(await taken, 7);
  assert.equal(state.disposed, true);
  assert.equal(await values.take(A), null);
  assert.equal(await values.take(B), null);
});

Deno.test("a value whose hash is not known yet is not taken for another one", async () => {
  const values = new AheadValues(() => {});
  values.begin("x#1", follower(null).blob, () => Promise.resolve(1));
  values.begin("x#2", follower(B).blob, () => Promise.resolve(2));
  assert.equal(await values.take(B), 2);
  assert.equal(await values.take(A), null);
});

Deno.test("values that nobody asks for are dropped, the oldest first, and all in the end", async () => {
  const drops = [0, 1].map(() => Promise.withResolvers<void>());
  const dropped: number[] = [];
  const values = new AheadValues((value) => drops[dropped.push(value) - 1]?.resolve());
  const feed = (number: number) => () => Promise.resolve(number);
  for (const [index, hash] of [A, B, C].entries()) values.begin(`x#${index}`, follower(hash).blob, feed(index));
  assert.equal(await values.take(A), null);
  await drops[0]?.promise;
  assert.deepEqual(dropped, [0]);
  assert.equal(await values.take(C), 2);
  values.close();
  await drops[1]?.promise;
  assert.deepEqual(dropped, [0, 1]);
});

Deno.test("a value that goes into the process already is not sent a second time", async () => {
  const values = new AheadValues(() => {});
  const second = follower();
  values.begin("x#1", follower(A).blob, () => Promise.resolve(1));
  values.begin("x#1", second.blob, () => Promise.resolve(2));
  assert.equal(second.state.disposed, true);
  assert.equal(await values.take(A), 1);
});
