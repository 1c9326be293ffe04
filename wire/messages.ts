/**
 * Between the arrays that travel (`protocol/messages.ts`) and the objects the rest works with.
 *
 * On the path of every task: no closures, no spreading, one object or array per call. What arrives is checked here and
 * nowhere else: a message that isn't ours is a `SerializationError` and never a crash further in. Elements past the
 * known ones are ignored, so a newer sender may add some. Called by client, scheduler and host.
 * @module
 */
import type { ContentHash, DispatchNumber, EngineId, EngineUuid, HostId, TaskId } from "../protocol/ids.ts";
import {
  ENDED,
  type EndedCode,
  type EndedMessage,
  type InputMessage,
  type PayloadMessage,
  SETTLED,
  type SettledCode,
  type SettledMessage,
  type TemplateMessage,
} from "../protocol/messages.ts";
import type { AttemptOutcome, AttemptReport, SystemError, TaskOutcome } from "../protocol/outcome.ts";
import type { Payload, TaskInput, TaskTemplate } from "../protocol/task_spec.ts";
import { isContentHash } from "./content_hash.ts";
import { flagsFromMessage, flagsToMessage } from "./flags_message.ts";
import { isArray, isCount, isDuration, isText, malformedMessage } from "./message_checks.ts";
import { isSystemErrorName } from "./system_error.ts";

export { flagsFromMessage, flagsToMessage } from "./flags_message.ts";

/** How an attempt ended, with the dispatch it belongs to. */
export interface EndedAttempt {
  readonly number: DispatchNumber;
  readonly outcome: AttemptOutcome;
  readonly report: AttemptReport;
}

/** What became of a task, with the details a client shows. */
export interface SettledTask {
  readonly counter: number;
  readonly outcome: TaskOutcome;
  readonly engine: EngineId | null;
  readonly engineUuid: EngineUuid | null;
  readonly attempts: number;
  readonly report: AttemptReport;
}

/** Bytes stay as they are, the name of a blob becomes an array. */
export function payloadToMessage(payload: Payload): PayloadMessage {
  return payload instanceof Uint8Array ? payload : [payload.hash, payload.size, payload.home];
}

/** The payload in a message. Bytes stay views of the received frame: copy what is kept. */
export function payloadFromMessage(message: unknown): Payload {
  if (message instanceof Uint8Array) return message;
  if (!isArray(message, 3)) throw malformedMessage("payload", message);
  const [hash, size, home] = message;
  if (!isContentHash(hash) || !isCount(size) || !isText(home)) throw malformedMessage("payload", message);
  return { hash: hash as ContentHash, size, home: home as HostId };
}

/** A result that a task is given, to send. */
export function inputToMessage(input: TaskInput): InputMessage {
  if (typeof input === "string" || input instanceof Uint8Array) return input;
  const { hash, size, home, maker } = input;
  return maker === undefined ? [hash, size, home] : [hash, size, home, maker];
}

/** Results that a task is given; undefined: none. Bytes stay views of the received frame. */
export function inputsFromMessage(message: unknown): readonly TaskInput[] | undefined {
  if (message === undefined || message === null) return undefined;
  if (!isArray(message, 0)) throw malformedMessage("inputs", message);
  return message.length === 0 ? undefined : message.map(inputFromMessage);
}

function inputFromMessage(message: unknown): TaskInput {
  if (isText(message)) return message as TaskId;
  const payload = payloadFromMessage(message);
  if (payload instanceof Uint8Array || !isArray(message, 4)) return payload;
  const maker = message[3];
  if (!isCount(maker)) throw malformedMessage("inputs", message);
  return { ...payload, maker: maker as EngineId };
}

/** The same where all of them are there. */
export function payloadsFromMessage(message: unknown): readonly Payload[] | undefined {
  if (message === undefined || message === null) return undefined;
  if (!isArray(message, 0)) throw malformedMessage("inputs", message);
  return message.length === 0 ? undefined : message.map(payloadFromMessage);
}

/** What the tasks of a batch share. */
export function templateToMessage(template: TaskTemplate): TemplateMessage {
  const { code, name, flags, chunked, modules } = template;
  const captures = template.captures === null ? null : payloadToMessage(template.captures);
  const message = [code, name, flagsToMessage(flags), captures] as const;
  if (modules !== undefined) return [...message, chunked === true, modules];
  return chunked === true ? [...message, true] : message;
}

/** The template in a message, with every default filled in. */
export function templateFromMessage(message: unknown): TaskTemplate {
  if (!isArray(message, 2)) throw malformedMessage("template", message);
  const [code, name, flags, captures, chunked, modules = null] = message;
  if (!isContentHash(code) || !isText(name)) throw malformedMessage("template", message);
  if (modules !== null && !(isArray(modules, 1) && modules.every(isContentHash))) {
    throw malformedMessage("template", message);
  }
  const template: TaskTemplate = {
    code,
    name,
    flags: flagsFromMessage(flags ?? []),
    captures: captures === undefined || captures === null ? null : payloadFromMessage(captures),
  };
  const shaped: TaskTemplate = chunked === true ? { ...template, chunked: true } : template;
  return modules === null ? shaped : { ...shaped, modules };
}

/** How an attempt ended, to send. */
export function endedToMessage(number: DispatchNumber, outcome: AttemptOutcome, report: AttemptReport): EndedMessage {
  const code = endedCode(outcome);
  const body = endedBody(outcome);
  const { stdout, stderr, runMs, ageMs, data } = report;
  if (data !== undefined) return [number, code, body, runMs, ageMs, stdout, stderr, data];
  if (stdout === "" && stderr === "") return [number, code, body, runMs, ageMs];
  return [number, code, body, runMs, ageMs, stdout, stderr];
}

/** The end of an attempt in a message. */
export function endedFromMessage(message: unknown): EndedAttempt {
  if (!isArray(message, 2)) throw malformedMessage("ended", message);
  const number = message[0];
  if (!isCount(number)) throw malformedMessage("ended", message);
  return {
    number: number as DispatchNumber,
    outcome: attemptOutcome(message),
    report: reportFrom(message, 3, "ended"),
  };
}

function endedCode(outcome: AttemptOutcome): EndedCode {
  switch (outcome.kind) {
    case "done":
      return ENDED.done;
    case "threw":
      return ENDED.threw;
    case "declined":
      return ENDED.declined;
    case "engine-died":
      return ENDED.engineDied;
    case "timed-out":
      return ENDED.timedOut;
    case "host-failed":
      return ENDED.hostFailed;
    case "aborted":
      return ENDED.aborted;
    case "returned":
      return ENDED.returned;
  }
}

function endedBody(outcome: AttemptOutcome): PayloadMessage | string | null {
  switch (outcome.kind) {
    case "done":
      return payloadToMessage(outcome.value);
    case "threw":
    case "declined":
      return payloadToMessage(outcome.error);
    case "engine-died":
    case "timed-out":
    case "host-failed":
      return outcome.message;
    default:
      return null;
  }
}

function attemptOutcome(message: readonly unknown[]): AttemptOutcome {
  const body = message[2];
  switch (message[1]) {
    case ENDED.done:
      return { kind: "done", value: payloadFromMessage(body) };
    case ENDED.threw:
      return { kind: "threw", error: payloadFromMessage(body) };
    case ENDED.declined:
      return { kind: "declined", error: payloadFromMessage(body) };
    case ENDED.engineDied:
      if (isText(body)) return { kind: "engine-died", message: body };
      break;
    case ENDED.timedOut:
      if (isText(body)) return { kind: "timed-out", message: body };
      break;
    case ENDED.hostFailed:
      if (isText(body)) return { kind: "host-failed", message: body };
      break;
    case ENDED.aborted:
      return { kind: "aborted" };
    case ENDED.returned:
      return { kind: "returned" };
  }
  throw malformedMessage("ended", message);
}

/** What became of a task, to send. `report` is `null` where no attempt was made. */
export function settledToMessage(
  counter: number,
  outcome: TaskOutcome,
  engine: EngineId | null,
  engineUuid: EngineUuid | null,
  attempts: number,
  report: AttemptReport | null,
): SettledMessage {
  const code = settledCode(outcome);
  const body = settledBody(outcome);
  if (report === null) return [counter, code, body, engine, engineUuid, attempts, 0, 0];
  const { runMs, ageMs, stdout, stderr, data } = report;
  if (data !== undefined) {
    return [counter, code, body, engine, engineUuid, attempts, runMs, ageMs, stdout, stderr, data];
  }
  if (stdout === "" && stderr === "") return [counter, code, body, engine, engineUuid, attempts, runMs, ageMs];
  return [counter, code, body, engine, engineUuid, attempts, runMs, ageMs, stdout, stderr];
}

/** The end of a task in a message. */
export function settledFromMessage(message: unknown): SettledTask {
  if (!isArray(message, 3)) throw malformedMessage("settled", message);
  const counter = message[0];
  const engine = message[3] ?? null;
  const engineUuid = message[4] ?? null;
  const attempts = message[5] ?? 0;
  if (!isCount(counter) || !isCount(attempts)) throw malformedMessage("settled", message);
  if (engine !== null && !isCount(engine)) throw malformedMessage("settled", message);
  if (engineUuid !== null && !isText(engineUuid)) throw malformedMessage("settled", message);
  return {
    counter,
    outcome: taskOutcome(message),
    engine: engine as EngineId | null,
    engineUuid: engineUuid as EngineUuid | null,
    attempts,
    report: reportFrom(message, 6, "settled"),
  };
}

function settledCode(outcome: TaskOutcome): SettledCode {
  return outcome.kind === "done" ? SETTLED.done : outcome.kind === "threw" ? SETTLED.threw : SETTLED.failed;
}

function settledBody(outcome: TaskOutcome): SettledMessage[2] {
  if (outcome.kind === "done") return payloadToMessage(outcome.value);
  if (outcome.kind === "threw") return payloadToMessage(outcome.error);
  const { name, message, cause } = outcome.error;
  return cause === undefined ? [name, message] : [name, message, payloadToMessage(cause)];
}

function taskOutcome(message: readonly unknown[]): TaskOutcome {
  const body = message[2];
  switch (message[1]) {
    case SETTLED.done:
      return { kind: "done", value: payloadFromMessage(body) };
    case SETTLED.threw:
      return { kind: "threw", error: payloadFromMessage(body) };
    case SETTLED.failed:
      return { kind: "failed", error: systemErrorFrom(body) };
  }
  throw malformedMessage("settled", message);
}

function systemErrorFrom(body: unknown): SystemError {
  if (!isArray(body, 2)) throw malformedMessage("settled", body);
  const [name, message, cause] = body;
  if (!isSystemErrorName(name) || !isText(message)) throw malformedMessage("settled", body);
  if (cause === undefined || cause === null) return { name, message };
  return { name, message, cause: payloadFromMessage(cause) };
}

/** `[…, runMs, ageMs, stdout?, stderr?, data?]` from index `from` on. */
function reportFrom(message: readonly unknown[], from: number, what: string): AttemptReport {
  const runMs = message[from] ?? 0;
  const ageMs = message[from + 1] ?? 0;
  const stdout = message[from + 2] ?? "";
  const stderr = message[from + 3] ?? "";
  if (!isDuration(runMs) || !isDuration(ageMs)) throw malformedMessage(what, message);
  if (!isText(stdout) || !isText(stderr)) throw malformedMessage(what, message);
  const data = message[from + 4] ?? null;
  if (data === null) return { runMs, ageMs, stdout, stderr };
  if (!(data instanceof Uint8Array)) throw malformedMessage(what, message);
  return { runMs, ageMs, stdout, stderr, data };
}
