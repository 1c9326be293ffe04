import assert from "node:assert/strict";
import { type ClientOwner, type EngineClient, holdNamesOfClient, namesClient } from "../../../engine/engine_client.ts";
import { SpecialValues } from "../../../engine/special_values.ts";
import { TaskClients } from "../../../engine/task_clients.ts";
import { TaskOwners } from "../../../engine/task_owners.ts";
import { TaskRunner } from "../../../engine/task_runner.ts";
import type { EngineId, TaskId } from "../../../protocol/ids.ts";
import { decodeValue, encodeArguments, encodeValue } from "../../../wire/value_codec.ts";
import { joined, template } from "./run_fixture.ts";

/** A client on paper: its tasks wait and go on as they say. */
class FakeClient implements EngineClient {
  readonly attached: Promise<void>;
  readonly ended: string[] = [];
  readonly closed = Promise.withResolvers<void>();

  constructor(attached: Promise<void> = Promise.resolve()) {
    this.attached = attached;
  }

  receive(): void {}

  of({ msgId, priority, waits }: ClientOwner) {
    return { client: { priority, waits }, end: () => void this.ended.push(msgId) };
  }

  close(): Promise<void> {
    this.closed.resolve();
    return Promise.resolve();
  }
}

const OWNER: ClientOwner = { msgId: "s-1" as TaskId, priority: 0, waits() {}, printed() {} };

Deno.test("the client is loaded when it is first wanted, once, and closed when no task has had it for long", async () => {
  const made: FakeClient[] = [];
  const clients = new TaskClients(
    () =>
      Promise.resolve({
        openClient() {
          const client = new FakeClient();
          made.push(client);
          return client;
        },
      }),
    () => {},
    1,
  );
  assert.throws(() => clients.of(OWNER), /write "await currentTask\(\)\.connect\(\)"/);
  await Promise.all([clients.prepare(), clients.prepare()]);
  const [one, other] = [clients.of(OWNER), clients.of(OWNER)];
  one.end();
  one.end();
  assert.deepEqual([made.length, clients.isOpen], [1, true]);
  other.end();
  await made[0]?.closed.promise;
  await clients.prepare();
  assert.deepEqual([made.length, clients.isReady], [2, true]);
});

Deno.test("who asks is told why the controller was not reached, and the next one tries again", async () => {
  let tries = 0;
  const clients = new TaskClients(() =>
    Promise.resolve({
      openClient: () => new FakeClient(++tries === 1 ? Promise.reject(new Error("no controller")) : Promise.resolve()),
    }), () => {});
  await clients.prepare();
  assert.throws(() => clients.of(OWNER), { name: "ConnectionError", message: /"s-1".*no controller/ });
  await clients.prepare();
  clients.of(OWNER).end();
  await clients.close();
  assert.throws(() => clients.of(OWNER), { name: "TypeError", message: /does not show that it wants one/ });
});

Deno.test("code that names a client is found, also in what a function captured", () => {
  assert.equal(namesClient("() => currentTask().client.ids"), true);
  assert.equal(namesClient("() => 1"), false);
  assert.equal(holdNamesOfClient(encodeValue({ c: "ccl", f: "() => t().client" })), true);
  assert.equal(holdNamesOfClient(encodeValue({ f: "() => t().clien" })), false);
});

/** A runner with one slot and a client on paper; its tasks reach the current task as `globalThis.taskOfTest()`. */
async function stage() {
  const fake = new FakeClient();
  const clients = new TaskClients(() => Promise.resolve({ openClient: () => fake }), () => {});
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const runner: TaskRunner = new TaskRunner({
    engineId: 0 as EngineId,
    slots: 1,
    owners: new TaskOwners(),
    clients,
    state: "loaded",
    special: new SpecialValues(),
    events: {
      ended(number, _code, body) {
        told.push(`${number} ${body === null ? "dropped" : String(decodeValue(joined(body)))}`);
        waiting.splice(0).forEach((wake) => wake());
      },
      published() {},
      progress() {},
      nested() {},
      printed() {},
      slot: (number, lent, running) => void told.push(`${number} ${lent ? "lends" : "retakes"} of ${running}`),
      broken: (error) => {
        throw error;
      },
    },
  });
  Object.assign(globalThis, { taskOfTest: () => runner.current, heldOfTest: {} });
  let count = 0;
  const add = (source: string) => {
    const args = encodeArguments([]);
    const named = { ...template(source), namesClient: namesClient(source), priority: 3 };
    runner.add([++count, 1, args, `s-${count}` as TaskId, 1], named, args);
  };
  const until = async (text: string) => {
    while (!told.includes(text)) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  await clients.prepare();
  return { runner, add, told, until, fake, [Symbol.asyncDispose]: () => clients.close() };
}

const WAITS = `async () => {
  const { client, msgId } = taskOfTest();
  client.waits(true);
  await new Promise((resolve) => heldOfTest[msgId] = resolve);
  client.waits(false);
  return taskOfTest().msgId;
}`;

Deno.test("while a task waits for its own another one runs in its slot; then both go on, each in its own name", async () => {
  await using test = await stage();
  const { runner, add, told, until, fake } = test;
  const held = (globalThis as unknown as { heldOfTest: Record<string, () => void> }).heldOfTest;
  add(WAITS);
  add(
    `async () => { heldOfTest["s-1"](); await new Promise((resolve) => setTimeout(resolve, 1)); return taskOfTest().msgId; }`,
  );
  add(`() => taskOfTest().msgId`);
  runner.work();
  await until("3 s-3");
  assert.deepEqual(told, ["1 lends of 1", "1 retakes of 2", "1 s-1", "2 s-2", "3 s-3"]);
  assert.deepEqual(fake.ended, ["s-1"]);
  assert.deepEqual(Object.keys(held), ["s-1"]);
});

Deno.test("tasks that wait in each other's slots, to any depth, all go on", async () => {
  await using test = await stage();
  const { runner, add, told, until } = test;
  for (let depth = 1; depth <= 5; depth++) add(WAITS);
  add("() => { for (const name in heldOfTest) heldOfTest[name](); }");
  runner.work();
  await until("5 s-5");
  assert.deepEqual(told.slice(0, 5), [1, 2, 3, 4, 5].map((number) => `${number} lends of ${number}`));
  assert.deepEqual(told.filter((line) => / s-/.test(line)).length, 5);
});

Deno.test("what a task submitted ends when it is cancelled, and when it has ended", async () => {
  await using test = await stage();
  const { runner, add, until, fake } = test;
  add(`() => { const { client, signal } = taskOfTest(); return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve("aborted"))); }`);
  runner.work();
  runner.cancel(1);
  assert.deepEqual(fake.ended, ["s-1"]);
  await until("1 aborted");
  add("() => taskOfTest().client.priority + taskOfTest().state");
  runner.work();
  await until("2 3loaded");
  assert.deepEqual(fake.ended, ["s-1", "s-2"]);
});

Deno.test("a task that is cancelled before it asks for its client gets one that submits nothing", async () => {
  await using test = await stage();
  const { runner, add, until, fake } = test;
  add(`() => new Promise((resolve) => taskOfTest().signal.addEventListener("abort", () => {
    taskOfTest().client;
    resolve("late");
  }))`);
  runner.work();
  runner.cancel(1);
  assert.deepEqual(fake.ended, ["s-1"]);
  await until("1 late");
});
