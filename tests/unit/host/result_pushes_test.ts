import assert from "node:assert/strict";
import { BlobFolder } from "../../../host/blob_folder.ts";
import { BlobFollower } from "../../../host/blob_follower.ts";
import type { EngineRun } from "../../../host/engine_run.ts";
import { pushResult } from "../../../host/result_pushes.ts";
import type { HostId } from "../../../protocol/ids.ts";
import type { ResultPiece } from "../../../protocol/messages.ts";
import { BLOB_PIECE_BYTES } from "../../../protocol/roles.ts";

const run = { task: "s1-7", origin: { kind: "scheduled" } } as unknown as EngineRun;

Deno.test("a result leaves while it is written, its last piece with the hash of it all", async () => {
  using folder = new BlobFolder({ home: "box" as HostId });
  const file = folder.create();
  const pieces: ResultPiece[] = [];
  const first = Promise.withResolvers<void>();
  const total = BLOB_PIECE_BYTES + 10;
  const pushed = pushResult(run, total, new BlobFollower(file), (node, piece) => {
    assert.equal(node, "client.s1");
    pieces.push(piece);
    first.resolve();
    return Promise.resolve(true);
  });
  file.append(new Uint8Array(BLOB_PIECE_BYTES).fill(1));
  await first.promise;
  file.append(new Uint8Array(10).fill(2));
  const { hash } = folder.adopt(file);
  await pushed;
  assert.deepEqual(pieces.map(([counter, size, offset, bytes, hash]) => [counter, size, offset, bytes.length, hash]), [
    [7, total, 0, BLOB_PIECE_BYTES, null],
    [7, total, BLOB_PIECE_BYTES, 10, hash],
  ]);
  assert.deepEqual(pieces[1]?.[3], new Uint8Array(10).fill(2));
});

Deno.test("few pieces are under way at a time, and none follows once the client wants no more", async () => {
  using folder = new BlobFolder({ home: "box" as HostId });
  const file = folder.create();
  file.append(new Uint8Array(20 * BLOB_PIECE_BYTES));
  const answers: ((more: boolean) => void)[] = [];
  const full = Promise.withResolvers<void>();
  const pushed = pushResult(run, 20 * BLOB_PIECE_BYTES, new BlobFollower(file), () => {
    return new Promise((resolve) => {
      if (answers.push(resolve) === 8) full.resolve();
    });
  });
  await full.promise;
  answers[0]?.(false);
  await pushed;
  assert.equal(answers.length, 8);
  file.discard();
});

Deno.test("the result of a process that died is not sent to its end", async () => {
  using folder = new BlobFolder({ home: "box" as HostId });
  const file = folder.create();
  file.append(new Uint8Array(10));
  let sent = 0;
  const pushed = pushResult(run, 10, new BlobFollower(file), () => Promise.resolve(++sent > 0));
  file.discard();
  await pushed;
  assert.equal(sent, 0);
});
