import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { BlobFetcher } from "../../../host/blob_fetcher.ts";
import { BlobFolder } from "../../../host/blob_folder.ts";
import { BLOB_PIECE_BYTES } from "../../../protocol/roles.ts";
import { EngineOutputs } from "../../../host/engine_outputs.ts";
import type { ContentHash, HostId } from "../../../protocol/ids.ts";
import { contentHash } from "../../../wire/content_hash.ts";

const HOME = "here" as HostId;

function bytesOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("a blob that was stored is read in any pieces", () => {
  using folder = new BlobFolder({ home: HOME });
  const bytes = bytesOf(10_000);
  const ref = folder.store(bytes);
  assert.deepEqual(ref, { hash: contentHash(bytes), size: 10_000, home: HOME });
  fc.assert(
    fc.property(fc.nat(12_000), fc.nat(12_000), (offset, length) => {
      assert.deepEqual(folder.read(ref.hash, offset, length), bytes.slice(offset, offset + length));
    }),
    { numRuns: 30 },
  );
});

Deno.test("an upload may come in pieces of any size, twice, and from two senders at once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      (sizes, twice) => {
        using folder = new BlobFolder({ home: HOME });
        const bytes = bytesOf(sizes.reduce((sum, size) => sum + size, 0));
        const hash = contentHash(bytes);
        let at = 0;
        for (const size of sizes) {
          for (let round = 0; round < (twice ? 2 : 1); round++) {
            folder.put(
              hash,
              bytes.length,
              at,
              bytes.slice(at, at + size),
            );
          }
          at += size;
        }
        assert.deepEqual(folder.read(hash, 0, bytes.length), bytes);
        assert.equal(folder.bytes, bytes.length);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("a gap, too much, a wrong hash and a name that is no hash are refused", () => {
  using folder = new BlobFolder({ home: HOME });
  const hash = contentHash(bytesOf(10));
  assert.throws(() => folder.put(hash, 10, 5, bytesOf(5)), /0 of 10 bytes are here/);
  assert.throws(() => folder.put(hash, 10, 0, bytesOf(11)), RangeError);
  assert.throws(() => folder.put("../../etc/passwd" as ContentHash, 1, 0, bytesOf(1)), TypeError);
  assert.throws(() => folder.put(hash, 10, 0, bytesOf(10, 2)), /have the hash/);
  assert.throws(() => folder.read(hash, 0, 1), /does not have it/);
  folder.put(hash, 10, 0, bytesOf(10));
  assert.ok(folder.has(hash));
  assert.throws(() => folder.read(hash, -1, 1), RangeError);
  assert.equal([...Deno.readDirSync(folder.path)].length, 1);
});

Deno.test("past the bound the longest unused goes, and what is held stays", () => {
  using folder = new BlobFolder({ home: HOME, limitBytes: 3_000 });
  const [a, b, c, d] = [1, 2, 3, 4].map((seed) => bytesOf(1_000, seed)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const first = folder.store(a);
  const lease = folder.lease(first.hash);
  const second = folder.store(b);
  const third = folder.store(c);
  folder.read(second.hash, 0, 1);
  folder.store(d);
  assert.deepEqual([first, second, third].map(({ hash }) => folder.has(hash)), [true, true, false]);
  lease.release();
  lease.release();
  folder.store(bytesOf(1_000, 5));
  assert.equal(folder.has(first.hash), false);
  assert.equal(folder.bytes, 3_000);
});

Deno.test("the folder is private, and is gone in the end with all in it", () => {
  const folder = new BlobFolder({ home: HOME });
  folder.store(bytesOf(10));
  folder.put(contentHash(bytesOf(20)), 20, 0, bytesOf(5));
  assert.equal((Deno.statSync(folder.path).mode ?? 0) & 0o077, 0);
  folder[Symbol.dispose]();
  assert.equal(exists(folder.path), false);
});

Deno.test("a blob of another host is fetched once, in pieces, however many ask", async () => {
  using far = new BlobFolder({ home: "far" as HostId });
  using near = new BlobFolder({ home: HOME });
  const ref = far.store(bytesOf(2 * BLOB_PIECE_BYTES + 100));
  const asked: number[] = [];
  const fetcher = new BlobFetcher(near, (home, hash, offset, length) => {
    assert.equal(home, "far");
    asked.push(offset);
    return Promise.resolve(far.read(hash, offset, length));
  });
  const leases = await Promise.all([fetcher.lease(ref), fetcher.lease(ref)]);
  assert.deepEqual(asked, [0, BLOB_PIECE_BYTES, 2 * BLOB_PIECE_BYTES]);
  assert.deepEqual(await fetcher.bytes(ref), bytesOf(ref.size));
  leases.forEach((lease) => lease.release());
});

Deno.test("a fetch that fails leaves nothing behind, and the next one may succeed", async () => {
  using far = new BlobFolder({ home: "far" as HostId });
  using near = new BlobFolder({ home: HOME });
  const ref = far.store(bytesOf(1_000));
  let mood: "fail" | "short" | "lie" | "good" = "fail";
  const fetcher = new BlobFetcher(near, (_home, hash, offset, length) => {
    if (mood === "fail") return Promise.reject(new Error("link down"));
    if (mood === "short") return Promise.resolve(new Uint8Array(0));
    return Promise.resolve(mood === "lie" ? bytesOf(length, 9) : far.read(hash, offset, length));
  });
  await assert.rejects(fetcher.lease(ref), /link down/);
  mood = "short";
  await assert.rejects(fetcher.lease(ref), /has only 0 of 1000 bytes/);
  mood = "lie";
  await assert.rejects(fetcher.lease(ref), /have the hash/);
  assert.equal([...Deno.readDirSync(near.path)].length, 0);
  mood = "good";
  (await fetcher.lease(ref)).release();
});

Deno.test("results stay inline when they are small, and become blobs when they are not", () => {
  using folder = new BlobFolder({ home: HOME });
  const outputs = new EngineOutputs(folder);
  const small = bytesOf(64 * 1024);
  assert.equal(outputs.take(small), small);
  assert.deepEqual(outputs.take(bytesOf(64 * 1024 + 1)), {
    hash: contentHash(bytesOf(64 * 1024 + 1)),
    size: 65_537,
    home: HOME,
  });
  outputs.addPiece(1, 30, 0, bytesOf(30).slice(0, 20));
  assert.throws(() => outputs.addPiece(1, 30, 25, bytesOf(5)), RangeError);
  assert.throws(() => outputs.take(1), /not complete/);
  outputs.addPiece(1, 30, 20, bytesOf(30).slice(20));
  assert.deepEqual(outputs.take(1), { hash: contentHash(bytesOf(30)), size: 30, home: HOME });
  outputs.addPiece(2, 10, 0, bytesOf(5));
  outputs.close();
  assert.equal([...Deno.readDirSync(folder.path)].length, 2);
});

Deno.test("an upload under a sender's own name is told its hash when it is complete, and is found by that", () => {
  using folder = new BlobFolder({ home: "h" as HostId });
  const bytes = bytesOf(10);
  assert.equal(folder.put("sender#1", 10, 0, bytes.subarray(0, 4)), null);
  assert.equal(folder.put("sender#2", 10, 0, bytes), contentHash(bytes));
  assert.equal(folder.put("sender#1", 10, 4, bytes.subarray(4)), contentHash(bytes));
  assert.deepEqual(folder.read(contentHash(bytes), 0, 10), bytes);
  assert.equal(folder.bytes, 10);
  for (const name of ["../x#1", "sender", "sender#", "#1"]) {
    assert.throws(() => folder.put(name, 1, 0, bytesOf(1)), /no "<sender>#<number>"/);
  }
});
