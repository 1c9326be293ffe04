/**
 * The effects of one step, gathered into one message for each host and client.
 *
 * Translates and groups; sends nothing. Used by the scheduler's shell, on the path of every task.
 * @module
 */
import type { Epoch, HostId, Session } from "../protocol/ids.ts";
import type {
  CodeMessage,
  DispatchedRun,
  DispatchMessage,
  SettledMessage,
  TemplateMessage,
  WatchedMessage,
} from "../protocol/messages.ts";
import type { AttemptReport } from "../protocol/outcome.ts";
import type { TaskTemplate } from "../protocol/task_spec.ts";
import { payloadToMessage, settledToMessage, templateToMessage } from "../wire/messages.ts";
import type { CodeStore } from "./code_store.ts";
import type { Dispatch, Settle, TellWatcher } from "./core/effects.ts";

/** What goes to one host in one step. */
export class DispatchBatch {
  readonly #codes: CodeMessage[] = [];
  readonly #templates: TemplateMessage[] = [];
  readonly #indexes = new Map<TaskTemplate, number>();
  readonly #runs: DispatchedRun[] = [];
  #lastTemplate: TaskTemplate | null = null;
  #lastIndex = 0;

  add(dispatch: Dispatch, codes: CodeStore): void {
    const { spec } = dispatch;
    if (spec.template !== this.#lastTemplate) this.#useTemplate(dispatch.host, spec.template, codes);
    const args = payloadToMessage(spec.args);
    const { number, engine, attempt, inputs } = dispatch;
    if (inputs === undefined) this.#runs.push([number, engine, spec.id, attempt, this.#lastIndex, args]);
    else this.#runs.push([number, engine, spec.id, attempt, this.#lastIndex, args, inputs.map(payloadToMessage)]);
  }

  message(epoch: Epoch): DispatchMessage {
    return [epoch, this.#codes, this.#templates, this.#runs];
  }

  #useTemplate(host: HostId, template: TaskTemplate, codes: CodeStore): void {
    let index = this.#indexes.get(template);
    if (index === undefined) {
      index = this.#templates.push(templateToMessage(template)) - 1;
      this.#indexes.set(template, index);
      this.#codes.push(...codes.forHost(host, template));
    }
    this.#lastTemplate = template;
    this.#lastIndex = index;
  }
}

/** What leaves in one step, by receiver. */
export class EffectBatches {
  readonly dispatches = new Map<HostId, DispatchBatch>();
  readonly settled = new Map<Session, SettledMessage[]>();
  /** Of tasks of others, by those who asked for them. */
  readonly watched = new Map<Session, WatchedMessage[]>();
  readonly #codes: CodeStore;

  constructor(codes: CodeStore) {
    this.#codes = codes;
  }

  dispatch(effect: Dispatch): void {
    let batch = this.dispatches.get(effect.host);
    if (batch === undefined) this.dispatches.set(effect.host, batch = new DispatchBatch());
    batch.add(effect, this.#codes);
  }

  settle(effect: Settle, now: number): void {
    let batch = this.settled.get(effect.session);
    if (batch === undefined) this.settled.set(effect.session, batch = []);
    batch.push(settledMessage(effect, Number(effect.task.slice(effect.session.length + 1)), now));
  }

  tellWatcher(effect: TellWatcher, now: number): void {
    let batch = this.watched.get(effect.to);
    if (batch === undefined) this.watched.set(effect.to, batch = []);
    const counter = Number(effect.task.slice(effect.task.lastIndexOf("-") + 1));
    const settled = settledMessage(effect, counter, now);
    batch.push(effect.chunked ? [effect.task, settled, true] : [effect.task, settled]);
  }
}

/** What a row of a message takes besides its outcome, roughly. */
const ROW_BYTES = 200;

/** About what these results take while they wait for their client. */
export function settledBytes(results: readonly SettledMessage[]): number {
  let bytes = ROW_BYTES * results.length;
  for (const [, , body, , , , , , stdout, stderr, data] of results) {
    if (body instanceof Uint8Array) bytes += body.length;
    bytes += (stdout?.length ?? 0) + (stderr?.length ?? 0) + (data?.length ?? 0);
  }
  return bytes;
}

function settledMessage(effect: Settle | TellWatcher, counter: number, now: number): SettledMessage {
  const { outcome, engine, uuid, attempts } = effect;
  return settledToMessage(counter, outcome, engine, uuid, attempts, aged(effect.report, now - effect.settledAt));
}

/** A report that has waited here; the same one where it has not. */
function aged(report: AttemptReport | null, byMs: number): AttemptReport | null {
  return report === null || byMs <= 0 ? report : { ...report, ageMs: report.ageMs + byMs };
}
