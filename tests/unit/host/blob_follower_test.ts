import assert from "node:assert/strict";
import { BlobFolder } from "../../../host/blob_folder.ts";
import { BlobFollower } from "../../../host/blob_follower.ts";
import type { HostId } from "../../../protocol/ids.ts";
import { contentHash } from "../../../wire/content_hash.ts";

const BYTES = Uint8Array.from({ length: 1_000 }, (_, index) => index);
const HASH = contentHash(BYTES);

function folder(): BlobFolder {
  return new BlobFolder({ home: "box" as HostId });
}

Deno.test("an upload can be read while it arrives, and after it was moved to its place", async () => {
  using blobs = folder();
  blobs.put(HASH, 1_000, 0, BYTES.subarray(0, 600));
  using blob = blobs.follow(HASH);
  assert.ok(blob !== null);
  assert.equal(await blob.reaches(600), true);
  let arrived = false;
  const rest = blob.reaches(1_000).then((there) => arrived = there);
  await Promise.resolve();
  assert.equal(arrived, false);
  blobs.put(HASH, 1_000, 600, BYTES.subarray(600));
  assert.equal(await rest, true);
  assert.equal(await blob.whole(), HASH);
  const all = new Uint8Array(1_000);
  blob.readInto(all, 0);
  assert.deepEqual(all, BYTES);
  assert.equal(blobs.follow(HASH), null, "nothing arrives any more");
});

Deno.test("an upload with the wrong content is never whole", async () => {
  using blobs = folder();
  blobs.put(HASH, 1_000, 0, BYTES.subarray(0, 600));
  using blob = blobs.follow(HASH);
  const whole = blob?.whole();
  assert.throws(() => blobs.put(HASH, 1_000, 600, new Uint8Array(400)), RangeError);
  assert.equal(await whole, null);
  assert.equal(await blob?.reaches(1_000), false);
});

Deno.test("whoever waits for a file that is discarded, or for a follower that is disposed of, is told", async () => {
  using blobs = folder();
  const [discarded, open] = [blobs.create(), blobs.create()];
  using first = new BlobFollower(discarded);
  using second = new BlobFollower(open);
  const waits = [first.reaches(1), second.reaches(1)];
  discarded.discard();
  second[Symbol.dispose]();
  assert.deepEqual(await Promise.all(waits), [false, false]);
  assert.equal(await second.whole(), null);
  open.discard();
});

Deno.test("what was added lately is read as it lies in memory, what came long before from the file", () => {
  using blobs = new BlobFolder({ home: "h" as HostId });
  const file = blobs.create();
  using follower = new BlobFollower(file);
  const pieces = Array.from({ length: 20 }, (_, index) => new Uint8Array(512 * 1024).fill(index));
  for (const piece of pieces) file.append(piece);
  const last = follower.read(19 * 512 * 1024 + 5, 100);
  assert.equal(last.buffer, pieces[19]?.buffer);
  const first = follower.read(5, 100);
  assert.notEqual(first.buffer, pieces[0]?.buffer);
  assert.deepEqual([...first, ...last], [...new Array(100).fill(0), ...new Array(100).fill(19)]);
  assert.deepEqual([...follower.read(512 * 1024 - 1, 2)], [0, 1]);
  file.discard();
});
