/**
 * The lines of a journal: which facts are written down, and how. One entry of the store holds the lines of one turn.
 *
 * What tasks share (function, flags, captured values) is written once, under a number that later lines name; numbers
 * count anew in each snapshot and each life. Lines are arrays that only grow at the end; unknown ones are passed over.
 * Where tasks run is not written: hosts say so. Encodes and decodes; folds nothing.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { ContentHash, EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { BlobRef, TaskTemplate } from "../../protocol/task_spec.ts";
import { decodeFrame, encodeFrame } from "../../wire/frame_codec.ts";
import { isArray, isCount, isText, malformedMessage } from "../../wire/message_checks.ts";
import {
  inputsFromMessage,
  inputToMessage,
  payloadFromMessage,
  payloadToMessage,
  settledFromMessage,
  settledToMessage,
  templateFromMessage,
  templateToMessage,
} from "../../wire/messages.ts";
import type { InheritedSession, InheritedTask } from "../core/events.ts";

/** What the first element of a line says it is. */
const LINE = {
  template: 0,
  accepted: 1,
  failed: 2,
  settled: 3,
  forgotten: 4,
  session: 5,
  host: 6,
  hostLost: 7,
  engine: 8,
  epoch: 9,
  origin: 10,
  code: 11,
} as const;

/** What a line says. */
export type JournalLine =
  | { readonly kind: "accepted"; readonly task: InheritedTask }
  | {
    readonly kind: "failed";
    readonly id: TaskId;
    readonly failure: NonNullable<InheritedTask["lastFailure"]>;
    /** It costs a retry; else the task's own line has counted it. */
    readonly counts: boolean;
  }
  | { readonly kind: "settled"; readonly id: TaskId; readonly settled: NonNullable<InheritedTask["settled"]> }
  | { readonly kind: "forgotten"; readonly id: TaskId }
  | ({ readonly kind: "session" } & InheritedSession)
  | { readonly kind: "host-joined" | "host-lost"; readonly host: HostId }
  /** `host`: where it is, so that the next life waits for that host. One without engines is not waited for. */
  | { readonly kind: "engine"; readonly id: EngineId; readonly host: HostId | null }
  | { readonly kind: "epoch"; readonly epoch: Epoch }
  /** Function code that lies on a host. Other code is a blob of the store. */
  | { readonly kind: "code"; readonly hash: ContentHash; readonly source: BlobRef };

type Line = readonly unknown[];

/** What is written of a fact; `null`: nothing. */
export function journalLine(fact: Fact): JournalLine | null {
  switch (fact.kind) {
    case "task-accepted": {
      const { spec, submittedAt } = fact;
      return { kind: "accepted", task: { spec, submittedAt, failures: 0, lastFailure: null, settled: null } };
    }
    case "attempt-failed":
      return { kind: "failed", id: fact.task, failure: failureOf(fact), counts: true };
    case "task-settled": {
      const { at, outcome, engine, uuid, attempts, report } = fact;
      return { kind: "settled", id: fact.task, settled: { at, outcome, engine, uuid, attempts, report } };
    }
    case "task-forgotten":
      return { kind: "forgotten", id: fact.task };
    case "host-lost":
      return { kind: fact.kind, host: fact.host };
    case "engine-expected":
    case "engine-joined":
      return { kind: "engine", id: fact.engine, host: fact.host };
    case "epoch-began":
      return { kind: "epoch", epoch: fact.epoch };
    default:
      return null;
  }
}

/** What an attempt that failed made of its task, as far as it is written. */
function failureOf({ at, engine, reason, error }: Extract<Fact, { readonly kind: "attempt-failed" }>) {
  const message = `its last attempt failed on engine ${engine}: ${reason}`;
  const outcome: TaskOutcome = error === null
    ? { kind: "failed", error: { name: "EngineError", message } }
    : { kind: "threw", error };
  return { at, engine, outcome };
}

/** Makes entries of lines. One for each run of entries that are read one after the other. */
export class EntryWriter {
  readonly #numbers = new Map<TaskTemplate, number>();
  readonly #nameOf: (template: TaskTemplate) => ContentHash | null;
  #lines: Line[] = [];
  #begun = false;

  /**
   * `nameOf` is asked about each template that is written for the first time: under which hash it lies in the store, or
   * `null`: it is to be written here.
   */
  constructor(nameOf: (template: TaskTemplate) => ContentHash | null = () => null) {
    this.#nameOf = nameOf;
  }

  /** Lines since the last entry. */
  get size(): number {
    return this.#lines.length;
  }

  add(line: JournalLine): void {
    switch (line.kind) {
      case "accepted":
        return this.task(line.task);
      case "failed": {
        const { at, engine, outcome } = line.failure;
        const [, code, body] = settledToMessage(0, outcome, null, null, 0, null);
        return this.#add([LINE.failed, line.id, at, engine, code, body, line.counts]);
      }
      case "settled": {
        const { at, outcome, engine, uuid, attempts, report } = line.settled;
        const message = settledToMessage(0, outcome, engine, uuid, attempts, report);
        return this.#add([LINE.settled, line.id, at, message, report !== null]);
      }
      case "forgotten":
        return this.#add([LINE.forgotten, line.id]);
      case "session":
        return this.#add([LINE.session, line.session, line.forgotten]);
      case "host-joined":
        return this.#add([LINE.host, line.host]);
      case "host-lost":
        return this.#add([LINE.hostLost, line.host]);
      case "engine":
        return this.#add(line.host === null ? [LINE.engine, line.id] : [LINE.engine, line.id, line.host]);
      case "epoch":
        return this.#add([LINE.epoch, line.epoch]);
      case "code":
        return this.#add([LINE.code, line.hash, payloadToMessage(line.source)]);
    }
  }

  /** A task with all that became of it. */
  task({ spec, submittedAt, failures, lastFailure, settled }: InheritedTask): void {
    const { id, template, args, inputs } = spec;
    const number = this.#numberOf(template);
    const line = [LINE.accepted, id, number, submittedAt, payloadToMessage(args), inputs?.map(inputToMessage) ?? null];
    this.#add(failures === 0 ? line : [...line, failures]);
    if (lastFailure !== null) this.add({ kind: "failed", id, failure: lastFailure, counts: false });
    if (settled !== null) this.add({ kind: "settled", id, settled });
  }

  /** The lines since the last entry, as bytes; `null`: none. */
  take(): Uint8Array | null {
    if (this.#lines.length === 0) return null;
    const bytes = encodeFrame(this.#lines);
    this.#lines = [];
    return bytes;
  }

  #numberOf(template: TaskTemplate): number {
    let number = this.#numbers.get(template);
    if (number !== undefined) return number;
    this.#numbers.set(template, number = this.#numbers.size);
    const name = this.#nameOf(template);
    this.#add([LINE.template, number, name ?? templateToMessage(template)]);
    return number;
  }

  #add(line: Line): void {
    // So that numbers of templates are not taken for those of the run before.
    if (!this.#begun) this.#lines.push([LINE.origin]);
    this.#begun = true;
    this.#lines.push(line);
  }
}

/** What an entry says, and what of it makes no sense. */
export interface ReadEntry {
  readonly lines: readonly JournalLine[];
  readonly damage: readonly string[];
}

/** Reads entries in the order in which they were written. */
export class EntryReader {
  readonly #templates = new Map<number, TaskTemplate>();
  readonly #named = new Map<string, TaskTemplate>();
  readonly #blob: (hash: ContentHash) => Uint8Array | null;

  /** `blob` finds the templates that lie in the store by their hash. */
  constructor(blob: (hash: ContentHash) => Uint8Array | null = () => null) {
    this.#blob = blob;
  }

  /** Never throws: a line that can't be read costs what it says and no other. */
  read(entry: Uint8Array): ReadEntry {
    const lines: JournalLine[] = [];
    const damage: string[] = [];
    try {
      const rows = decodeFrame(entry);
      if (!isArray(rows, 0)) throw malformedMessage("journal entry", rows);
      for (const row of rows) {
        try {
          const line = this.#line(row);
          if (line !== null) lines.push(line);
        } catch (error) {
          damage.push((error as Error).message);
        }
      }
    } catch (error) {
      damage.push((error as Error).message);
    }
    return { lines, damage };
  }

  #line(line: unknown): JournalLine | null {
    if (!isArray(line, 1)) throw malformedMessage("journal line", line);
    switch (line[0]) {
      case LINE.origin:
        this.#templates.clear();
        return null;
      case LINE.template:
        this.#templates.set(count(line, 1), this.#template(line[2]));
        return null;
      case LINE.accepted:
        return { kind: "accepted", task: this.#accepted(line) };
      case LINE.failed:
        return failedFrom(line);
      case LINE.settled:
        return settledFrom(line);
      case LINE.forgotten:
        return { kind: "forgotten", id: text(line, 1) as TaskId };
      case LINE.session:
        return { kind: "session", session: text(line, 1) as Session, forgotten: intervalsFrom(line) };
      case LINE.host:
        return { kind: "host-joined", host: text(line, 1) as HostId };
      case LINE.hostLost:
        return { kind: "host-lost", host: text(line, 1) as HostId };
      case LINE.engine:
        return {
          kind: "engine",
          id: count(line, 1) as EngineId,
          host: line[2] === undefined ? null : text(line, 2) as HostId,
        };
      case LINE.epoch:
        return { kind: "epoch", epoch: count(line, 1) as Epoch };
      case LINE.code:
        return codeFrom(line);
      default:
        return null;
    }
  }

  #template(message: unknown): TaskTemplate {
    if (!isText(message)) return templateFromMessage(message);
    let template = this.#named.get(message);
    if (template !== undefined) return template;
    const bytes = this.#blob(message as ContentHash);
    if (bytes === null) throw malformedMessage(`template (blob "${message.slice(0, 12)}…" is missing)`, message);
    this.#named.set(message, template = templateFromMessage(decodeFrame(bytes)));
    return template;
  }

  #accepted(line: Line): InheritedTask {
    const [, id, number, submittedAt, args, inputs, failures = 0] = line;
    const template = isCount(number) ? this.#templates.get(number) : undefined;
    if (template === undefined || !isText(id) || typeof submittedAt !== "number" || !isCount(failures)) {
      throw malformedMessage("journal line", line);
    }
    const results = inputsFromMessage(inputs);
    const spec = { id: id as TaskId, template, args: payloadFromMessage(args) };
    return {
      spec: results === undefined ? spec : { ...spec, inputs: results },
      submittedAt,
      failures,
      lastFailure: null,
      settled: null,
    };
  }
}

function codeFrom(line: Line): JournalLine {
  const source = payloadFromMessage(line[2]);
  if (source instanceof Uint8Array) throw malformedMessage("journal line", line);
  return { kind: "code", hash: text(line, 1) as ContentHash, source };
}

function failedFrom(line: Line): JournalLine {
  const [, id, at, engine, code, body] = line;
  if (!isText(id) || typeof at !== "number" || !isCount(engine)) throw malformedMessage("journal line", line);
  const { outcome } = settledFromMessage([0, code, body]);
  return {
    kind: "failed",
    id: id as TaskId,
    failure: { at, engine: engine as EngineId, outcome },
    counts: line[6] !== false,
  };
}

function settledFrom(line: Line): JournalLine {
  const [, id, at, message, hasReport] = line;
  if (!isText(id) || typeof at !== "number") throw malformedMessage("journal line", line);
  const { outcome, engine, engineUuid, attempts, report } = settledFromMessage(message);
  const uuid = engineUuid as EngineUuid | null;
  const settled = { at, outcome, engine, uuid, attempts, report: hasReport === true ? report : null };
  return { kind: "settled", id: id as TaskId, settled };
}

function intervalsFrom(line: Line): readonly (readonly [number, number])[] {
  const pairs = line[2];
  if (!isArray(pairs, 0)) throw malformedMessage("journal line", line);
  return pairs.map((pair) => {
    if (!isArray(pair, 2) || !isCount(pair[0]) || !isCount(pair[1])) throw malformedMessage("journal line", line);
    return [pair[0], pair[1]] as const;
  });
}

function text(line: Line, index: number): string {
  const value = line[index];
  if (!isText(value)) throw malformedMessage("journal line", line);
  return value;
}

function count(line: Line, index: number): number {
  const value = line[index];
  if (!isCount(value)) throw malformedMessage("journal line", line);
  return value;
}
