import assert from "node:assert/strict";
import { inheritedEnvironment } from "../../../host/engine_command.ts";
import { mustBeCached } from "../../../host/engine_module.ts";
import { parsePermissionFlags, permissionFlags, resolvePermissions } from "../../../host/permissions.ts";

const FILE = "file:///x/engine/main.ts";
const flags = (permissions: Parameters<typeof permissionFlags>[0], secrets: string[] = [], main = FILE) =>
  permissionFlags(permissions, secrets, main);

Deno.test("the default is imports and nothing else", () => {
  assert.deepEqual(flags(resolvePermissions(undefined)), ["--allow-import"]);
  assert.deepEqual(flags(parsePermissionFlags([])), ["--allow-import"]);
});

Deno.test("options of Cluster.start become flags exactly", () => {
  const permissions = resolvePermissions({
    read: ["./data", "/b c"],
    net: true,
    env: false,
    write: "inherit",
    run: ["ls"],
  });
  assert.deepEqual(flags(permissions), ["--deny-import", "--allow-read=./data,/b c", "--allow-net", "--allow-run=ls"]);
  assert.deepEqual(flags(resolvePermissions({ import: ["esm.sh:443"] })), ["--allow-import=esm.sh:443"]);
  assert.deepEqual(flags(resolvePermissions({ import: true, read: [new URL("file:///a%20b")] })), [
    "--allow-import",
    "--allow-read=/a b",
  ]);
});

Deno.test('"none" grants nothing and fetches nothing, "inherit" only what is held in full', () => {
  assert.deepEqual(flags(resolvePermissions("none")), ["--deny-import", "--cached-only"]);
  assert.deepEqual(flags(resolvePermissions("inherit", ["net", "import", "unknown"])), [
    "--allow-import",
    "--allow-net",
  ]);
});

Deno.test("flags of the command line are passed on as Deno has them", () => {
  const permissions = parsePermissionFlags([
    "--allow-read=./data,./more",
    "--allow-read=./third",
    "--deny-read=./data/x",
    "--allow-net",
  ]);
  assert.deepEqual(flags(permissions), [
    "--allow-import",
    "--allow-read=./data,./more,./third",
    "--deny-read=./data/x",
    "--allow-net",
  ]);
  assert.deepEqual(flags(parsePermissionFlags(["-A"])), ["--allow-all"]);
  assert.deepEqual(flags(parsePermissionFlags(["--allow-all", "--offline-tasks"])), ["--allow-all", "--cached-only"]);
  assert.deepEqual(flags(parsePermissionFlags(["--allow-import=jsr.io"])), ["--allow-import=jsr.io"]);
  assert.deepEqual(flags(parsePermissionFlags(["--deny-import"])), ["--deny-import"]);
});

Deno.test("folders with secrets are denied as soon as reading or writing is granted", () => {
  assert.deepEqual(flags(parsePermissionFlags([]), ["/secret"]), ["--allow-import"]);
  assert.deepEqual(flags(parsePermissionFlags(["--allow-read"]), ["/secret"]), [
    "--allow-import",
    "--allow-read",
    "--deny-read=/secret",
  ]);
  assert.deepEqual(flags(parsePermissionFlags(["-A", "--deny-write=/w"]), ["/s"]), [
    "--allow-all",
    "--deny-read=/s",
    "--deny-write=/w,/s",
  ]);
  assert.deepEqual(flags(parsePermissionFlags(["--allow-read", "--deny-read"]), ["/s"]), [
    "--allow-import",
    "--allow-read",
    "--deny-read",
  ]);
});

Deno.test("an engine's own modules at a URL can be imported whatever is denied", () => {
  assert.deepEqual(flags(resolvePermissions({ net: true }), [], "http://127.0.0.1:81/engine/main.ts"), [
    "--allow-import=127.0.0.1:81",
    "--allow-net",
  ]);
  assert.deepEqual(flags(parsePermissionFlags(["--allow-import=jsr.io"]), [], "https://x.org/main.ts"), [
    "--allow-import=jsr.io,x.org:443",
  ]);
  assert.deepEqual(flags(parsePermissionFlags([]), [], "https://x.org/main.ts"), ["--allow-import"]);
});

Deno.test("what can't be meant is said at once", () => {
  assert.throws(
    () => resolvePermissions({ reed: true } as Deno.PermissionOptionsObject),
    /Cannot grant "reed": .*kinds are import, read/,
  );
  assert.throws(() => resolvePermissions({ read: ["a,b"] }), /without commas/);
  assert.throws(() => resolvePermissions({ read: [] }), /not empty/);
  assert.throws(() => resolvePermissions("all" as "none"), TypeError);
  assert.throws(() => parsePermissionFlags(["--allow-everything"]), /no such permission/);
  assert.throws(() => parsePermissionFlags(["allow-read"]), /write it as/);
  assert.throws(() => parsePermissionFlags(["--allow-read="]), /not empty/);
});

Deno.test("engines inherit a few variables and no others", () => {
  const host: Record<string, string> = { PATH: "/bin", HOME: "/h", TROUPE_TOKEN: "t", AWS_SECRET: "s", DENO_DIR: "/d" };
  const env = inheritedEnvironment((name) => host[name]);
  assert.deepEqual(env, { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", PATH: "/bin", HOME: "/h", DENO_DIR: "/d" });
});

Deno.test("only remote modules of offline engines have to be cached first", () => {
  assert.equal(mustBeCached("https://x.org/main.ts", true), true);
  assert.equal(mustBeCached("https://x.org/main.ts", false), false);
  assert.equal(mustBeCached(FILE, true), false);
});
