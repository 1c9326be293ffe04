/**
 * A fleet of real engines without a scheduler, for the tests of this folder.
 *
 * Functions are given as source text; each wait is bounded.
 * @module
 */
import { BlobFetcher } from "../../host/blob_fetcher.ts";
import { BlobFolder } from "../../host/blob_folder.ts";
import { ReceivedCodes } from "../../host/received_codes.ts";
import {
  type EngineCommand,
  engineCommand,
  type EngineCommandOptions,
  engineMainModule,
  findSetpriv,
} from "../../host/engine_command.ts";
import { EngineFleet } from "../../host/engine_fleet.ts";
import { EngineRun } from "../../host/engine_run.ts";
import type { ReadyEngine } from "../../host/engine_seat.ts";
import { DEFAULT_PERMISSIONS } from "../../host/permissions.ts";
import { watchOrphans } from "../../host/orphan_reaper.ts";
import type { RunEnd } from "../../host/run_end.ts";
import type { DispatchNumber, EngineId, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import { DEFAULT_FLAGS, type Payload, type TaskFlags, type TaskTemplate } from "../../protocol/task_spec.ts";
import { systemClock } from "../../wire/clock.ts";
import { contentHash } from "../../wire/content_hash.ts";
import { encodeArguments, encodeValue } from "../../wire/value_codec.ts";
import { decodeError } from "../../wire/error_codec.ts";
import { decodeValue } from "../../wire/value_codec.ts";

const WAIT_LIMIT_MS = 20_000;

/** What a fleet told, in order. */
export type FleetNews =
  | { readonly kind: "slot"; readonly run: EngineRun; readonly lent: boolean }
  | { readonly kind: "client-ended"; readonly session: Session }
  | { readonly kind: "ready"; readonly engine: ReadyEngine }
  | { readonly kind: "draining"; readonly id: EngineId }
  | {
    readonly kind: "ended";
    readonly id: EngineId;
    readonly uuid: string;
    readonly reason: string;
    readonly requested: boolean;
    readonly returns: boolean;
  }
  | { readonly kind: "failed"; readonly id: EngineId | null; readonly reason: string; readonly givenUp: boolean }
  | { readonly kind: "published"; readonly run: EngineRun; readonly data: unknown }
  | { readonly kind: "progress"; readonly run: EngineRun; readonly fraction: number; readonly text: string | null };

export interface FixtureOptions {
  readonly command?: Partial<EngineCommandOptions>;
  readonly makeCommand?: (options: EngineCommandOptions) => EngineCommand;
  readonly slots?: number;
  readonly heartbeatMs?: number;
  readonly graceMs?: number;
  readonly memoryBytes?: number;
}

export interface RunOptions {
  readonly engine?: number;
  readonly name?: string;
  readonly flags?: Partial<TaskFlags>;
  readonly captures?: Record<string, unknown>;
  readonly payload?: Payload;
  /** Past the scheduler. */
  readonly direct?: boolean;
  /** From the queue group. */
  readonly pure?: boolean;
}

export class FleetFixture implements AsyncDisposable {
  readonly fleet: EngineFleet;
  readonly folder: BlobFolder;
  readonly news: FleetNews[] = [];
  readonly log: string[] = [];
  readonly #codes: ReceivedCodes;
  readonly #ends = new Map<EngineRun, (end: RunEnd) => void>();
  readonly #waiting = new Set<() => void>();
  #count = 0;

  constructor(options: FixtureOptions = {}) {
    this.folder = new BlobFolder({ home: "here" as HostId });
    const fetcher = new BlobFetcher(this.folder, () => Promise.reject(new Error("no other host")));
    this.#codes = new ReceivedCodes({
      fetch: (ref) => fetcher.bytes(ref),
      again: () => Promise.reject(new Error("nobody else")),
    });
    const commandOptions: EngineCommandOptions = {
      permissions: DEFAULT_PERMISSIONS,
      secretFolders: [],
      configFile: null,
      memoryMb: null,
      extraFlags: [],
      mainModule: engineMainModule(),
      setprivPath: findSetpriv(),
      ...options.command,
    };
    const tell = (news: FleetNews) => {
      this.news.push(news);
      for (const look of this.#waiting) look();
    };
    this.fleet = new EngineFleet({
      command: () => (options.makeCommand ?? engineCommand)(commandOptions),
      sources: { code: (hash, run) => this.#codes.get(hash, run), lease: (ref) => fetcher.lease(ref) },
      folder: this.folder,
      clock: systemClock,
      log: (_level, message) => {
        this.log.push(message);
        for (const look of this.#waiting) look();
      },
      slots: options.slots ?? 1,
      heartbeatMs: options.heartbeatMs ?? 1_000,
      graceMs: options.graceMs ?? 300,
      ...(options.memoryBytes !== undefined && { memoryBytes: options.memoryBytes }),
      orphans: watchOrphans(commandOptions, () => {}),
    }, {
      ready: (engine) => tell({ kind: "ready", engine }),
      draining: (id) => tell({ kind: "draining", id }),
      ended: (id, uuid, reason, requested, returns) => tell({ kind: "ended", id, uuid, reason, requested, returns }),
      failed: (id, reason, givenUp) => tell({ kind: "failed", id, reason, givenUp }),
      runEnded: (run, end) => {
        this.#ends.get(run)?.(end);
        this.#ends.delete(run);
      },
      published: (run, data) => tell({ kind: "published", run, data: decodeValue(data) }),
      slot: (run, lent) => tell({ kind: "slot", run, lent }),
      resultBegun: () => {},
      clientEnded: (session) => tell({ kind: "client-ended", session }),
      progress: (run, fraction, text) => tell({ kind: "progress", run, fraction, text }),
      nested() {},
      printed: () => {},
    });
  }

  /** A fleet whose engines are ready. */
  static async start(count: number, options: FixtureOptions = {}): Promise<FleetFixture> {
    const fixture = new FleetFixture(options);
    fixture.fleet.start(count);
    fixture.fleet.assignIds(Array.from({ length: count }, (_, index) => index as EngineId));
    try {
      const givenUp = () => fixture.news.some((news) => news.kind === "failed" && news.givenUp);
      await fixture.until(() => fixture.fleet.ready.length === count || givenUp());
      if (givenUp()) throw new Error(`The engines do not start: ${JSON.stringify(fixture.news)}`);
    } catch (error) {
      await fixture[Symbol.asyncDispose]();
      throw error;
    }
    return fixture;
  }

  /** Queues a function, given as its source, and hands back the run and its end. */
  submit(
    source: string,
    args: readonly unknown[] = [],
    options: RunOptions = {},
  ): { run: EngineRun; end: Promise<RunEnd> } {
    return this.submitTo(this.template(source, options), args, options);
  }

  template(source: string, options: RunOptions = {}): TaskTemplate {
    const bytes = new TextEncoder().encode(source);
    const code = contentHash(bytes);
    this.#codes.add(code, bytes);
    const captures = options.captures === undefined ? null : encodeValue(options.captures);
    return { code, name: options.name ?? "task", flags: { ...DEFAULT_FLAGS, ...options.flags }, captures };
  }

  submitTo(
    template: TaskTemplate,
    args: readonly unknown[],
    options: RunOptions = {},
  ): { run: EngineRun; end: Promise<RunEnd> } {
    const number = ++this.#count;
    const run = new EngineRun(
      options.direct === true || options.pure === true
        ? {
          kind: options.pure === true ? "pure" : "direct",
          session: "session" as Session,
          counter: number,
          client: "client.session",
        }
        : { kind: "scheduled", epoch: 1 as Epoch, number: number as DispatchNumber },
      (options.engine ?? 0) as EngineId,
      `session-${number}` as TaskId,
      1,
      template,
      options.payload ?? encodeArguments(args),
    );
    const { promise, resolve } = Promise.withResolvers<RunEnd>();
    this.#ends.set(run, resolve);
    this.fleet.enqueue(run);
    return { run, end: bounded(promise, `the end of ${run.task}`, this) };
  }

  /** Runs a function to its end. */
  run(source: string, args: readonly unknown[] = [], options: RunOptions = {}): Promise<RunEnd> {
    return this.submit(source, args, options).end;
  }

  /** The value of a function that must succeed. */
  async value(source: string, args: readonly unknown[] = [], options: RunOptions = {}): Promise<unknown> {
    return valueOf(await this.run(source, args, options));
  }

  /** The error of a function that must throw. */
  async error(source: string, args: readonly unknown[] = [], options: RunOptions = {}): Promise<Error> {
    return errorOf(await this.run(source, args, options));
  }

  /** Waits until news or a log line make it true. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => condition() && resolve();
    this.#waiting.add(look);
    try {
      await bounded(promise, `the condition ${condition}`, this);
    } finally {
      this.#waiting.delete(look);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet.close(0);
    this.folder[Symbol.dispose]();
  }
}

export function valueOf({ outcome }: RunEnd): unknown {
  if (outcome.kind === "done" && outcome.value instanceof Uint8Array) return decodeValue(outcome.value);
  if (outcome.kind === "threw" && outcome.error instanceof Uint8Array) throw decodeError(outcome.error);
  throw new Error(`The run ended as ${JSON.stringify(outcome)}`);
}

export function errorOf({ outcome }: RunEnd): Error {
  if ((outcome.kind === "threw" || outcome.kind === "declined") && outcome.error instanceof Uint8Array) {
    return decodeError(outcome.error) as Error;
  }
  throw new Error(`The run ended as ${JSON.stringify(outcome)}`);
}

/** The text of an outcome that the host decided. */
export function verdictOf({ outcome }: RunEnd): string {
  return "message" in outcome ? `${outcome.kind}: ${outcome.message}` : outcome.kind;
}

async function bounded<T>(promise: Promise<T>, what: string, fixture: FleetFixture): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(
        new Error(`Waited ${WAIT_LIMIT_MS} ms for ${what}\n${JSON.stringify(fixture.news)}\n${fixture.log.join("\n")}`),
      ),
    WAIT_LIMIT_MS,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
