/**
 * What an engine does with each message of its host: keeps code and templates, queues runs, answers.
 *
 * No standard streams, no globals: `main.ts` gives it its pipe. A message it can't understand throws, which ends the
 * process; its host says why.
 * @module
 */
import type { ContentHash, EngineId } from "../protocol/ids.ts";
import { contentHash } from "../wire/content_hash.ts";
import type { CurrentTask } from "./current_task.ts";
import { holdNamesOfClient, namesClient } from "./engine_client.ts";
import { runInitializer } from "./initializer.ts";
import { LoadedModules } from "./loaded_modules.ts";
import { LongValues } from "./long_values.ts";
import {
  type PipeBytes,
  type RunMessage,
  TO_ENGINE,
  TO_HOST,
  type ToEngineMessage,
  type ToHostMessage,
} from "../protocol/pipe_messages.ts";
import { SpecialValues } from "./special_values.ts";
import { type LoadClient, TaskClients } from "./task_clients.ts";
import type { TaskOwners } from "./task_owners.ts";
import type { TaskRun, Template } from "./task_run.ts";
import { TaskRunner } from "./task_runner.ts";

const NO_MODULES: readonly ContentHash[] = [];

/** Where an engine's answers go. */
export interface EngineOutlet {
  send(message: ToHostMessage): void;
  /** A value as it goes into a message, given in parts that may change afterwards. */
  place(parts: readonly Uint8Array[]): PipeBytes;
}

export class Engine {
  readonly #outlet: EngineOutlet;
  readonly #owners: TaskOwners;
  readonly #exit: (why?: unknown) => void;
  readonly #codes = new Map<ContentHash, string>();
  readonly #templates = new Map<number, Template>();
  readonly #longValues = new LongValues();
  readonly #clients: TaskClients;
  /** What tasks can load. */
  readonly modules = new LoadedModules();
  readonly #special = new SpecialValues();
  #runner: TaskRunner | null = null;
  readonly #initialized = Promise.withResolvers<void>();
  #state: unknown;

  /** `load`: how its tasks get a client; `null`: they have none. */
  constructor(
    outlet: EngineOutlet,
    owners: TaskOwners,
    exit: (why?: unknown) => void,
    load: LoadClient | null = null,
  ) {
    this.#clients = new TaskClients(load, (message) => outlet.send(message));
    this.#outlet = outlet;
    this.#owners = owners;
    this.#exit = exit;
  }

  /** The task that the calling code belongs to. */
  get current(): CurrentTask | null {
    return this.#runner?.current ?? null;
  }

  /** What the calling task may load, others may from now on: functions of it stay here. */
  keepModules(): void {
    for (const hash of this.#owners.owner?.template.modules ?? NO_MODULES) this.modules.keep(hash);
  }

  /** What modules find where they import the library. */
  get exports(): object {
    return this.#special.exports;
  }

  /** How many tasks run. */
  get running(): number {
    return this.#runner?.running ?? 0;
  }

  /** A running task has failed by what it set going; `false` where it has ended before. */
  failRunning(run: TaskRun, error: unknown): boolean {
    return this.#runner?.failRunning(run, error) ?? false;
  }

  /** A running task has printed something. */
  printed(run: TaskRun): void {
    this.#runner?.printed(run);
  }

  /** Messages are about to come. */
  attend(): void {
    this.#runner?.attend();
  }

  /** Takes a part of a long value. */
  addPart(value: number, total: number, offset: number, part: Uint8Array): void {
    this.#longValues.add(value, total, offset, part);
  }

  /** Takes one message. Runs only start with `work`. */
  handle(message: ToEngineMessage): void {
    switch (message[0]) {
      case TO_ENGINE.run:
        for (let index = 1; index < message.length; index++) this.#addRun(message[index] as RunMessage);
        return;
      case TO_ENGINE.welcome:
        this.#runner = this.#newRunner(message[1], message[2] ?? 1);
        return;
      case TO_ENGINE.code:
        this.#addCode(message[1], this.#longValues.takeBytes(message[2]));
        return;
      case TO_ENGINE.template:
        this.#addTemplate(message[1], message[2], message[3], message[4], message[5] ?? 0, message[6] ?? NO_MODULES);
        return;
      case TO_ENGINE.forget:
        for (let index = 1; index < message.length; index++) this.#forget(message[index] as number | ContentHash);
        return;
      case TO_ENGINE.piece:
        this.#longValues.add(message[1], message[2], message[3], message[4]);
        return;
      case TO_ENGINE.drop:
        this.#longValues.drop(message[1]);
        return;
      case TO_ENGINE.cancel:
        for (let index = 1; index < message.length; index++) this.#runner?.cancel(message[index] as number);
        return;
      case TO_ENGINE.recall:
        for (let index = 1; index < message.length; index++) this.#runner?.recall(message[index] as number);
        return;
      case TO_ENGINE.ping:
        this.#outlet.send([TO_HOST.pong, message[1]]);
        return;
      case TO_ENGINE.busDelivers:
      case TO_ENGINE.busIs:
        return this.#clients.receive(message);
      case TO_ENGINE.initialize:
        return void this.#initialize(this.#longValues.takeBytes(message[1]));
      case TO_ENGINE.exit:
        this.#exit();
    }
  }

  /** Resolves when tasks may come: for an engine that is to be initialized. */
  get initialized(): Promise<void> {
    return this.#initialized.promise;
  }

  async #initialize(source: Uint8Array): Promise<void> {
    try {
      this.#state = await runInitializer(new TextDecoder().decode(source));
      this.#initialized.resolve();
    } catch (error) {
      this.#initialized.reject(error);
    }
  }

  /** Runs what has come. */
  work(): void {
    this.#runner?.work();
  }

  #newRunner(engine: EngineId, slots: number): TaskRunner {
    const outlet = this.#outlet;
    return new TaskRunner({
      engineId: engine,
      slots,
      owners: this.#owners,
      clients: this.#clients,
      state: this.#state,
      special: this.#special,
      events: {
        ended(number, code, body, runMs, stdout, stderr) {
          const placed = body === null ? null : outlet.place(body);
          if (stdout === "" && stderr === "") outlet.send([TO_HOST.result, number, code, placed, runMs]);
          else outlet.send([TO_HOST.result, number, code, placed, runMs, stdout, stderr]);
        },
        published: (number, data) => outlet.send([TO_HOST.published, number, data]),
        broken: (error) => this.#exit(error),
        progress: (number, fraction, text) => outlet.send([TO_HOST.progress, number, fraction, text]),
        nested: (number, lines) => outlet.send([TO_HOST.nested, number, lines]),
        slot: (number, lent, running) => outlet.send([TO_HOST.slot, number, lent, running]),
        named: (line) => this.modules.named(line),
        printed: (number, channel, text, at) =>
          outlet.send([TO_HOST.printed, number, channel === "stdout" ? 0 : 1, text, at]),
      },
    });
  }

  #addCode(hash: ContentHash, source: Uint8Array): void {
    const found = contentHash(source);
    if (found !== hash) throw new RangeError(`Cannot load code ${hash}: its bytes have the hash ${found}`);
    this.#codes.set(hash, new TextDecoder().decode(source));
  }

  #addTemplate(
    template: number,
    code: ContentHash,
    name: string,
    captures: PipeBytes | null,
    priority: number,
    modules: readonly ContentHash[],
  ): void {
    const source = this.#codeOf(code);
    const texts = modules.map((hash) => this.#codeOf(hash));
    modules.forEach((hash, index) => this.modules.use(hash, texts[index] ?? ""));
    const values = captures === null ? null : this.#longValues.takeBytes(captures).slice();
    const wantsClient = namesClient(source) || texts.some(namesClient) ||
      (values !== null && holdNamesOfClient(values));
    this.#templates.set(template, {
      code,
      name,
      source,
      captures: values,
      modules,
      factory: null,
      waits: false,
      namesClient: wantsClient,
      priority,
    });
  }

  #codeOf(hash: ContentHash): string {
    const text = this.#codes.get(hash);
    if (text === undefined) throw new RangeError(`Cannot use code ${hash}: it has not come`);
    return text;
  }

  #forget(name: number | ContentHash): void {
    if (typeof name === "string") return void this.#codes.delete(name);
    for (const hash of this.#templates.get(name)?.modules ?? NO_MODULES) this.modules.letGo(hash);
    this.#templates.delete(name);
  }

  #addRun(message: RunMessage): void {
    const template = this.#templates.get(message[1]);
    if (template === undefined || this.#runner === null) {
      throw new RangeError(`Cannot run template ${message[1]}: it has not come`);
    }
    const args = this.#longValues.take(message[2]);
    const inputs = message[5]?.map((bytes) => this.#longValues.take(bytes));
    this.#runner.add(message, template, args, inputs);
  }
}
