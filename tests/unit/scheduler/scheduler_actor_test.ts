import assert from "node:assert/strict";
import { Actor } from "../../../actors/actor.ts";
import { ActorSystem, type LocalOptions } from "../../../actors/actor_system.ts";
import type { Fact } from "../../../protocol/facts.ts";
import type { Epoch, HostId, Incarnation, Session, TaskId } from "../../../protocol/ids.ts";
import type { DispatchMessage, HostHello, SettledMessage, SubmitMessage } from "../../../protocol/messages.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../../../protocol/version.ts";
import { createScheduler } from "../../../scheduler/core/scheduler.ts";
import { DEFAULT_OPTIONS, type SchedulerCore } from "../../../scheduler/core/scheduler_core.ts";
import { SchedulerActor, type SchedulerActorOptions } from "../../../scheduler/scheduler_actor.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { DEFAULT_FLAGS } from "../../../protocol/task_spec.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { flagsToMessage } from "../../../wire/flags_message.ts";

const epoch = 1 as Epoch;
const code = new TextEncoder().encode("(x) => x");
const session = "aaaaaaaaaa" as Session;
const host = "box" as HostId;

function first<T>(list: readonly T[]): T {
  assert.ok(list.length > 0);
  return list[0] as T;
}

/** Keeps what it is told, and lets a test wait for it. */
class Told<T> {
  readonly all: T[] = [];
  #waiting: (() => void)[] = [];

  add(value: T): void {
    this.all.push(value);
    this.#waiting.splice(0).forEach((wake) => wake());
  }

  async atLeast(count: number): Promise<readonly T[]> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.all;
  }
}

/** A host on paper: remembers what it was told. */
class FakeHost extends Actor {
  readonly #told: Told<[string, unknown]>;
  constructor(told: Told<[string, unknown]>) {
    super();
    this.#told = told;
  }
  dispatch(batch: DispatchMessage) {
    this.#told.add(["dispatch", batch]);
  }
  release(_epoch: Epoch, numbers: readonly number[]) {
    this.#told.add(["release", numbers]);
  }
}

class FakeClient extends Actor {
  readonly #told: Told<SettledMessage>;
  constructor(told: Told<SettledMessage>) {
    super();
    this.#told = told;
  }
  settled(_epoch: Epoch, results: readonly SettledMessage[]) {
    results.forEach((result) => this.#told.add(result));
  }
  engines() {}
}

/** A scheduler between a host and a client, all in this process. */
async function stage(local: LocalOptions = {}, more: Pick<SchedulerActorOptions, "leadership"> = {}) {
  const system = ActorSystem.local(local);
  const hostTold = new Told<[string, unknown]>();
  const clientTold = new Told<SettledMessage>();
  const facts: Fact[] = [];
  await system.spawn(FakeHost, { name: "host", args: [hostTold] });
  await system.spawn(FakeClient, { name: "client", args: [clientTold] });
  const pure = createScheduler({ ...DEFAULT_OPTIONS, epoch });
  const stepTimes: number[] = [];
  const step: SchedulerCore["step"] = (event) => (stepTimes.push(event.at), pure.step(event));
  const core = { ...pure, step };
  const onFacts = (some: readonly Fact[]) => void facts.push(...some);
  const options = { core, epoch, heartbeatMs: 1_000, onFacts, ...more };
  const scheduler = await system.spawn(SchedulerActor, { name: "scheduler", args: [options] });
  return { system, scheduler, hostTold, clientTold, facts, stepTimes, [Symbol.asyncDispose]: () => system.close() };
}

function hello(protocol: number = PROTOCOL_VERSION): HostHello {
  return [protocol, PACKAGE_VERSION, host, "i" as Incarnation, "box", 1, 1, [], [], 1];
}

function batch(counter: number): SubmitMessage {
  const hash = contentHash(code);
  return [session, [[hash, code]], [[hash, "f", [], null]], [[counter, 0, new Uint8Array([counter])]]];
}

Deno.test("a task goes from its client to a host and its result back, with facts written on the way", async () => {
  await using at = await stage();
  const [, ids] = await at.scheduler.call.joinHost(hello());
  const id = first(ids);
  at.scheduler.cast.engineReady([id, "u" as never, host, 5, 1]);
  await at.scheduler.call.attachClient([PROTOCOL_VERSION, PACKAGE_VERSION, session, session, 0]);
  at.scheduler.cast.submit(batch(0));
  const [kind, message] = first(await at.hostTold.atLeast(1));
  assert.equal(kind, "dispatch");
  const [sentEpoch, codes, templates, runs] = message as DispatchMessage;
  assert.deepEqual([sentEpoch, codes.length, templates.length, runs.length], [epoch, 1, 1, 1]);
  assert.deepEqual(first(runs).slice(1, 4), [id, `${session}-0`, 1]);
  const kinds = at.facts.map(({ kind }) => kind);
  assert.ok(kinds.indexOf("task-accepted") < kinds.indexOf("task-assigned"));
});

Deno.test("code is sent to a host with the first task that needs it only", async () => {
  await using at = await stage();
  const [, ids] = await at.scheduler.call.joinHost(hello());
  at.scheduler.cast.engineReady([first(ids), "u" as never, host, 5, 9]);
  at.scheduler.cast.submit(batch(0));
  at.scheduler.cast.submit(batch(1));
  const told = await at.hostTold.atLeast(2);
  assert.deepEqual(told.map(([, message]) => (message as DispatchMessage)[1].length), [1, 0]);
});

Deno.test("an abort of a queued task settles it at its client", async () => {
  await using at = await stage();
  await at.scheduler.call.attachClient([PROTOCOL_VERSION, PACKAGE_VERSION, session, session, 0]);
  at.scheduler.cast.submit(batch(0));
  at.scheduler.cast.abort([`${session}-0` as never]);
  const [counter, , body] = first(await at.clientTold.atLeast(1));
  assert.equal(counter, 0);
  assert.equal((body as readonly unknown[])[0], "TaskAborted");
});

Deno.test("a host of another protocol is refused with both versions and what to do", async () => {
  await using at = await stage();
  await assert.rejects(at.scheduler.call.joinHost(hello(PROTOCOL_VERSION + 1)), (error: Error) => {
    assert.match(error.message, /VersionMismatch|protocol/);
    assert.match(error.message, /--reload/);
    return true;
  });
});

Deno.test("garbage from a sender is dropped, and the scheduler goes on", async () => {
  await using at = await stage();
  for (const garbage of [null, [], [1, 2, 3, 4], ["s", [], [], [[0, 5, new Uint8Array()]]], "x"]) {
    at.scheduler.cast.submit(garbage as never);
    at.scheduler.cast.ended(epoch, garbage as never);
    at.scheduler.cast.engineReady(garbage as never);
    at.scheduler.cast.abort(garbage as never);
  }
  await at.scheduler.call.attachClient([PROTOCOL_VERSION, PACKAGE_VERSION, session, session, 0]);
});

Deno.test("tasks whose code was changed on its way fail at their client, with those that name them; the others run", async () => {
  await using at = await stage();
  const [, ids] = await at.scheduler.call.joinHost(hello());
  at.scheduler.cast.engineReady([first(ids), "u" as never, host, 5, 9]);
  await at.scheduler.call.attachClient([PROTOCOL_VERSION, PACKAGE_VERSION, session, session, 0]);
  const sound = new TextEncoder().encode("(x) => -x");
  const [hash, other] = [contentHash(code), contentHash(sound)];
  const after = { ids: [`${session}-0` as TaskId], all: true, success: true, failure: false };
  const flags = flagsToMessage({ ...DEFAULT_FLAGS, after });
  const templates = [[hash, "f", [], null], [other, "g", [], null], [other, "g", flags, null]];
  const codes = [[hash, sound], [other, sound]];
  const rows = [0, 1, 2].map((counter) => [counter, counter, new Uint8Array([counter])]);
  at.scheduler.cast.submit([session, codes, templates, rows] as never);
  const settled = await at.clientTold.atLeast(2);
  const names = settled.map(([counter, , body]) => [counter, (body as readonly string[])[0]]);
  assert.deepEqual(names, [[0, "SerializationError"], [2, "ImpossibleDependency"]]);
  assert.match(String((first(settled)[2] as readonly string[])[1]), /its bytes have another hash/);
  const [, message] = first(await at.hostTold.atLeast(1));
  assert.deepEqual((message as DispatchMessage)[3].map(([, , task]) => task), [`${session}-1`]);
});

Deno.test("questions are answered in their place among the submissions, and facts are out by then", async () => {
  await using at = await stage();
  at.scheduler.cast.submit(batch(0));
  const caughtUp = at.scheduler.call.caughtUp();
  const words = at.scheduler.call.statusOf([`${session}-0`, `${session}-1`] as never);
  at.scheduler.cast.submit(batch(1));
  await caughtUp;
  assert.ok(at.facts.some(({ kind }) => kind === "task-accepted"));
  assert.deepEqual(await words, ["ready", "unknown"]);
  assert.equal((await at.scheduler.call.explain(`${session}-1` as never)).cause, "no-engines");
  assert.equal((await at.scheduler.call.queueStatus(null, false)).unassigned, 2);
});

Deno.test("an explanation is as of now: the core is told the time before it is asked", async () => {
  const clock = new FakeClock();
  await using at = await stage({ clock });
  at.scheduler.cast.submit(batch(0));
  await at.scheduler.call.caughtUp();
  const submittedAt = at.stepTimes.at(-1) ?? NaN;
  clock.advance(400);
  await at.scheduler.call.explain(`${session}-0` as never);
  assert.equal(at.stepTimes.at(-1), submittedAt + 400);
});

Deno.test("purging is all or nothing: unfinished and unknown tasks are named, and nothing is forgotten", async () => {
  await using at = await stage();
  const ids = [0, 1, 2].map((counter) => `${session}-${counter}` as never);
  at.scheduler.cast.submit(batch(0));
  at.scheduler.cast.submit(batch(1));
  at.scheduler.cast.abort([ids[0] as never]);
  assert.deepEqual(await at.scheduler.call.purge(ids), [[ids[1]], [ids[2]]]);
  assert.deepEqual(await at.scheduler.call.statusOf(ids), ["aborted", "ready", "unknown"]);
  assert.deepEqual(await at.scheduler.call.purge([ids[0] as never]), [[], []]);
  assert.deepEqual(await at.scheduler.call.statusOf(ids), ["forgotten", "ready", "unknown"]);
  assert.deepEqual(await at.scheduler.call.purge(null), [[], []], "all means all that are finished");
  assert.deepEqual(at.facts.filter(({ kind }) => kind === "task-forgotten").length, 1);
});

Deno.test("code is given back by its hash for as long as it is there", async () => {
  await using at = await stage();
  at.scheduler.cast.submit(batch(0));
  const hash = contentHash(code);
  assert.deepEqual(await at.scheduler.call.codes([hash, contentHash(new Uint8Array())]), [code, null]);
});

Deno.test("questions that are none are refused to who asked them, and the scheduler goes on", async () => {
  await using at = await stage();
  const { call } = at.scheduler;
  await assert.rejects(call.explain(5 as never), /explain message/);
  await assert.rejects(call.statusOf("x" as never), /status message/);
  await assert.rejects(call.queueStatus([-1] as never, false), /queue status message/);
  await assert.rejects(call.purge([5] as never), /purge message/);
  await assert.rejects(call.codes(null as never), /codes message/);
  assert.equal((await call.explain("nonsense" as never)).text, '"nonsense" is not the id of a task.');
});

Deno.test("while it is not known whether it leads, nothing is decided and nobody is told anything; later all is, in order", async () => {
  const confirmed = Promise.withResolvers<void>();
  const leadership = { valid: true, whenValid: () => confirmed.promise };
  await using at = await stage({}, { leadership });
  leadership.valid = false;
  const welcome = at.scheduler.call.attachClient([PROTOCOL_VERSION, PACKAGE_VERSION, session, session, 0]);
  at.scheduler.cast.submit(batch(0));
  at.scheduler.cast.abort([`${session}-0` as never]);
  const status = at.scheduler.call.statusOf([`${session}-0` as never]);
  const steps = at.stepTimes.length;
  let answers = 0;
  for (const answer of [welcome, status, at.scheduler.call.queueStatus(null, false)]) void answer.then(() => answers++);
  // Whatever comes after these messages would have been handled by now.
  await at.scheduler.call.codes([]);
  assert.deepEqual([at.stepTimes.length, answers, at.clientTold.all.length], [steps, 0, 0]);
  leadership.valid = true;
  confirmed.resolve();
  assert.deepEqual(await status, ["aborted"]);
  await welcome;
});
