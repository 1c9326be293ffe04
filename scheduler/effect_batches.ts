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
} from "../protocol/messages.ts";
import type { AttemptReport } from "../protocol/outcome.ts";
import type { TaskTemplate } from "../protocol/task_spec.ts";
import { payloadToMessage, settledToMessage, templateToMessage } from "../wire/messages.ts";
import type { CodeStore } from "./code_store.ts";
import type { Dispatch, Settle } from "./core/effects.ts";

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
    this.#runs.push([dispatch.number, dispatch.engine, spec.id, dispatch.attempt, this.#lastIndex, args]);
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
    const counter = Number(effect.task.slice(effect.session.length + 1));
    const report = aged(effect.report, now - effect.settledAt);
    batch.push(settledToMessage(counter, effect.outcome, effect.engine, effect.uuid, effect.attempts, report));
  }
}

/** A report that has waited here; the same one where it has not. */
function aged(report: AttemptReport | null, byMs: number): AttemptReport | null {
  return report === null || byMs <= 0 ? report : { ...report, ageMs: report.ageMs + byMs };
}
