/**
 * From the arrays that hosts and clients send to the events of the core, and from its engines to what clients see.
 *
 * Translates and checks; a message that isn't ours throws `SerializationError` before the core hears of it.
 * @module
 */
import type { DispatchNumber, EngineId, EngineUuid, Epoch, HostId, TaskId } from "../protocol/ids.ts";
import type { EngineMessage, HeldMessage, HostHello, SubmitMessage } from "../protocol/messages.ts";
import type { TaskSpec } from "../protocol/task_spec.ts";
import { isArray, isCount, isDuration, isText, malformedMessage } from "../wire/message_checks.ts";
import { endedFromMessage, payloadFromMessage, templateFromMessage } from "../wire/messages.ts";
import { taskId } from "../wire/task_ids.ts";
import type { HeldAttempt, HostJoined, ReadyEngine, TasksSubmitted } from "./core/events.ts";
import type { EngineView } from "./core/scheduler_core.ts";

/** An engine in a message. */
export function readyEngine(message: EngineMessage): ReadyEngine {
  if (!isArray(message, 5)) throw malformedMessage("engine", message);
  const [id, uuid, host, pid, slots] = message as readonly unknown[];
  if (!isCount(id) || !isText(uuid) || !isText(host) || !isCount(pid) || !isCount(slots)) {
    throw malformedMessage("engine", message);
  }
  return { id: id as EngineId, uuid: uuid as EngineUuid, host: host as HostId, pid, slots };
}

/** The engines as clients are told of them. */
export function engineMessages(engines: readonly EngineView[]): EngineMessage[] {
  return engines.map(({ id, uuid, host, pid, slots }) => [id, uuid, host, pid, slots]);
}

function heldAttempt(message: HeldMessage): HeldAttempt {
  if (!isArray(message, 6)) throw malformedMessage("held", message);
  const [task, epoch, number, attempt, engine, state, ended] = message as HeldMessage;
  if (!isText(task) || !isCount(epoch) || !isCount(number) || !isCount(attempt) || !isCount(engine)) {
    throw malformedMessage("held", message);
  }
  if (state !== "queued" && state !== "running" && state !== "ended") throw malformedMessage("held", message);
  return {
    task: task as TaskId,
    epoch: epoch as Epoch,
    number: number as DispatchNumber,
    attempt,
    engine: engine as EngineId,
    state,
    ended: ended === undefined || ended === null ? null : endedFromMessage(ended),
  };
}

/** A host's introduction. */
export function hostJoined(hello: HostHello, at: number): HostJoined {
  if (!isArray(hello, 10)) throw malformedMessage("host hello", hello);
  const [, packageVersion, host, incarnation, hostname, pid, newEngines, engines, held] = hello;
  if (!isText(host) || !isText(incarnation) || !isCount(newEngines) || !isArray(engines, 0) || !isArray(held, 0)) {
    throw malformedMessage("host hello", hello);
  }
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
    held: held.map(heldAttempt),
  };
}

/** A batch of submissions. The templates are made once; tasks share them. */
export function tasksSubmitted(batch: SubmitMessage, at: number): TasksSubmitted {
  if (!isArray(batch, 4)) throw malformedMessage("submit", batch);
  const [session, , templateMessages, tasks] = batch;
  if (!isText(session) || !isArray(templateMessages, 0) || !isArray(tasks, 0)) throw malformedMessage("submit", batch);
  const templates = templateMessages.map(templateFromMessage);
  const specs: TaskSpec[] = new Array(tasks.length);
  let agesMs: number[] | null = null;
  for (let index = 0; index < tasks.length; index++) {
    const task: unknown = tasks[index];
    if (!isArray(task, 3)) throw malformedMessage("submit", task);
    const [counter, templateIndex, args, ageMs = 0] = task;
    const template = templates[templateIndex as number];
    if (!isCount(counter) || template === undefined || !isDuration(ageMs)) throw malformedMessage("submit", task);
    specs[index] = { id: taskId(session, counter), template, args: payloadFromMessage(args) };
    if (ageMs > 0) (agesMs ??= new Array(tasks.length).fill(0))[index] = ageMs;
  }
  return { kind: "tasks-submitted", at, session, specs, agesMs };
}
