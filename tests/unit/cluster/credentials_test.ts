import assert from "node:assert/strict";
import { makeCredentials, parseCredentials } from "../../../cluster/credentials.ts";

Deno.test("made credentials differ by role and from cluster to cluster", () => {
  const [one, two] = [makeCredentials(), makeCredentials()];
  const passwords = [one.client, one.host, one.controller, two.client].map((credential) => credential?.password);
  assert.equal(new Set(passwords).size, 4);
  assert.ok(passwords.every((password) => (password?.length ?? 0) >= 32));
});

Deno.test("a token stands in for the passwords of clients and hosts, not of the controller", () => {
  const made = makeCredentials("secret");
  assert.equal(made.client?.password, "secret");
  assert.equal(made.host?.password, "secret");
  assert.notEqual(made.controller?.password, "secret");
});

Deno.test("credentials are read as one for all, by role, from a connection file and as .creds", () => {
  assert.deepEqual(parseCredentials('{"user":"u","password":"p"}', "f").host, { user: "u", password: "p" });
  assert.deepEqual(parseCredentials('{"host":{"token":"t"}}', "f"), { host: { token: "t" } });
  assert.deepEqual(parseCredentials('{"format":1,"credentials":{"host":{"token":"t"}}}', "f"), {
    host: { token: "t" },
  });
  const creds = "-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n";
  assert.deepEqual(parseCredentials(creds, "f").client, { creds });
});

Deno.test("what is no credential is refused with the file and what was wanted", () => {
  for (const text of ["{", "[]", "null", '{"user":"u"}', '{"host":{"user":1,"password":2}}']) {
    assert.throws(() => parseCredentials(text, "my-file"), { name: "TypeError", message: /my-file/ });
  }
});
