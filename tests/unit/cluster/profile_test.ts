import assert from "node:assert/strict";
import { checkClusterName, profilePaths, troupeHome } from "../../../cluster/profile.ts";

Deno.test("a name with dots, blanks, capitals or nothing in it is refused with what a name may be", () => {
  for (const name of ["a.b", "a b", "A", "", "ä", "a/b", "x".repeat(64)]) {
    assert.throws(() => checkClusterName(name), { name: "RangeError", message: /a-z, 0-9 and "-"/ });
  }
  assert.equal(checkClusterName("my-cluster-2"), "my-cluster-2");
});

Deno.test("TROUPE_HOME is where the profiles are", () => {
  const env: Record<string, string> = { TROUPE_HOME: "/somewhere", HOME: "/home/x" };
  assert.equal(troupeHome((name) => env[name]), "/somewhere");
});

Deno.test(
  "without TROUPE_HOME they are in the platform's directory for state",
  { ignore: Deno.build.os !== "linux" },
  () => {
    assert.equal(troupeHome((name) => name === "HOME" ? "/home/x" : undefined), "/home/x/.local/state/troupe");
    assert.equal(troupeHome((name) => ({ HOME: "/h", XDG_STATE_HOME: "/s" })[name]), "/s/troupe");
  },
);

Deno.test("each cluster has a folder of its own", () => {
  assert.equal(profilePaths("one", "/home").connection, "/home/one/connection.json");
  assert.throws(() => profilePaths("../x", "/home"), RangeError);
});
