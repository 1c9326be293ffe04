/**
 * Reads the entries of a journal, as `entry_writer.ts` wrote them; lines that it does not know are passed over.
 *
 * Called when a store is opened. Folds nothing.
 * @module
 */
import type { ContentHash, EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { TaskTemplate } from "../../protocol/task_spec.ts";
import { decodeFrame } from "../../wire/frame_codec.ts";
import { isArray, isCount, isText, malformedMessage } from "../../wire/message_checks.ts";
import { inputsFromMessage, payloadFromMessage, settledFromMessage, templateFromMessage } from "../../wire/messages.ts";
import type { InheritedTask } from "../core/events.ts";
import { type JournalLine, LINE } from "./journal_line.ts";

type Line = readonly unknown[];

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
