/**
 * From the news of a task's end to the outcome of its items: decodes, fetches big results, builds errors.
 *
 * The task was taken from its table before, so each is settled once. Called by `client_tasks.ts`.
 * @module
 */
import type { SettledMessage } from "../protocol/messages.ts";
import type { TaskOutcome } from "../protocol/outcome.ts";
import { CHUNK_OUTCOMES } from "../protocol/shipped_names.ts";
import type { Payload } from "../protocol/task_spec.ts";
import type { Clock } from "../wire/clock.ts";
import { explainMissingName } from "./missing_name.ts";
import { encodeError, toRemoteError } from "../wire/error_codec.ts";
import { CompositeError, SerializationError, TaskAborted } from "../wire/errors.ts";
import { settledFromMessage, type SettledTask } from "../wire/messages.ts";
import { type EncodedValue, joinedValue } from "../wire/scattered_value.ts";
import { systemErrorInstance } from "../wire/system_error.ts";
import type { DecodeSpecial } from "../wire/special_forms.ts";
import { type DecodeOptions, decodeValue } from "../wire/value_codec.ts";
import type { BlobTransfer } from "./blob_transfer.ts";
import type { ChunkOutcome } from "./chunk_code.ts";
import { showOrigin } from "./call_origin.ts";
import type { PushedResults } from "./pushed_results.ts";
import type { Job } from "./job.ts";
import type { TaskReport } from "./job_plan.ts";
import { stackLater } from "./lazy_stack.ts";
import type { SentFunctions } from "./sent_functions.ts";
import { toldStack } from "./source_positions.ts";
import type { PendingTask } from "./task_table.ts";

/** What it works with. */
export interface SettlementOptions {
  readonly clock: Clock;
  readonly transfer: BlobTransfer;
  readonly pushed: PushedResults;
  /** What values of special forms in results are. */
  readonly special: DecodeSpecial | null;
  /** The functions that went out among values. */
  readonly sent: SentFunctions;
  /** Told of each task that is settled. */
  readonly ended: (job: Job, task: number) => void;
}

/** Settles tasks. */
export class Settlement {
  readonly #options: SettlementOptions;
  readonly #decoding: DecodeOptions;

  constructor(options: SettlementOptions) {
    this.#options = options;
    this.#decoding = { special: options.special };
  }

  /** The task ended as the message says. */
  settle(task: PendingTask, message: SettledMessage): void {
    try {
      const settled = settledFromMessage(message);
      const payload = payloadOf(settled.outcome);
      if (payload === null || payload instanceof Uint8Array) {
        this.#options.pushed.forget(task.counter);
        this.#finish(task, settled, payload);
      } else void this.#fetchAndFinish(task, settled, payload);
    } catch (error) {
      this.fail(task, error);
    }
  }

  /** The task failed here, or was never submitted. */
  fail(task: { readonly job: PendingTask["job"]; readonly task: number }, error: unknown): void {
    const { job } = task;
    showOrigin(error, job.plan.origin);
    job.failTask(task.task, error, this.#localReport(error, job, task.task));
    this.#options.ended(job, task.task);
  }

  async #fetchAndFinish(task: PendingTask, settled: SettledTask, ref: Exclude<Payload, Uint8Array>): Promise<void> {
    try {
      const bytes = await this.#options.pushed.take(task.counter, ref) ?? await this.#options.transfer.download(ref);
      // Of a chunk that was submitted again by itself the items are what others want, not the outcomes.
      if (settled.outcome.kind === "done" && !isLoneChunk(task)) task.job.setBlob(task.task, ref);
      this.#finish(task, settled, bytes);
    } catch (error) {
      this.fail(task, error);
    }
  }

  #finish(task: PendingTask, settled: SettledTask, bytes: EncodedValue | null): void {
    this.#takeShown(task, settled);
    this.#settle(task, settled, bytes);
    this.#options.ended(task.job, task.task);
  }

  /** What it published last comes with its end, whatever became of the news of it. */
  #takeShown({ job, task }: PendingTask, { engineUuid, attempts, report: { data } }: SettledTask): void {
    const live = job.live(task);
    if (live !== undefined && !live.isOf(attempts, engineUuid)) live.data = live.progress = null;
    if (data === undefined) return;
    try {
      job.liveOrNew(task).data = decodeValue(data.slice(), this.#decoding);
    } catch {
      // What it showed on its way can't be read: its result counts all the same.
    }
  }

  #settle(task: PendingTask, settled: SettledTask, bytes: EncodedValue | null): void {
    const { outcome } = settled;
    if (outcome.kind === "done") {
      this.#putValues(task, settled, decodeValue(bytes ?? EMPTY, { ...this.#decoding, handOver: true }));
      return task.job.settleTask(task.task, this.#reportOf(settled, "done"));
    }
    const body = bytes === null ? undefined : joinedValue(bytes);
    if (outcome.kind === "threw" && isChunk(task)) {
      const outcomes = outcomesIn(decodeValue(body ?? EMPTY, this.#decoding));
      if (outcomes !== undefined) {
        this.#putValues(task, settled, outcomes);
        return task.job.settleTask(task.task, this.#reportOf(settled, "failed"));
      }
    }
    const error = outcome.kind === "threw"
      ? this.#remoteError(task, settled, body ?? EMPTY)
      : systemErrorInstance(outcome.error, body);
    showOrigin(error, task.job.plan.origin);
    const status = error instanceof TaskAborted ? "aborted" : "failed";
    task.job.failTask(task.task, error, this.#reportOf(settled, status));
  }

  #putValues(task: PendingTask, settled: SettledTask, value: unknown): void {
    const { job } = task;
    if (job.plan.chunksize === 1) {
      if (isLoneChunk(task)) return this.#putChunk(task, settled, value);
      return job.settleItem(job.firstItem(task.task), true, value);
    }
    const items = job.pendingItems(task.task);
    const outcomes = chunkOutcomes(value, items.length);
    outcomes.forEach(([failed, result], index) => {
      const item = items[index] ?? 0;
      if (failed === 0) return job.settleItem(item, true, result);
      const error = this.#remoteError(task, settled, encodeError(result));
      showOrigin(error, job.plan.origin);
      job.settleItem(item, false, error);
    });
  }

  /** A chunk that was submitted again by itself: its items are one result, or the errors among them one error. */
  #putChunk(task: PendingTask, settled: SettledTask, value: unknown): void {
    const { job } = task;
    const outcomes = chunkOutcomes(value, Array.isArray(value) ? value.length : 0);
    const errors = outcomes.filter(([failed]) => failed === 1)
      .map(([, error]) => this.#remoteError(task, settled, encodeError(error)));
    const item = job.firstItem(task.task);
    if (errors.length === 0) return job.settleItem(item, true, outcomes.map(([, result]) => result));
    const error = new CompositeError(errors, outcomes.length);
    showOrigin(error, job.plan.origin);
    job.settleItem(item, false, error);
  }

  #remoteError({ job, task, template }: PendingTask, settled: SettledTask, bytes: Uint8Array): Error {
    const error = explainMissingName(
      toRemoteError(bytes, { engineId: settled.engine, msgId: job.taskId(task) }),
    );
    const { stack, remoteStack, cause } = error;
    const tell = (text: string | undefined) => toldStack(text ?? "", template.code, this.#options.sent);
    stackLater(error, () => tell(stack));
    stackLater(error, () => tell(remoteStack), "remoteStack");
    if (cause instanceof Error) tellStack(cause, tell);
    return error;
  }

  #reportOf(settled: SettledTask, status: TaskReport["status"]): TaskReport {
    const { runMs, ageMs, stdout, stderr } = settled.report;
    const received = this.#options.clock.wallTime();
    const completed = received - ageMs;
    const started = settled.attempts === 0 ? null : completed - runMs;
    const { engine: engineId, engineUuid, attempts } = settled;
    return { status, engineId, engineUuid, attempts, started, completed, received, stdout, stderr };
  }

  /** Where it was said to be, it was until now. */
  #localReport(error: unknown, job: Job, task: number): TaskReport {
    const now = this.#options.clock.wallTime();
    const status = error instanceof TaskAborted ? "aborted" : "failed";
    const { engineId = null, engineUuid = null, started = null } = job.report(task) ?? {};
    const rest = { attempts: 0, stdout: job.printed(task, "stdout"), stderr: job.printed(task, "stderr") };
    return { ...rest, engineId, engineUuid, started, status, completed: now, received: now };
  }
}

const EMPTY = new Uint8Array();

function tellStack(error: Error, tell: (text: string | undefined) => string): void {
  const { stack } = error;
  stackLater(error, () => tell(stack));
}

function payloadOf(outcome: TaskOutcome): Payload | null {
  if (outcome.kind === "done") return outcome.value;
  return outcome.kind === "threw" ? outcome.error : outcome.error.cause ?? null;
}

/** Whether the task runs several items of a map, also one that was submitted again by itself. */
function isChunk({ job, template: { message } }: PendingTask): boolean {
  return job.plan.chunksize > 1 || message[4] === true;
}

function isLoneChunk(task: PendingTask): boolean {
  return isChunk(task) && task.job.plan.chunksize === 1;
}

/** What a chunk with failed items says of each. */
function outcomesIn(error: unknown): unknown {
  return error instanceof Error ? (error as { readonly [CHUNK_OUTCOMES]?: unknown })[CHUNK_OUTCOMES] : undefined;
}

function chunkOutcomes(value: unknown, count: number): readonly ChunkOutcome[] {
  const fits = Array.isArray(value) && value.length === count && value.every(isOutcome);
  if (fits) return value;
  throw new SerializationError(
    `Cannot read the results of a chunk: there should be ${count} outcomes and are ${
      JSON.stringify(value)?.slice(0, 100)
    }; ` +
      `a task changed what the loop around it relies on, so run it with chunksize 1.`,
  );
}

function isOutcome(value: unknown): value is ChunkOutcome {
  return Array.isArray(value) && value.length === 2 && (value[0] === 0 || value[0] === 1);
}
