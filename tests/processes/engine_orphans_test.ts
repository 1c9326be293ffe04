/** No engine outlives its host; and engines that are loaded from a URL. @module */
import assert from "node:assert/strict";
import { findSetpriv } from "../../host/engine_command.ts";
import { DEFAULT_PERMISSIONS, parsePermissionFlags, resolvePermissions } from "../../host/permissions.ts";
import { childrenOf, commandLineOf, gone, signal } from "./cli_fixture.ts";
import { FleetFixture } from "./engine_fixture.ts";

/** Kills a host while its engine does what `source` says; resolves with whether the engine's process ended too. */
async function engineEndsWithHost(source?: string, ...how: readonly string[]): Promise<boolean> {
  const host = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      new URL("engine_orphan_host.ts", import.meta.url).pathname,
      ...(source === undefined ? [] : [source, ...how]),
    ],
    stdout: "piped",
    stderr: "null",
    stdin: "null",
  }).spawn();
  const { value } = await host.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
  const pid = Number(value);
  assert.ok(pid > 0, value);
  host.kill("SIGKILL");
  await host.status;
  const ended = await new Deno.Command("timeout", { args: ["10", "tail", `--pid=${pid}`, "-f", "/dev/null"] }).output();
  if (!ended.success) signal(pid, "SIGKILL");
  return ended.success;
}

Deno.test("an idle engine ends with its host", async () => {
  assert.ok(await engineEndsWithHost());
});

Deno.test("an engine in an asynchronous task ends with its host", async () => {
  assert.ok(
    await engineEndsWithHost(
      "() => { currentTask().publish(1); setInterval(() => {}, 10); return new Promise(() => {}); }",
    ),
  );
});

Deno.test({
  name: "an engine in an endless loop ends with its host, where the system can see to it",
  ignore: findSetpriv() === null,
  fn: async () => assert.ok(await engineEndsWithHost("() => { currentTask().publish(1); for (;;); }")),
});

Deno.test("an engine in an endless loop ends with its host where the system does not see to it", async () => {
  const source = "() => { currentTask().publish(1); for (;;); }";
  assert.ok(await engineEndsWithHost(source, "without setpriv"));
});

Deno.test("what watches over engines is started again when it is killed, and ends with the host's fleet", async () => {
  await using host = await FleetFixture.start(1, { command: { setprivPath: null } });
  const shells = () => childrenOf(Deno.pid).filter((pid) => commandLineOf(pid).includes("troupe-reaper"));
  const [first] = shells();
  signal(first, "SIGKILL");
  await gone(first ?? 0);
  assert.equal(await host.value("() => 1"), 1);
  const [second] = shells();
  assert.ok(second !== undefined && second !== first);
  await host.fleet.close(0);
  assert.deepEqual(shells(), []);
});

Deno.test("Ctrl-C at the terminal of a host does not reach its engines", async () => {
  await using host = await FleetFixture.start(1);
  const groupOf = async (pid: number | undefined) => {
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "pgid=", "-p", String(pid)] }).output();
    return Number(new TextDecoder().decode(stdout));
  };
  const pid = host.fleet.ready[0]?.pid;
  assert.equal(await groupOf(pid), pid);
  assert.notEqual(await groupOf(Deno.pid), pid);
});

Deno.test("an engine whose module is at a URL works, with and without the right to import", async () => {
  const root = new URL("../../", import.meta.url);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname.slice(1);
    const body = await Deno.readTextFile(new URL(path, root)).catch(() => null);
    return new Response(body, {
      status: body === null ? 404 : 200,
      headers: { "content-type": "application/typescript" },
    });
  });
  const mainModule = `http://127.0.0.1:${server.addr.port}/cluster/engine_main.ts`;
  try {
    for (
      const permissions of [
        DEFAULT_PERMISSIONS,
        resolvePermissions("none"),
        parsePermissionFlags(["--allow-import=jsr.io"]),
      ]
    ) {
      await using host = await FleetFixture.start(1, { command: { mainModule, permissions } });
      assert.equal(await host.value("(x) => x + 1", [1]), 2);
    }
  } finally {
    await server.shutdown();
  }
});
