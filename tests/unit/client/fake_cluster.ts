/**
 * A scheduler and hosts in this process, behind the client's ports: records what arrives, answers when told or at once.
 *
 * Runs shipped code as an engine would: from its text, on arguments decoded afresh. Used by the tests of `client/`.
 * @module
 */
import type {
  ContentHash,
  EngineId,
  EngineUuid,
  Epoch,
  HostId,
  Session as SessionId,
  TaskId,
} from "../../../protocol/ids.ts";
import {
  type ClientHello,
  type ClientWelcome,
  type DirectMessage,
  type DirectRunMessage,
  type EngineMessage,
  type InputMessage,
  type PayloadMessage,
  type PureMessage,
  SETTLED,
  type SettledMessage,
  type SubmitMessage,
  type TemplateMessage,
} from "../../../protocol/messages.ts";
import { PACKAGE_VERSION } from "../../../protocol/version.ts";
import { SpecialValues } from "../../../engine/special_values.ts";
import { MissingImports } from "../../../wire/function_link.ts";
import { Client } from "../../../client/client.ts";
import type { BroadcastTarget } from "../../../client/direct_broadcast.ts";
import type { HostLink } from "../../../client/host_link.ts";
import type { PureTarget } from "../../../client/pure_queue.ts";
import type { SchedulerLink } from "../../../client/scheduler_link.ts";
import { Session } from "../../../client/session.ts";
import { unlessAborted } from "../../../client/waiting.ts";
import { type Clock, systemClock } from "../../../wire/clock.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import { encodeError } from "../../../wire/error_codec.ts";
import { EngineError, MailboxFull, UnmetDependency } from "../../../wire/errors.ts";
import { parseTaskId } from "../../../wire/task_ids.ts";
import { decodeValue, encodeValue } from "../../../wire/value_codec.ts";
import { FakeQuestions } from "./fake_questions.ts";

export const SESSION = "testsessio" as SessionId;
export const HOST = "h1" as HostId;

/** A task as the fake scheduler or host knows it. */
export interface Arrived {
  readonly counter: number;
  readonly template: TemplateMessage;
  readonly args: PayloadMessage;
  readonly ageMs: number;
  readonly inputs: readonly InputMessage[];
  readonly engine: EngineId;
  readonly direct: boolean;
}

export function engineMessage(id: number, host: HostId = HOST): EngineMessage {
  return [id as EngineId, `uuid-${id}` as EngineUuid, host, 100 + id, 1];
}

/** The scheduler, its hosts and engines. */
export class FakeCluster implements SchedulerLink {
  readonly hellos: ClientHello[] = [];
  readonly batches: SubmitMessage[] = [];
  readonly directBatches: { host: HostId; batch: DirectMessage }[] = [];
  /** Hosts that the session asked the way to. */
  readonly hostsFound: HostId[] = [];
  readonly aborts: TaskId[] = [];
  readonly directAborts: number[] = [];
  /** Direct tasks that came, in order. */
  readonly ranDirect: number[] = [];
  /** Whether a host takes what comes over its link. */
  takesDirect: (host: HostId, batch: DirectMessage) => boolean = () => true;
  readonly orders: (readonly [what: string, host: HostId, ids: readonly EngineId[]])[] = [];
  /** Orders wait for this. */
  orderGate: Promise<void> = Promise.resolve();
  readonly detached: SessionId[] = [];
  /** Where blobs went, and for which engines. */
  readonly uploads: (readonly [host: HostId, engines: readonly EngineId[]])[] = [];
  readonly blobs = new Map<ContentHash, Uint8Array>();
  readonly #uploading = new Map<string, Uint8Array>();
  readonly tasks = new Map<number, Arrived>();
  /** Those that were run. */
  readonly finished = new Map<number, Arrived>();
  /** Of those that succeeded. */
  readonly results = new Map<number, PayloadMessage>();
  readonly codes = new Map<ContentHash, Uint8Array>();
  readonly pieces: { offset: number; bytes: number }[] = [];
  piecesInFlight = 0;
  mostPiecesInFlight = 0;
  epoch = 1;
  attempt = 1;
  /** What each task is said to have taken. */
  runMs = 5;
  engines: EngineMessage[] = [engineMessage(0), engineMessage(1)];
  /** Runs tasks as they arrive. */
  automatic = true;
  /** Engines say what they take from the queue group. */
  takes = true;
  /** Else they arrive, and nothing comes of them. */
  heedsAborts = true;
  /** How many submits are taken before `MailboxFull`. */
  credit = Infinity;
  /** Fails attachments while set. */
  attachError: Error | null = null;
  /** Fails blob pieces while set. */
  blobError: Error | null = null;
  /** Called after each step. */
  #watchers: (() => void)[] = [];
  #drained: (() => void)[] = [];
  readonly #special = new SpecialValues();
  readonly questions = new FakeQuestions(this);
  readonly session: Session;
  readonly client: Client;

  /** What the controller says of its scheme. */
  scheme = "";

  constructor(
    clock: Clock = systemClock,
    pure: PureTarget | null = null,
    broadcast: BroadcastTarget | null = null,
  ) {
    this.session = new Session({
      id: SESSION,
      node: "n1",
      scheduler: this,
      host: (id) => this.#host(id),
      questions: (signal) => this.questions.link(signal),
      clock,
      log: () => {},
      pure,
      broadcast,
    });
    this.client = new Client(this.session);
  }

  static async start(clock?: Clock, set: (cluster: FakeCluster) => void = () => {}): Promise<FakeCluster> {
    const cluster = new FakeCluster(clock);
    set(cluster);
    await cluster.session.start(1_000);
    return cluster;
  }

  // --- the port ---

  attach(hello: ClientHello): Promise<ClientWelcome> {
    this.hellos.push(hello);
    this.#changed();
    if (this.attachError !== null) return Promise.reject(this.attachError);
    return Promise.resolve([this.epoch as Epoch, PACKAGE_VERSION, this.engines, 1000, this.scheme]);
  }

  submit(batch: SubmitMessage): void {
    if (this.credit <= 0) throw new MailboxFull("full");
    this.credit--;
    this.batches.push(batch);
    const [, codes, templates, rows] = batch;
    this.#learn(codes);
    const arrived: number[] = [];
    for (const [counter, template, args, ageMs, inputs = []] of rows) {
      const message = templates[template];
      if (message === undefined) throw new Error("no such template");
      const engine = (counter % 2) as EngineId;
      this.tasks.set(counter, { counter, template: message, args, ageMs: ageMs ?? 0, inputs, engine, direct: false });
      arrived.push(counter);
    }
    if (this.automatic) queueMicrotask(() => void this.run(arrived));
    this.#changed();
  }

  abort(ids: readonly TaskId[]): void {
    this.aborts.push(...ids);
    this.#changed();
    if (!this.heedsAborts) return;
    const results: SettledMessage[] = [];
    for (const id of ids) {
      const task = this.tasks.get(parseTaskId(id)?.counter ?? -1);
      if (task === undefined) continue;
      this.tasks.delete(task.counter);
      results.push([task.counter, SETTLED.failed, ["TaskAborted", `Aborted ${id}.`], null, null, 0, 0, 0]);
    }
    this.session.settled(this.epoch as Epoch, results);
    this.#changed();
  }

  detach(session: SessionId): Promise<void> {
    this.detached.push(session);
    return Promise.resolve();
  }

  drained(): Promise<void> {
    return new Promise((resolve) => void this.#drained.push(resolve));
  }

  /** Tasks that came to an engine through the queue group; it says so, and runs them. */
  arrive(engine: EngineId, host: HostId, [, , code, template, runs]: PureMessage): void {
    this.#learn([code]);
    for (const [counter, args, inputs = []] of runs) {
      if (this.tasks.has(counter)) throw new Error(`task ${counter} came twice`);
      this.tasks.set(counter, { counter, template, args, ageMs: 0, inputs, engine, direct: true });
    }
    const counters = runs.map(([counter]) => counter);
    if (this.takes) { for (const counter of counters) this.take(counter, engine, host); }
    if (this.automatic) queueMicrotask(() => void this.run(counters));
    this.#changed();
  }

  /** Direct tasks that came to a host: some of `all`, by whichever way. */
  arriveDirect(
    codes: DirectMessage[1],
    templates: DirectMessage[2],
    rows: readonly DirectRunMessage[],
    all: readonly DirectRunMessage[],
  ): void {
    this.#learn(codes);
    const arrived: number[] = [];
    for (const [counter, engine, template, given, inputs = []] of rows) {
      const message = templates[template];
      if (message === undefined) throw new Error("no such template");
      if (this.tasks.has(counter) || this.ranDirect.includes(counter)) throw new Error(`task ${counter} came twice`);
      this.ranDirect.push(counter);
      const args = payloadOf(all, given);
      this.tasks.set(counter, { counter, template: message, args, ageMs: 0, inputs, engine, direct: true });
      arrived.push(counter);
    }
    if (this.automatic) queueMicrotask(() => void this.run(arrived));
    this.#changed();
  }

  /** Says that an engine has the task. */
  take(counter: number, engine: number, host: HostId): void {
    this.session.pureTaken(host, [[engine as EngineId, `uuid-${engine}` as EngineUuid, [counter]]]);
  }

  /** Says that the engine that took it does not run it. */
  giveBack(counter: number): void {
    this.tasks.delete(counter);
    this.session.pureReturned([counter]);
  }

  // --- what tests do ---

  giveCredit(credit: number): void {
    this.credit = credit;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Resolves once it holds; looked at whenever something arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#watchers.push(resolve));
  }

  /** The tasks wait until told. */
  manual(): this {
    this.automatic = false;
    return this;
  }

  /** Runs these tasks, or all, and settles them in one message. */
  async run(counters: readonly number[] = [...this.tasks.keys()]): Promise<void> {
    const results: SettledMessage[] = [];
    const direct: SettledMessage[] = [];
    for (const counter of counters) {
      const task = this.tasks.get(counter);
      if (task === undefined) continue;
      this.tasks.delete(counter);
      if (!task.direct) this.finished.set(counter, task);
      const outcome = this.#execute(task);
      (task.direct ? direct : results).push(outcome instanceof Promise ? await outcome : outcome);
    }
    if (results.length > 0) this.session.settled(this.epoch as Epoch, results);
    if (direct.length > 0) this.session.directSettled(direct);
    this.#changed();
  }

  settle(...results: SettledMessage[]): void {
    this.session.settled(this.epoch as Epoch, results);
  }

  done(counter: number, value: unknown): SettledMessage {
    return [counter, SETTLED.done, encodeValue(value), 0 as EngineId, "uuid-0" as EngineUuid, 1, 5, 1];
  }

  /** A blob as a host would keep it. */
  store(bytes: Uint8Array): PayloadMessage {
    const hash = contentHash(bytes);
    this.blobs.set(hash, bytes);
    return [hash, bytes.length, HOST];
  }

  argsOf(counter: number): unknown {
    const task = this.tasks.get(counter);
    return task === undefined ? undefined : decodeValue(this.#bytesOf(task.args));
  }

  sourceOf(template: TemplateMessage): string {
    return new TextDecoder().decode(this.codes.get(template[0]));
  }

  #execute(task: Arrived): SettledMessage | Promise<SettledMessage> {
    const { attempt, engine } = { attempt: this.attempt, engine: task.engine };
    const end = (code: 0 | 1, body: Uint8Array): SettledMessage => {
      const payload = body.length > 64 * 1024 ? this.store(body) : body;
      if (code === SETTLED.done) this.results.set(task.counter, payload);
      const uuid = `uuid-${engine}` as EngineUuid;
      return [task.counter, code, payload, engine, uuid, attempt, this.runMs, 1, "out\n", ""];
    };
    const leave = enterEngine({ attempt, engineId: engine });
    try {
      const value = this.#call(task);
      const result = { root: "result", special: this.#special.encode };
      if (!(value instanceof Promise)) return end(SETTLED.done, encodeValue(value, result));
      return value.then(
        (value) => end(SETTLED.done, encodeValue(value, result)),
        (error) => end(SETTLED.threw, encodeError(error)),
      ).catch((error) => end(SETTLED.threw, encodeError(error)));
    } catch (error) {
      return end(SETTLED.threw, encodeError(error));
    } finally {
      leave();
    }
  }

  /** As an engine does: again, where modules had to be imported. */
  #call(task: Arrived): unknown {
    let call: () => unknown;
    try {
      const bytes = task.template[3] ?? null;
      const given = this.#special.with(task.inputs.map((input) => this.#inputBytes(input)));
      const special = given.decode;
      const captures = bytes === null
        ? null
        : given.withLinker(decodeValue(this.#bytesOf(bytes), { special }) as Record<string, unknown>);
      const f = compile(this.sourceOf(task.template), captures);
      const args = decodeValue(this.#bytesOf(task.args), { special }) as unknown[];
      call = () => f(...args);
    } catch (error) {
      if (!(error instanceof MissingImports)) throw error;
      return error.loaded.then(() => {
        const leave = enterEngine({ attempt: this.attempt, engineId: task.engine });
        try {
          return this.#call(task);
        } finally {
          leave();
        }
      });
    }
    return call();
  }

  #decode(payload: PayloadMessage): unknown {
    return decodeValue(this.#bytesOf(payload), { special: this.#special.decode });
  }

  #inputBytes(input: InputMessage): Uint8Array {
    const payload = typeof input === "string" ? this.results.get(parseTaskId(input)?.counter ?? -1) : input;
    if (payload === undefined) throw new Error(`no result of ${input}`);
    return this.#bytesOf(payload as PayloadMessage);
  }

  #bytesOf(payload: PayloadMessage): Uint8Array {
    if (payload instanceof Uint8Array) return payload;
    const bytes = this.blobs.get(payload[0]);
    if (bytes === undefined) throw new EngineError("no such blob");
    return bytes;
  }

  #learn(codes: SubmitMessage[1]): void {
    for (const [hash, source] of codes) {
      const bytes = this.#bytesOf(source);
      if (contentHash(bytes) !== hash) throw new Error("code and hash differ");
      this.codes.set(hash, bytes);
    }
  }

  #host(id: HostId): HostLink {
    this.hostsFound.push(id);
    return {
      direct: (batch) => {
        this.directBatches.push({ host: id, batch });
        if (this.takesDirect(id, batch)) this.arriveDirect(batch[1], batch[2], batch[3], batch[3]);
        else this.#changed();
      },
      abortDirect: (_session, counters) => void this.directAborts.push(...counters),
      drained: () => Promise.resolve(),
      stopEngines: (ids, _drainMs, until) => this.#order("stop", id, ids, until),
      signalEngines: (signal, ids, until) => this.#order(signal, id, ids, until),
      shutdown: (_drainMs, until) => this.#order("shutdown", id, [], until),
      putBlob: (upload, size, offset, bytes, engines) => {
        if (offset === 0) this.uploads.push([id, engines]);
        return this.#putPiece(upload, size, offset, bytes);
      },
      getBlob: (hash, offset, length) => this.#getPiece(hash, offset, length),
    };
  }

  async #order(what: string, host: HostId, ids: readonly EngineId[], until?: AbortSignal): Promise<void> {
    this.orders.push([what, host, ids]);
    if (what === "stop") this.engines = this.engines.filter(([id]) => !ids.includes(id));
    if (what === "stop") queueMicrotask(() => this.session.engines(this.engines));
    await unlessAborted(this.orderGate, until);
  }

  async #putPiece(upload: string, size: number, offset: number, bytes: Uint8Array): Promise<ContentHash | null> {
    await this.#piece(offset, bytes.length);
    const whole = this.#uploading.get(upload) ?? new Uint8Array(size);
    whole.set(bytes, offset);
    this.#uploading.set(upload, whole);
    const hash = offset + bytes.length < size ? null : contentHash(whole);
    if (hash !== null) this.blobs.set(hash, whole);
    this.#changed();
    return hash;
  }

  async #getPiece(hash: ContentHash, offset: number, length: number): Promise<Uint8Array> {
    await this.#piece(offset, length);
    const bytes = this.blobs.get(hash);
    if (bytes === undefined) throw new Error("no such blob here");
    return bytes.slice(offset, offset + length);
  }

  async #piece(offset: number, bytes: number): Promise<void> {
    this.pieces.push({ offset, bytes });
    this.#changed();
    this.mostPiecesInFlight = Math.max(this.mostPiecesInFlight, ++this.piecesInFlight);
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    this.piecesInFlight--;
    if (this.blobError !== null) throw this.blobError;
  }

  #changed(): void {
    for (const resolve of this.#watchers.splice(0)) resolve();
  }
}

/** Of a direct task: its own, or those of the row that it names. */
export function payloadOf(rows: readonly DirectRunMessage[], args: PayloadMessage | number): PayloadMessage {
  const found = typeof args === "number" ? rows[args]?.[3] : args;
  if (found === undefined || typeof found === "number") throw new Error("no such arguments");
  return found;
}

/** What functions find on an engine, for as long as they run before their first await. */
function enterEngine(task: unknown): () => void {
  const global = globalThis as Record<PropertyKey, unknown>;
  const keys = [Symbol.for("troupe.currentTask"), "UnmetDependency", "currentTask"];
  const before = keys.map((key) => Object.getOwnPropertyDescriptor(global, key));
  [task, UnmetDependency, () => task].forEach((value, index) => global[keys[index] ?? ""] = value);
  return () =>
    keys.forEach((key, index) => {
      const descriptor = before[index];
      if (descriptor === undefined) delete global[key];
      else Object.defineProperty(global, key, descriptor);
    });
}

function compile(source: string, captures: Readonly<Record<string, unknown>> | null): (...args: unknown[]) => unknown {
  if (captures !== null) {
    return (0, eval)(`"use strict";(({${Object.keys(captures)}}) => (${source}\n))`)(captures);
  }
  try {
    return (0, eval)(`(${source})`);
  } catch {
    return Object.values((0, eval)(`({${source}})`))[0] as (...args: unknown[]) => unknown;
  }
}

/** Lets all microtasks run. */
export async function settleTurn(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
