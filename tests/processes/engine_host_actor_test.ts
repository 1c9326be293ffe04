/** The host's actor between a scheduler on paper, a client on paper and real engines. @module */
import assert from "node:assert/strict";
import { Actor } from "../../actors/actor.ts";
import { ActorSystem } from "../../actors/actor_system.ts";
import type { Ref } from "../../actors/ref.ts";
import { MemoryBroker } from "../../bus/memory_bus.ts";
import { engineMainModule, findSetpriv } from "../../host/engine_command.ts";
import { HostActor, type HostActorOptions } from "../../host/host_actor.ts";
import { DEFAULT_PERMISSIONS } from "../../host/permissions.ts";
import type { DispatchNumber, EngineId, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import {
  type DispatchedRun,
  ENDED,
  type EndedMessage,
  type HostHello,
  type HostWelcome,
  SETTLED,
  type SettledMessage,
} from "../../protocol/messages.ts";
import type { HostApi } from "../../protocol/roles.ts";
import { PACKAGE_VERSION } from "../../protocol/version.ts";
import { contentHash } from "../../wire/content_hash.ts";
import { VersionMismatch } from "../../wire/errors.ts";
import { decodeValue, encodeArguments } from "../../wire/value_codec.ts";

const WAIT_LIMIT_MS = 15_000;
const encoder = new TextEncoder();

type Told =
  | { readonly kind: "hello"; readonly hello: HostHello }
  | { readonly kind: "ready"; readonly id: number; readonly uuid: string }
  | { readonly kind: "engine-ended"; readonly id: number; readonly requested: boolean; readonly returns: boolean }
  | { readonly kind: "failed"; readonly reason: string; readonly givenUp: boolean }
  | { readonly kind: "draining"; readonly id: number }
  | { readonly kind: "ended"; readonly epoch: number; readonly results: readonly EndedMessage[] }
  | { readonly kind: "settled"; readonly results: readonly SettledMessage[] };

/** Keeps what was told, and lets a test wait for it. */
class Diary {
  readonly all: Told[] = [];
  #waiting = new Set<() => void>();

  add(told: Told): void {
    this.all.push(told);
    for (const look of this.#waiting) look();
  }

  of<K extends Told["kind"]>(kind: K): Extract<Told, { kind: K }>[] {
    return this.all.filter((told): told is Extract<Told, { kind: K }> => told.kind === kind);
  }

  get results(): EndedMessage[] {
    return this.of("ended").flatMap(({ results }) => [...results]);
  }

  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => condition() && resolve();
    this.#waiting.add(look);
    const timer = setTimeout(
      () => reject(new Error(`Waited too long for ${condition}\n${Deno.inspect(this.all, { depth: 6 })}`)),
      WAIT_LIMIT_MS,
    );
    await promise.finally(() => (clearTimeout(timer), this.#waiting.delete(look)));
  }
}

class FakeScheduler extends Actor {
  readonly #diary: Diary;
  readonly #epoch: Epoch;
  #nextId: number;
  readonly #refusal: boolean;

  constructor(diary: Diary, epoch: number, nextId: number, refusal = false) {
    super();
    this.#diary = diary;
    this.#epoch = epoch as Epoch;
    this.#nextId = nextId;
    this.#refusal = refusal;
  }
  joinHost(hello: HostHello): HostWelcome {
    this.#diary.add({ kind: "hello", hello });
    if (this.#refusal) throw new VersionMismatch("Cannot take in the host: another version");
    return [this.#epoch, this.#ids(hello[6]), 1_000, PACKAGE_VERSION];
  }
  addEngines(_host: HostId, count: number): readonly EngineId[] {
    return this.#ids(count);
  }
  engineReady([id, uuid]: readonly [EngineId, string]) {
    this.#diary.add({ kind: "ready", id, uuid });
  }
  engineEnded(id: number, _uuid: string, _reason: string, requested: boolean, returns: boolean) {
    this.#diary.add({ kind: "engine-ended", id, requested, returns });
  }
  engineFailed(_id: number, _host: string, reason: string, givenUp: boolean) {
    this.#diary.add({ kind: "failed", reason, givenUp });
  }
  engineDraining(id: number) {
    this.#diary.add({ kind: "draining", id });
  }
  ended(epoch: number, results: readonly EndedMessage[]) {
    this.#diary.add({ kind: "ended", epoch, results });
  }
  #ids(count: number): EngineId[] {
    return Array.from({ length: count }, () => this.#nextId++ as EngineId);
  }
}

class FakeClient extends Actor {
  readonly #diary: Diary;
  constructor(diary: Diary) {
    super();
    this.#diary = diary;
  }
  directSettled(results: readonly SettledMessage[]) {
    this.#diary.add({ kind: "settled", results });
  }
}

/** A controller, a host with real engines and a client, each a node of its own. */
class Stage implements AsyncDisposable {
  readonly diary = new Diary();
  readonly #broker = new MemoryBroker();
  readonly #systems: ActorSystem[] = [];
  controller!: ActorSystem;
  hostRef!: Ref<HostApi>;
  hostEnded!: Promise<unknown>;

  static async open(engines: number, options: Partial<HostActorOptions> = {}, refusal = false): Promise<Stage> {
    const stage = new Stage();
    await stage.startController(1, 0, refusal);
    const host = await stage.system("host", "box");
    const local = await host.spawn(HostActor, {
      name: "host",
      unique: false,
      args: [{
        engines,
        slots: 1,
        hostname: "machine",
        pid: Deno.pid,
        command: {
          permissions: DEFAULT_PERMISSIONS,
          secretFolders: [],
          configFile: null,
          memoryMb: null,
          extraFlags: [],
          mainModule: engineMainModule(),
          setprivPath: findSetpriv(),
        },
        heartbeatMs: 1_000,
        graceMs: 200,
        drainMs: () => 0,
        blobLimitBytes: null,
        search: null,
        ...options,
      }],
    });
    stage.hostEnded = new Promise((resolve) => local.watch((event) => event.kind === "ended" && resolve(event.reason)));
    stage.hostRef = stage.controller.refAt<HostApi>("host.box", "host");
    return stage;
  }

  async system(role: "host" | "controller" | "client", node: string): Promise<ActorSystem> {
    const system = await ActorSystem.connect({ name: "demo", bus: this.#broker.connect(), role, node });
    this.#systems.push(system);
    return system;
  }

  async startController(epoch: number, firstId: number, refusal = false): Promise<void> {
    this.controller = await this.system("controller", `life${epoch}`);
    await this.controller.spawn(FakeScheduler, { name: "scheduler", args: [this.diary, epoch, firstId, refusal] });
    this.hostRef = this.controller.refAt<HostApi>("host.box", "host");
  }

  dispatch(
    source: string,
    runs: readonly (readonly [number: number, engine: number, ...args: unknown[]])[],
    epoch = 1,
  ): void {
    const bytes = encoder.encode(source);
    const code = contentHash(bytes);
    const list = runs.map(([number, engine, ...args]): DispatchedRun => [
      number as DispatchNumber,
      engine as EngineId,
      `abc-${number}` as TaskId,
      1,
      0,
      encodeArguments(args),
    ]);
    this.hostRef.cast.dispatch([epoch as Epoch, [[code, bytes]], [[code, "f", [], null]], list]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const system of this.#systems.reverse()) await system.close();
  }
}

Deno.test("a host joins, gets names for its engines, runs what is dispatched and reports it", async () => {
  await using stage = await Stage.open(2);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 2);
  const [protocol, version, host, , hostname, , newEngines, engines, held] = diary.of("hello")[0]?.hello ?? [];
  assert.deepEqual([protocol, version, host, hostname, newEngines, engines, held], [
    1,
    PACKAGE_VERSION,
    "box",
    "machine",
    2,
    [],
    [],
  ]);
  stage.dispatch("(x) => x * 2", [[1, 0, 21], [2, 1, 4], [3, 0, 5]]);
  await diary.until(() => diary.results.length === 3);
  const values = diary.results.map(([number, code, body]) => [number, code, decodeValue(body as Uint8Array)]);
  assert.deepEqual(values.sort(), [[1, ENDED.done, 42], [2, ENDED.done, 8], [3, ENDED.done, 10]]);
});

Deno.test("a dispatch that comes twice runs once, and one of an older epoch not at all", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  stage.dispatch("() => 1", [[7, 0]], 3);
  stage.dispatch("() => 1", [[7, 0]], 3);
  stage.dispatch("() => 1", [[8, 0]], 2);
  stage.dispatch("() => 1", [[9, 0]], 3);
  await diary.until(() => diary.results.some(([number]) => number === 9));
  assert.deepEqual(diary.results.map(([number]) => number), [7, 9]);
});

Deno.test("a new controller is told what the host holds: what runs, what waits, what ended and was not released", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  stage.dispatch("(x) => x", [[1, 0, "released"], [2, 0, "kept"]]);
  await diary.until(() => diary.results.length === 2);
  stage.hostRef.cast.release(1 as Epoch, [1 as DispatchNumber]);
  stage.dispatch("() => new Promise(() => {})", [[3, 0], [4, 0]]);
  await stage.hostRef.call.getBlob(contentHash(encoder.encode("none")), 0, 1).catch(() => {});
  await stage.controller.close();
  await stage.startController(2, 10);
  await diary.until(() => diary.of("hello").length === 2);
  const hello = diary.of("hello")[1]?.hello;
  assert.equal(hello?.[6], 0);
  assert.deepEqual(hello?.[7].map(([id]) => id), [0]);
  const held = hello?.[8].map((
    [task, epoch, number, attempt, engine, state],
  ) => [task, epoch, number, attempt, engine, state]);
  assert.equal(hello?.[8][0]?.[7], diary.of("ready")[0]?.uuid, "the process it ran on");
  assert.deepEqual(held?.slice(0, 2), [["abc-2", 1, 2, 1, 0, "ended"], ["abc-3", 1, 3, 1, 0, "running"]]);
  assert.equal(hello?.[8].length, 3);
  const ended = hello?.[8][0]?.[6];
  assert.equal(decodeValue(ended?.[2] as Uint8Array), "kept");
  stage.hostRef.cast.abort(1 as Epoch, [4, 3] as DispatchNumber[]);
  await diary.until(() => diary.results.filter(([number]) => number === 3 || number === 4).length === 2);
  assert.ok(diary.of("ended").slice(-1).every(({ epoch }) => epoch === 1));
});

Deno.test("an engine with slots is told to the controller, which can call back what has not begun", async () => {
  await using stage = await Stage.open(1, { slots: 2 });
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  assert.equal(diary.of("hello")[0]?.hello[9], 2);
  const source = `(x) => x === 0 ? x : new Promise((resolve) =>
    currentTask().signal.addEventListener("abort", () => resolve(x)))`;
  stage.dispatch(source, [[1, 0, 1], [2, 0, 0], [3, 0, 3], [4, 0, 0], [5, 0, 0]]);
  await diary.until(() => diary.results.length === 1);
  const numbers = [1, 2, 3, 4, 5] as DispatchNumber[];
  stage.hostRef.cast.callBack(1 as Epoch, numbers);
  await diary.until(() => diary.results.length === 3);
  stage.hostRef.cast.abort(1 as Epoch, numbers);
  await diary.until(() => diary.results.length === 5);
  const ends = diary.results.map(([number, code]) => [number, code]);
  assert.deepEqual([ends[0], ...ends.slice(1, 3).sort(), ...ends.slice(3).sort()], [
    [2, ENDED.done],
    [4, ENDED.returned],
    [5, ENDED.returned],
    [1, ENDED.aborted],
    [3, ENDED.aborted],
  ]);
});

Deno.test("engines can be started, drained and restarted on request", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  assert.deepEqual(await stage.hostRef.call.startEngines(2), [1, 2]);
  await diary.until(() => diary.of("ready").length === 3);
  await stage.hostRef.call.stopEngines([1 as EngineId], 1_000);
  await stage.hostRef.call.restartEngines([2 as EngineId], 1_000);
  await diary.until(() => diary.of("ready").length === 4 && diary.of("engine-ended").length === 2);
  const ends = diary.of("engine-ended").map(({ id, requested, returns }) => [id, requested, returns]);
  assert.deepEqual(ends, [[1, true, false], [2, true, true]]);
  const uuids = diary.of("ready").filter(({ id }) => id === 2).map(({ uuid }) => uuid);
  assert.notEqual(uuids[0], uuids[1]);
  stage.dispatch("() => 1", [[1, 1]]);
  await diary.until(() => diary.results.length === 1);
  assert.equal(diary.results[0]?.[1], ENDED.returned);
});

Deno.test("the death of an engine is told before the ends of its runs, whose places would be filled again", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  stage.dispatch("(x) => x === 1 ? Deno.exit(5) : x", [[1, 0, 1], [2, 0, 2]]);
  await diary.until(() => diary.of("ended").length === 1);
  assert.deepEqual(diary.results.map(([number, code]) => [number, code]), [[1, ENDED.engineDied], [2, ENDED.returned]]);
  const order = diary.all.map(({ kind }) => kind);
  assert.ok(order.indexOf("engine-ended") < order.indexOf("ended"));
  await diary.until(() => diary.of("ready").length === 2);
});

Deno.test("a direct task goes straight back to its client, and can be aborted", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  const client = await stage.system("client", "abcdefghij");
  await client.spawn(FakeClient, { name: "client", unique: false, args: [diary] });
  const host = client.refAt<HostApi>("host.box", "host");
  const session = "abcdefghij" as Session;
  const bytes = encoder.encode("(x) => x === 1 ? new Promise(() => {}) : x");
  const code = contentHash(bytes);
  const direct = (counter: number, engine: number, arg: number) =>
    host.cast.direct([session, [[code, bytes]], [[code, "f", [], null]], [[
      counter,
      engine as EngineId,
      0,
      encodeArguments([arg]),
    ]]]);
  const settled = () => diary.of("settled").flatMap(({ results }) => results);
  direct(0, 0, 5);
  await diary.until(() => settled().length === 1);
  const [counter, outcome, body, engine, uuid] = settled()[0] ?? [];
  assert.deepEqual([counter, outcome, engine], [0, SETTLED.done, 0]);
  assert.equal(decodeValue(body as Uint8Array), 5);
  assert.equal(uuid, diary.of("ready")[0]?.uuid);
  direct(1, 0, 1);
  direct(2, 0, 1);
  direct(3, 99, 1);
  host.cast.abortDirect(session, [1, 2]);
  await diary.until(() => settled().length === 4);
  const failed = settled().slice(1).map((
    [counter, outcome, body],
  ) => [counter, outcome, (body as readonly unknown[])[0]]);
  assert.deepEqual(failed.sort(), [[1, SETTLED.failed, "TaskAborted"], [2, SETTLED.failed, "TaskAborted"], [
    3,
    SETTLED.failed,
    "EngineError",
  ]]);
});

Deno.test("blobs go into a host in pieces, come out in pieces, and serve as arguments", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  const bytes = encodeArguments(["x".repeat(1_000_000)]);
  const hash = contentHash(bytes);
  for (let at = 0; at < bytes.length; at += 300_000) {
    await stage.hostRef.call.putBlob(hash, bytes.length, at, bytes.subarray(at, at + 300_000));
  }
  assert.deepEqual(await stage.hostRef.call.getBlob(hash, 999_990, 100), bytes.slice(999_990));
  const source = encoder.encode("(text) => text + text.length");
  const code = contentHash(source);
  const args = [hash, bytes.length, "box" as HostId] as const;
  stage.hostRef.cast.dispatch([1 as Epoch, [[code, source]], [[code, "f", [], null]], [
    [1 as DispatchNumber, 0 as EngineId, "abc-1" as TaskId, 1, 0, args],
  ]]);
  await diary.until(() => diary.results.length === 1);
  const [resultHash, size, home] = diary.results[0]?.[2] as readonly [typeof hash, number, HostId];
  assert.equal(home, "box");
  const end = await stage.hostRef.call.getBlob(resultHash, size - 10, 10);
  assert.equal(new TextDecoder().decode(end), "xxx1000000");
});

Deno.test("arguments that nobody has fail their task with a reason, and the next one runs", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  const source = encoder.encode("(x) => x");
  const code = contentHash(source);
  const args = [contentHash(encoder.encode("gone")), 100_000, "box" as HostId] as const;
  stage.hostRef.cast.dispatch([1 as Epoch, [[code, source]], [[code, "f", [], null]], [
    [1 as DispatchNumber, 0 as EngineId, "abc-1" as TaskId, 1, 0, args],
    [2 as DispatchNumber, 0 as EngineId, "abc-2" as TaskId, 1, 0, encodeArguments([2])],
  ]]);
  await diary.until(() => diary.results.length === 2);
  const [first, second] = diary.results;
  assert.equal(first?.[1], ENDED.hostFailed);
  assert.match(
    String(first?.[2]),
    /^its arguments can't be had \(its 100000 bytes lay on host "box".*does not have it/,
  );
  assert.equal(second?.[1], ENDED.done);
});

Deno.test("a host that no controller will ever take ends, and its engines with it", async () => {
  await using stage = await Stage.open(1, {}, true);
  assert.match(String(await stage.hostEnded), /failed: .*another version/);
});

Deno.test("messages that are not ours are dropped, and the host goes on", async () => {
  await using stage = await Stage.open(1);
  const { diary } = stage;
  await diary.until(() => diary.of("ready").length === 1);
  const cast = stage.hostRef.cast as unknown as Record<string, (...args: unknown[]) => void>;
  for (
    const garbage of [null, 1, "text", [], [1, 2, 3, 4], [1, [], [], [[1, 0, "abc-1", 1, 5, new Uint8Array(0)]]], [
      1,
      [["x", 1]],
      [],
      [],
    ]]
  ) {
    for (const method of ["dispatch", "direct", "abort", "abortDirect", "callBack", "release"]) {
      cast[method]?.(garbage, garbage);
    }
  }
  stage.dispatch("() => 1", [[1, 0]]);
  await diary.until(() => diary.results.length === 1);
  assert.equal(diary.results[0]?.[1], ENDED.done);
});
