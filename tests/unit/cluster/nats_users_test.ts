import assert from "node:assert/strict";
import { makeNatsCredentials, natsUsersConfig } from "../../../cluster/nats_users.ts";
import { subjectPermissions } from "../../../protocol/subjects.ts";

Deno.test("users of a cluster are named after it, each with a password of its own", () => {
  const { client, host, controller } = makeNatsCredentials("blue");
  assert.deepEqual([client?.user, host?.user, controller?.user], ["blue-client", "blue-host", "blue-controller"]);
  const passwords = [client, host, controller].map((credential) => credential?.password ?? "");
  assert.equal(new Set(passwords).size, 3);
  for (const password of passwords) assert.match(password, /^[0-9a-f]{48}$/);
  assert.notEqual(makeNatsCredentials("blue").host?.password, host?.password);
});

Deno.test("the server's configuration has each user with the subjects of its role", () => {
  const credentials = makeNatsCredentials("blue");
  const config = natsUsersConfig("blue", credentials);
  for (const role of ["client", "host", "controller"] as const) {
    const { publish, subscribe } = subjectPermissions("blue", role);
    const { user, password } = credentials[role] ?? {};
    const entry = config.split(`user: "${user}", password: "${password}"`)[1]?.split("user:")[0] ?? "";
    assert.ok(entry.includes(`publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)}`), config);
  }
});

Deno.test("a configuration for a role without a password is refused by name", () => {
  const { client, host } = makeNatsCredentials("blue");
  assert.throws(
    () => natsUsersConfig("blue", { client: client ?? {}, host: host ?? {}, controller: { token: "t" } }),
    /TypeError: Cannot write the user of "controller"/,
  );
});
