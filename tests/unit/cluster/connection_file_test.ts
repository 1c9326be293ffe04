import assert from "node:assert/strict";
import { credentialFor, readConnectionFile, writeConnectionFiles } from "../../../cluster/connection_file.ts";
import { makeCredentials } from "../../../cluster/credentials.ts";
import { profilePaths } from "../../../cluster/profile.ts";
import { NotRunning } from "../../../wire/errors.ts";

async function temporaryHome(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "troupe-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("a connection file comes back as it was written, and only its owner may read it", async () => {
  await using home = await temporaryHome();
  const paths = profilePaths("one", home.path);
  const credentials = makeCredentials();
  await writeConnectionFiles(paths, { cluster: "one", servers: ["nats://127.0.0.1:4222"], credentials });
  const read = await readConnectionFile(paths.connection, "one");
  assert.equal(read.cluster, "one");
  assert.deepEqual(read.servers, ["nats://127.0.0.1:4222"]);
  assert.deepEqual(read.credentials, credentials);
  if (Deno.build.os !== "windows") assert.equal(((await Deno.stat(paths.connection)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("the file for hosts holds the host's credential alone, and says so to a client", async () => {
  await using home = await temporaryHome();
  const paths = profilePaths("one", home.path);
  const credentials = makeCredentials();
  await writeConnectionFiles(paths, { cluster: "one", servers: ["nats://127.0.0.1:4222"], credentials });
  const read = await readConnectionFile(paths.hostConnection, "one");
  assert.deepEqual(Object.keys(read.credentials), ["host"]);
  assert.deepEqual(credentialFor(read, "host", "f"), credentials.host);
  assert.throws(() => credentialFor(read, "client", "f"), /holds credentials for host only/);
});

Deno.test("no file is NotRunning, with what to type", async () => {
  await using home = await temporaryHome();
  await assert.rejects(readConnectionFile(`${home.path}/none.json`, "one"), (error: Error) => {
    assert.ok(error instanceof NotRunning);
    assert.match(error.message, /start --name one/);
    return true;
  });
});

Deno.test("a file whose process is gone is stale, and says how to get rid of it", async () => {
  await using home = await temporaryHome();
  const path = `${home.path}/connection.json`;
  const owner = { pid: 999_999_999, startedTicks: 1 };
  await Deno.writeTextFile(
    path,
    JSON.stringify({ format: 1, cluster: "one", servers: [], packageVersion: "0", owner, credentials: {} }),
  );
  await assert.rejects(readConnectionFile(path, "one"), { name: "NotRunning", message: /stale; "clean" removes it/ });
});

Deno.test({
  name: "a program that may not look at processes takes the file for what it is",
  permissions: { read: [await Deno.realPath(Deno.env.get("TMPDIR") ?? "/tmp")], write: true, env: true, sys: true },
  async fn() {
    await using home = await temporaryHome();
    const path = `${home.path}/connection.json`;
    const owner = { pid: 999_999_999, startedTicks: 1 };
    await Deno.writeTextFile(
      path,
      JSON.stringify({ format: 1, cluster: "one", servers: [], packageVersion: "0", owner, credentials: {} }),
    );
    assert.equal((await readConnectionFile(path, "one")).cluster, "one");
  },
});

Deno.test("a damaged file is named with what is wrong with it", async () => {
  await using home = await temporaryHome();
  const path = `${home.path}/connection.json`;
  for (
    const [text, wrong] of [["{", /not JSON/], ["[]", /format/], ['{"format":1}', /"cluster" or "servers"/]] as const
  ) {
    await Deno.writeTextFile(path, text);
    await assert.rejects(readConnectionFile(path, "one"), { name: "TypeError", message: wrong });
  }
});
