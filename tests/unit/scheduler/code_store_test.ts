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
  assert.deepEqual(store.forHost(host, task), [[hash, source]]);
  assert.deepEqual(store.forHost(host, task), []);
  assert.deepEqual(store.forHost("other" as HostId, task), [[hash, source]]);
  store.forgetHost(host);
  assert.deepEqual(store.forHost(host, task), [[hash, source]]);
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
  assert.deepEqual(store.forHost(host, task), [[hash, source]]);
});

Deno.test("the modules that a template names go along with its code, each once to a host", () => {
  const store = new CodeStore();
  const text = new TextEncoder().encode("export const x = 1;");
  const module = contentHash(text);
  const task = { ...template(), modules: [module] };
  store.add(session, [[hash, source]]);
  assert.throws(() => store.bind(task), /its code "[0-9a-f]{12}…" was not sent/);
  store.add(session, [[module, text]]);
  const plain = template();
  for (const each of [plain, task]) store.bind(each);
  store.forgetSession(session);
  assert.deepEqual(store.forHost(host, plain), [[hash, source]]);
  assert.deepEqual(store.forHost(host, task), [[module, text]]);
});
