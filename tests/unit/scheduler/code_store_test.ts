import assert from "node:assert/strict";
import type { HostId, Session } from "../../../protocol/ids.ts";
import { DEFAULT_FLAGS, type TaskTemplate } from "../../../protocol/task_spec.ts";
import { CodeStore } from "../../../scheduler/code_store.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { SerializationError } from "../../../wire/errors.ts";

const source = new TextEncoder().encode("(x) => x");
const hash = contentHash(source);
const session = "s" as Session;
const host = "h" as HostId;

function template(): TaskTemplate {
  return { code: hash, name: "f", flags: DEFAULT_FLAGS, captures: null };
}

Deno.test("code goes to each host once in its life", () => {
  const store = new CodeStore();
  const task = template();
  store.add(session, [[hash, source]]);
  store.bind(task);
  assert.deepEqual(store.forHost(host, task), [hash, source]);
  assert.equal(store.forHost(host, task), null);
  assert.notEqual(store.forHost("other" as HostId, task), null);
  store.forgetHost(host);
  assert.notEqual(store.forHost(host, task), null);
});

Deno.test("code whose bytes are not those of its hash is refused", () => {
  assert.throws(() => new CodeStore().add(session, [[hash, new Uint8Array([1])]]), SerializationError);
});

Deno.test("a template whose code never came is refused", () => {
  assert.throws(() => new CodeStore().bind(template()), { name: "SerializationError", message: /"f".*was not sent/ });
});

Deno.test("a task's template keeps its code after the session that sent it is gone", () => {
  const store = new CodeStore();
  const task = template();
  store.add(session, [[hash, source]]);
  store.bind(task);
  store.forgetSession(session);
  assert.deepEqual(store.forHost(host, task), [hash, source]);
});
