import assert from "node:assert/strict";
import { blobPrefix, ownBlobPlace, sweepBlobFolders } from "../../../cluster/blob_places.ts";
import { ownIdentity } from "../../../cluster/process_identity.ts";
import { BlobFolder } from "../../../host/blob_folder.ts";
import type { HostId } from "../../../protocol/ids.ts";

Deno.test("folders of hosts that are gone are removed, those of living ones and of strangers stay", async () => {
  const parent = await Deno.makeTempDir({ prefix: "troupe-test-" });
  const place = ownBlobPlace(parent);
  using folder = new BlobFolder({ home: "h" as HostId, place });
  const blob = folder.store(new Uint8Array([1, 2, 3]));
  const { startedTicks } = ownIdentity();
  const dead = `${parent}/${blobPrefix({ pid: 999_999_999, startedTicks: 7 })}aa`;
  const reused = `${parent}/${blobPrefix({ pid: Deno.pid, startedTicks: (startedTicks ?? 0) + 1 })}bb`;
  const elsewhere = dead.replace(/-[^-]+-aa$/, "-1-aa");
  const unknown = `${parent}/troupe-blobs-cc`;
  for (const path of [dead, reused, elsewhere, unknown]) {
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/part-1`, "half a value");
  }

  const abandoned = Deno.build.os === "linux" ? 2 : 1;
  assert.equal(await sweepBlobFolders(parent), abandoned);
  const left = [...Deno.readDirSync(parent)].map(({ name }) => `${parent}/${name}`);
  assert.equal(left.length, 5 - abandoned);
  assert.ok(!left.includes(dead));
  assert.ok(left.includes(elsewhere) && left.includes(unknown));
  assert.deepEqual(folder.read(blob.hash, 0, 3), new Uint8Array([1, 2, 3]));
  assert.equal(await sweepBlobFolders(`${parent}/nowhere`), 0);
  await Deno.remove(parent, { recursive: true });
});
