/** What a host does for a run whose bytes are not where they were put, or can't be kept. @module */
import assert from "node:assert/strict";
import { BlobFetcher } from "../../../host/blob_fetcher.ts";
import { BlobFolder } from "../../../host/blob_folder.ts";
import { EngineOutputs } from "../../../host/engine_outputs.ts";
import { LostInputs, type LostInputsOptions } from "../../../host/lost_inputs.ts";
import type { HostId } from "../../../protocol/ids.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { EngineError } from "../../../wire/errors.ts";
import { scheduledRun } from "./run_fixture.ts";

const HOME = "here" as HostId;
const BYTES = new TextEncoder().encode("x".repeat(1_000));
const HASH = contentHash(BYTES);
const REF = { hash: HASH, size: BYTES.length, home: "far" as HostId };

/** Whose other hosts are all gone. */
function lostHost(ask: Partial<LostInputsOptions>, folder: BlobFolder): LostInputs {
  const fetcher = new BlobFetcher(folder, () => Promise.reject(new Error("far is down")));
  return new LostInputs({
    fetcher,
    home: HOME,
    askClient: () => Promise.resolve(false),
    askScheduler: () => Promise.resolve(null),
    ...ask,
  });
}

Deno.test("bytes that no host has any more are brought again by the client of the run", async () => {
  using folder = new BlobFolder({ home: HOME });
  const asked: unknown[] = [];
  const lost = lostHost({
    askClient: (run, hash, size) => {
      asked.push([run.task, hash, size]);
      folder.put(HASH, BYTES.length, 0, BYTES);
      return Promise.resolve(true);
    },
  }, folder);
  const lease = await lost.lease(REF, scheduledRun(3));
  assert.deepEqual([lease.size, asked], [1_000, [["abc-3", HASH, 1_000]]]);
  lease.release();
  assert.deepEqual(await lost.bytes(REF, scheduledRun(4)), BYTES);
  assert.equal(asked.length, 1, "what is here is not asked for");
});

Deno.test("where the client is gone, or has them no more, the error says where they lay and why they can't be had", async () => {
  using folder = new BlobFolder({ home: HOME });
  for (const askClient of [() => Promise.resolve(false), () => Promise.reject(new Error("no such node"))]) {
    await assert.rejects(lostHost({ askClient }, folder).lease(REF, scheduledRun(1)), (error) => {
      assert.ok(error instanceof EngineError);
      assert.match(
        error.message,
        /its 1000 bytes lay on host "far", which can't give them \(far is down\), and its client/,
      );
      return true;
    });
  }
});

Deno.test("code that this host let go comes from the client, else from the scheduler", async () => {
  using folder = new BlobFolder({ home: HOME });
  const fromScheduler = lostHost({ askScheduler: () => Promise.resolve(BYTES) }, folder);
  assert.deepEqual(await fromScheduler.code(HASH, scheduledRun(1)), BYTES);
  await assert.rejects(lostHost({}, folder).code(HASH, scheduledRun(1)), /neither its client nor the scheduler has/);
  const fromClient = lostHost({
    askClient: () => {
      folder.put(HASH, BYTES.length, 0, BYTES);
      return Promise.resolve(true);
    },
  }, folder);
  assert.deepEqual(await fromClient.code(HASH, scheduledRun(1)), BYTES);
});

Deno.test("a result that the disk does not take is a failure of that task, not of its engine", () => {
  using folder = new BlobFolder({ home: HOME });
  const full = () => {
    throw new Error("No space left on device (os error 28)");
  };
  const create = folder.create.bind(folder);
  folder.create = () => Object.assign(create(), { append: full });
  const outputs = new EngineOutputs(folder);
  outputs.addPiece(1, 10, 0, new Uint8Array(6));
  outputs.addPiece(1, 10, 6, new Uint8Array(4));
  assert.throws(() => outputs.take(1), (error) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, /its result of 10 bytes can't be kept on its host \(No space left.*make room for "/);
    return true;
  });
  assert.throws(() => outputs.take(new Uint8Array(100_000)), EngineError);
  assert.throws(
    () => outputs.addPiece(2, 10, 3, new Uint8Array(4)),
    RangeError,
    "what is no piece is the engine's fault",
  );
  outputs.close();
  assert.deepEqual([...Deno.readDirSync(folder.path)].filter(({ name }) => name === "part-1"), []);
});
