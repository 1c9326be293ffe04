/**
 * Makes entries of lines: an entry of the store holds the lines of one turn.
 *
 * What tasks share (function, flags, captured values) is written once, under a number that later lines name; numbers
 * count anew in each snapshot and each life. Lines are arrays that only grow at the end.
 * @module
 */
import type { ContentHash } from "../../protocol/ids.ts";
import type { TaskTemplate } from "../../protocol/task_spec.ts";
import { encodeFrame } from "../../wire/frame_codec.ts";
import { inputToMessage, payloadToMessage, settledToMessage, templateToMessage } from "../../wire/messages.ts";
import type { InheritedTask } from "../core/events.ts";
import { type JournalLine, LINE } from "./journal_line.ts";

type Line = readonly unknown[];

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
