/** A disk that is full: results and arguments that don't fit fail their tasks with the reason, engines and hosts go on. @module */
import assert from "node:assert/strict";
import { Client, EngineError } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture } from "./cli_fixture.ts";

const ROOM_MB = 4;

/** A file system of its own for the temporary folder; `null`: that may not be made here. */
async function smallDisk(folder: string): Promise<AsyncDisposable | null> {
  await Deno.mkdir(folder);
  const run = async (program: string, ...args: string[]) => {
    try {
      const command = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" });
      return (await command.output()).success;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return false;
      throw error;
    }
  };
  if (Deno.build.os !== "linux") return null;
  if (!await run("mount", "-t", "tmpfs", "-o", `size=${ROOM_MB}m`, "troupe-test", folder)) return null;
  return { [Symbol.asyncDispose]: async () => void await run("umount", "-l", folder) };
}

Deno.test("what does not fit on the disk of a host fails its task with the reason, and nothing else", async () => {
  await using fixture = await CliFixture.create();
  const temporary = `${fixture.home}/tmp`;
  await using disk = await smallDisk(temporary);
  if (disk === null) return;
  // What runs is not made anew in a folder that is full.
  const start = fixture.spawn(["start", "-n", "1"], { env: { TMPDIR: temporary } });
  await start.errorLine(/is running/);
  {
    await using client = await Client.connect({ connectionFile: fixture.connectionFile() });
    const view = client.loadBalancedView();
    const pid = await view.apply(() => Deno.pid);
    const big = view.apply((bytes: number) => new Uint8Array(bytes).fill(1), 2 * ROOM_MB * 1024 * 1024);
    const failure = await within(Promise.resolve(big).then(() => null, (error: Error) => error), "the failure", 20_000);
    assert.ok(failure instanceof EngineError, String(failure));
    assert.match(
      failure.message,
      /its result of \d+ bytes can't be kept on its host \(No space left .*make room for "/,
    );

    const argument = view.apply((bytes: Uint8Array) => bytes.length, new Uint8Array(2 * ROOM_MB * 1024 * 1024));
    const refused = await within(Promise.resolve(argument).then(() => null, (error: Error) => error), "it", 20_000);
    assert.match(String(refused), /No space left/);

    // Room is made, and all goes on in the same process.
    assert.equal((await view.apply((bytes: number) => new Uint8Array(bytes), 1024 * 1024)).length, 1024 * 1024);
    assert.equal(await view.apply(() => Deno.pid), pid);
  }
  start.signal("SIGTERM");
  assert.equal((await start.ended()).code, 0);
});
