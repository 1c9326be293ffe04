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
  assert.equal(store.receive(session, [[hash, source]], [task]).size, 0);
  assert.deepEqual(store.forHost(host, task), [[hash, source]]);
  assert.deepEqual(store.forHost(host, task), []);
  assert.deepEqual(store.forHost("other" as HostId, task), [[hash, source]]);
  store.forgetHost(host);
  assert.deepEqual(store.forHost(host, task), [[hash, source]]);
});

Deno.test("code whose bytes are not those of its hash is refused, with the templates that name it alone", () => {
  const other = new TextEncoder().encode("(x) => -x");
  const [broken, sound] = [template(), { ...template(), code: contentHash(other) }];
  const codes = [[hash, new Uint8Array([1])], [contentHash(other), other]] as const;
  const unfit = new CodeStore().receive(session, codes, [broken, sound]);
  assert.deepEqual([...unfit.keys()], [broken]);
  assert.ok(unfit.get(broken) instanceof SerializationError);
  assert.match(String(unfit.get(broken)), /its bytes have another hash/);
});

Deno.test("a template whose code never came is refused", () => {
  const task = template();
  const error = new CodeStore().receive(session, [], [task]).get(task);
  assert.ok(error instanceof SerializationError);
  assert.match(error.message, /"f".*was not sent/);
});

Deno.test("a task's template keeps its code after the session that sent it is gone", () => {
  const store = new CodeStore();
  const task = template();
  assert.equal(store.receive(session, [[hash, source]], [task]).size, 0);
  store.forgetSession(session);
  assert.deepEqual(store.forHost(host, task), [[hash, source]]);
});

Deno.test("the modules that a template names go along with its code, each once to a host", () => {
  const store = new CodeStore();
  const text = new TextEncoder().encode("export const x = 1;");
  const module = contentHash(text);
  const task = { ...template(), modules: [module] };
  const unfit = store.receive(session, [[hash, source]], [task]);
  assert.match(String(unfit.get(task)), /its code "[0-9a-f]{12}…" was not sent/);
  const plain = template();
  assert.equal(store.receive(session, [[module, text]], [plain, task]).size, 0);
  store.forgetSession(session);
  assert.deepEqual(store.forHost(host, plain), [[hash, source]]);
  assert.deepEqual(store.forHost(host, task), [[module, text]]);
});
