/**
 * Finished tasks as rows of the store, so that a snapshot need not write them all again.
 *
 * A row is an entry of its own. What many tasks share is written into it only where it is small; else it is a blob that
 * the row names. Decides what changes between two snapshots; `journal_writer.ts` says when.
 * @module
 */
import type { ContentHash, TaskId } from "../../protocol/ids.ts";
import type { TaskTemplate } from "../../protocol/task_spec.ts";
import type { RecordChange } from "../../store/records.ts";
import { contentHash } from "../../wire/content_hash.ts";
import { encodeFrame } from "../../wire/frame_codec.ts";
import { templateToMessage } from "../../wire/messages.ts";
import type { InheritedTask } from "../core/events.ts";
import type { JournalLine } from "./journal_line.ts";
import type { Ledger } from "./ledger.ts";
import { EntryWriter } from "./entry_writer.ts";

/** A template of more bytes than this is a blob. */
const INLINE_TEMPLATE_BYTES = 512;

/** A template by its hash, encoded. */
export interface NamedTemplate {
  readonly hash: ContentHash;
  readonly bytes: Uint8Array;
}

/** Which rows there are, and which there should be. */
export class KeptRows {
  readonly #there = new Set<TaskId>();
  readonly #fresh = new Map<TaskId, InheritedTask>();
  /** Those that are being written now. */
  readonly #leaving = new Map<TaskId, InheritedTask>();
  readonly #gone: TaskId[] = [];
  /** `null`: it is written into each row. */
  readonly #names = new WeakMap<TaskTemplate, NamedTemplate | null>();

  /** The row of a task that ended is there. */
  written(id: TaskId): void {
    this.#fresh.delete(id);
    this.#there.add(id);
  }

  /** Takes in a line that the ledger has taken in. */
  follow(line: JournalLine, ledger: Ledger): void {
    if (line.kind === "forgotten") return this.#forget(line.id);
    const settled = line.kind === "settled" ? ledger.get(line.id) : undefined;
    if (settled !== undefined) this.#fresh.set(settled.spec.id, settled);
  }

  /** Nothing is kept of a task. */
  #forget(id: TaskId): void {
    this.#fresh.delete(id);
    this.#leaving.delete(id);
    if (this.#there.delete(id)) this.#gone.push(id);
  }

  /**
   * What has changed since the last time, in batches of so many rows. A batch counts as written when the next one is asked
   * for: what was not, because the store was away, is among the changes of the next time.
   */
  *changes(batch: number): Generator<{ readonly rows: RecordChange[]; readonly templates: NamedTemplate[] }> {
    for (const [id, task] of this.#fresh) this.#leaving.set(id, task);
    this.#fresh.clear();
    while (this.#leaving.size > 0) {
      const tasks = [...this.#leaving.values().take(batch)];
      const templates: NamedTemplate[] = [];
      yield { rows: tasks.map((task) => this.#row(task, templates)), templates };
      for (const { spec: { id } } of tasks) {
        if (this.#leaving.delete(id)) this.#there.add(id);
        else this.#gone.push(id);
      }
    }
    while (this.#gone.length > 0) {
      const gone = this.#gone.slice(0, batch);
      yield { rows: gone.map((id): RecordChange => [id, null]), templates: [] };
      this.#gone.splice(0, gone.length);
    }
  }

  /** Under which hash rows name this template; `null`: they contain it. */
  nameOf(template: TaskTemplate): NamedTemplate | null {
    const known = this.#names.get(template);
    if (known !== undefined) return known;
    const bytes = encodeFrame(templateToMessage(template));
    const named = bytes.length <= INLINE_TEMPLATE_BYTES ? null : { hash: contentHash(bytes), bytes };
    this.#names.set(template, named);
    return named;
  }

  #row(task: InheritedTask, templates: NamedTemplate[]): RecordChange {
    const writer = new EntryWriter((template) => {
      const named = this.nameOf(template);
      if (named !== null) templates.push(named);
      return named?.hash ?? null;
    });
    writer.task(task);
    return [task.spec.id, writer.take()];
  }
}
