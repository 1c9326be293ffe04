/**
 * From the arrays that hosts and clients send to the events of the core, and from its engines to what clients see.
 *
 * Translates and checks; a message that isn't ours throws `SerializationError` before the core hears of it.
 * @module
 */
import type { DispatchNumber, EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "../protocol/ids.ts";
import type {
  ClientHello,
  EndedMessage,
  EngineMessage,
  HeldMessage,
  HostHello,
  SubmitMessage,
} from "../protocol/messages.ts";
import type { TaskSpec, TaskTemplate } from "../protocol/task_spec.ts";
import { isArray, isCount, isDuration, isText, malformedMessage } from "../wire/message_checks.ts";
import { endedFromMessage, inputsFromMessage, payloadFromMessage, templateFromMessage } from "../wire/messages.ts";
import { taskId } from "../wire/task_ids.ts";
import type {
  AbortRequested,
  AttemptsEnded,
  ClientAttached,
  ClientEnded,
  EngineBecameReady,
  EngineBeganDraining,
  EngineEnded,
  EngineFailed,
  HeldAttempt,
  HostJoined,
  KnownOutcome,
  ReadyEngine,
  ResultsWatched,
  SlotsChanged,
  TasksSubmitted,
} from "./core/events.ts";
import type { EngineView } from "./core/scheduler_core.ts";
import { idsOf } from "./question_messages.ts";

/** The elements, where all of them are what `is` says. */
function checked(message: unknown, what: string, is: readonly ((value: unknown) => boolean)[]): readonly unknown[] {
  if (!isArray(message, is.length) || !is.every((test, index) => test(message[index]))) {
    throw malformedMessage(what, message);
  }
  return message;
}

const NOTHING_KNOWN: readonly KnownOutcome[] = [];

const isFlag = (value: unknown) => typeof value === "boolean";

/** An engine in a message. */
function readyEngine(message: EngineMessage): ReadyEngine {
  checked(message, "engine", [isCount, isText, isText, isCount, isCount]);
  const [id, uuid, host, pid, slots] = message;
  return { id, uuid, host, pid, slots };
}

export function engineReady(message: EngineMessage, at: number): EngineBecameReady {
  return { kind: "engine-ready", at, engine: readyEngine(message) };
}

export function engineEnded(
  engine: EngineId,
  uuid: EngineUuid,
  reason: string,
  requested: boolean,
  returns: boolean,
  at: number,
): EngineEnded {
  checked([engine, uuid, reason, requested, returns], "engine ended", [isCount, isText, isText, isFlag, isFlag]);
  return { kind: "engine-ended", at, engine, uuid, reason, requested, returns };
}

export function engineFailed(
  engine: EngineId,
  host: HostId,
  reason: string,
  givenUp: boolean,
  at: number,
): EngineFailed {
  checked([engine, host, reason, givenUp], "engine failed", [isCount, isText, isText, isFlag]);
  return { kind: "engine-failed", at, engine, host, reason, givenUp };
}

export function engineDraining(engine: EngineId, at: number): EngineBeganDraining {
  checked([engine], "engine draining", [isCount]);
  return { kind: "engine-draining", at, engine };
}

export function attemptsEnded(
  host: HostId,
  epoch: Epoch,
  results: readonly EndedMessage[],
  at: number,
): AttemptsEnded {
  checked([epoch, results], "ended", [isCount, (value) => isArray(value, 0)]);
  return { kind: "attempts-ended", at, host, epoch, results: results.map(endedFromMessage) };
}

export function clientAttached(hello: ClientHello, at: number): ClientAttached {
  checked(hello, "client hello", [isCount, isText, isText, isText, isCount]);
  const engineHost: unknown = hello[5] ?? null;
  if (engineHost !== null && !isText(engineHost)) throw malformedMessage("client hello", hello);
  return {
    kind: "client-attached",
    at,
    session: hello[2],
    firstUnsettled: hello[4],
    engineHost: engineHost as HostId | null,
  };
}

export function clientEnded(session: Session, at: number): ClientEnded {
  checked([session], "client ended", [isText]);
  return { kind: "client-ended", at, session };
}

export function slotsChanged(
  host: HostId,
  epoch: Epoch,
  lent: readonly DispatchNumber[],
  retaken: readonly DispatchNumber[],
  at: number,
): SlotsChanged {
  const areCounts = (value: unknown) => isArray(value, 0) && value.every(isCount);
  checked([epoch, lent, retaken], "slots", [isCount, areCounts, areCounts]);
  return { kind: "slots-changed", at, host, epoch, lent, retaken };
}

export function abortRequested(ids: readonly TaskId[], at: number): AbortRequested {
  return { kind: "abort-requested", at, ids: idsOf(ids, "abort") };
}

export function resultsWatched(session: Session, ids: readonly TaskId[], at: number): ResultsWatched {
  if (!isText(session)) throw malformedMessage("watch", session);
  return { kind: "results-watched", at, session, ids: idsOf(ids, "watch") };
}

/** The engines as clients are told of them. */
export function engineMessages(engines: readonly EngineView[]): EngineMessage[] {
  return engines.map(({ id, uuid, host, pid, slots }) => [id, uuid, host, pid, slots]);
}

const isHeldState = (value: unknown) => value === "queued" || value === "running" || value === "ended";

function heldAttempt(message: HeldMessage): HeldAttempt {
  checked(message, "held", [isText, isCount, isCount, isCount, isCount, isHeldState]);
  const [task, epoch, number, attempt, engine, state, ended, uuid = null, lent = false] = message;
  if ((uuid !== null && !isText(uuid)) || !isFlag(lent)) throw malformedMessage("held", message);
  return {
    task,
    epoch,
    number,
    attempt,
    engine,
    state,
    ended: ended === undefined || ended === null ? null : endedFromMessage(ended),
    uuid,
    ...(lent === true && { lent }),
  };
}

/** A host's introduction. */
export function hostJoined(hello: HostHello, at: number): HostJoined {
  const isList = (value: unknown) => isArray(value, 0);
  checked(hello, "host hello", [isCount, isText, isText, isText, isText, isCount, isCount, isList, isList, isCount]);
  const [, packageVersion, host, incarnation, hostname, pid, newEngines, engines, held, , returning = []] = hello;
  if (!isArray(returning, 0) || !returning.every(isCount)) throw malformedMessage("host hello", hello);
  return {
    kind: "host-joined",
    at,
    host,
    incarnation,
    hostname,
    pid,
    packageVersion,
    newEngines,
    engines: engines.map(readyEngine),
    returning,
    held: held.map(heldAttempt),
  };
}

/** A batch of submissions. The templates are made once; tasks share them. */
export function tasksSubmitted(
  batch: SubmitMessage,
  at: number,
): { readonly event: TasksSubmitted; readonly templates: readonly TaskTemplate[] } {
  if (!isArray(batch, 4)) throw malformedMessage("submit", batch);
  const [session, , templateMessages, tasks, more = false, known] = batch;
  if (!isText(session) || !isArray(templateMessages, 0) || !isArray(tasks, 0)) throw malformedMessage("submit", batch);
  const templates = templateMessages.map(templateFromMessage);
  const specs: TaskSpec[] = new Array(tasks.length);
  let agesMs: number[] | null = null;
  for (let index = 0; index < tasks.length; index++) {
    const task: unknown = tasks[index];
    if (!isArray(task, 3)) throw malformedMessage("submit", task);
    const [counter, templateIndex, args, ageMs = 0, inputMessages] = task;
    const template = templates[templateIndex as number];
    if (!isCount(counter) || template === undefined || !isDuration(ageMs)) throw malformedMessage("submit", task);
    const spec = { id: taskId(session, counter), template, args: payloadFromMessage(args) };
    const inputs = inputsFromMessage(inputMessages);
    specs[index] = inputs === undefined ? spec : { ...spec, inputs };
    if (ageMs > 0) (agesMs ??= new Array(tasks.length).fill(0))[index] = ageMs;
  }
  const outcomes = knownOutcomes(session, known);
  const event = { kind: "tasks-submitted", at, session, specs, agesMs, more: more === true, known: outcomes } as const;
  return { event, templates };
}

function knownOutcomes(session: Session, messages: unknown): readonly KnownOutcome[] {
  if (messages === undefined || messages === null) return NOTHING_KNOWN;
  if (!isArray(messages, 0)) throw malformedMessage("submit", messages);
  return messages.map((message) => knownOutcome(session, message));
}

function knownOutcome(session: Session, message: unknown): KnownOutcome {
  if (!isArray(message, 2)) throw malformedMessage("known outcome", message);
  const [counter, ok, engine = null, engineUuid = null, error = null] = message;
  if (!isCount(counter) || typeof ok !== "boolean") throw malformedMessage("known outcome", message);
  if (engine !== null && !isCount(engine)) throw malformedMessage("known outcome", message);
  if (engineUuid !== null && !isText(engineUuid)) throw malformedMessage("known outcome", message);
  if (error !== null && !isText(error)) throw malformedMessage("known outcome", message);
  return {
    task: taskId(session, counter),
    ok,
    engine: engine as EngineId | null,
    engineUuid: engineUuid as EngineUuid | null,
    error,
  };
}
