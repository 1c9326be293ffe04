/** What a keeper of a controller that is killed leaves for the next one. @module */
import assert from "node:assert/strict";
import { LastLifeFile } from "../../../cluster/last_life.ts";
import type { HostId } from "../../../protocol/ids.ts";
import { silentLog } from "../../../wire/log.ts";

const [own, other, third] = ["own", "other", "third"] as HostId[] as [HostId, HostId, HostId];

async function withFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/last_life.json`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a file holds that a keeper kept `lives` in, and then was killed. */
async function leftAfter(path: string, lives: readonly Parameters<LastLifeFile["keep"]>[0][]) {
  const file = await LastLifeFile.open(path, own, silentLog);
  for (const life of lives) file.keep(life);
  await file.written;
  return (await LastLifeFile.open(path, own, silentLog)).left;
}

Deno.test("a keeper finds the last life of one that was killed, without the host that died with it", async () => {
  await withFolder(async (path) => {
    const lives = [
      { epoch: 5, hosts: [own], nextEngineId: 0 },
      { epoch: 5, hosts: [own, other], nextEngineId: 2 },
      { epoch: 6, hosts: [own, other, third], nextEngineId: 3 },
    ];
    assert.deepEqual(await leftAfter(path, lives), { epoch: 6, hosts: [other, third], nextEngineId: 3 });
  });
});

Deno.test("a keeper that ends well leaves nothing", async () => {
  await withFolder(async (path) => {
    {
      await using file = await LastLifeFile.open(path, own, silentLog);
      assert.equal(file.left, null);
      file.keep({ epoch: 5, hosts: [other], nextEngineId: 1 });
    }
    assert.equal((await LastLifeFile.open(path, own, silentLog)).left, null);
  });
});

Deno.test("a file that can't be read is said in the log, and is as none", async () => {
  for (const text of ["", "{", "[]", '{"format":1,"epoch":"5","hosts":[],"nextEngineId":0}', '{"format":9}']) {
    await withFolder(async (path) => {
      await Deno.writeTextFile(path, text);
      const said: string[] = [];
      const file = await LastLifeFile.open(path, own, (level, message) => said.push(`${level} ${message}`));
      assert.equal(file.left, null);
      assert.deepEqual(said, ["warn what the last controller left can't be read"]);
    });
  }
});

Deno.test("a keeper whose controller did not come up leaves what it found", async () => {
  await withFolder(async (path) => {
    const life = { epoch: 6, hosts: [other], nextEngineId: 3 };
    await leftAfter(path, [life]);
    {
      await using _file = await LastLifeFile.open(path, own, silentLog);
    }
    assert.deepEqual((await LastLifeFile.open(path, own, silentLog)).left, life);
  });
});
