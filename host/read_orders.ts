/**
 * From the arrays that the scheduler and clients send to runs, with every element checked.
 *
 * Pure. A message that isn't ours throws `SerializationError` before anything is done. Called by the host's actor.
 * @module
 */
import type { ContentHash, DispatchNumber, EngineId, Epoch, Session, TaskId } from "../protocol/ids.ts";
import type { DirectMessage, DispatchMessage } from "../protocol/messages.ts";
import type { Payload, TaskTemplate } from "../protocol/task_spec.ts";
import { isContentHash } from "../wire/content_hash.ts";
import { isArray, isCount, isText, malformedMessage } from "../wire/message_checks.ts";
import { payloadFromMessage, payloadsFromMessage, templateFromMessage } from "../wire/messages.ts";
import { taskId } from "../wire/task_ids.ts";
import { EngineRun } from "./engine_run.ts";

/** Code that came with an order. */
export type ReceivedCode = readonly [hash: ContentHash, source: Payload];

/** What the scheduler wants run. */
export interface DispatchOrder {
  readonly epoch: Epoch;
  readonly codes: readonly ReceivedCode[];
  readonly runs: readonly (readonly [number: DispatchNumber, run: EngineRun])[];
}

/** What a client wants run, past the scheduler. */
export interface DirectOrder {
  readonly session: Session;
  readonly codes: readonly ReceivedCode[];
  readonly runs: readonly (readonly [counter: number, run: EngineRun])[];
  /** Its place among all that this client has for this host; `null` where it does not say. */
  readonly sequence: number | null;
}

/** Reads a dispatch. */
export function readDispatch(message: DispatchMessage): DispatchOrder {
  const [epoch, codes, templates, runs] = ordered(message, "dispatch", isCount);
  const shared = templates.map(templateFromMessage);
  return {
    epoch: epoch as Epoch,
    codes: codes.map(readCode),
    runs: runs.map((run) => readDispatchedRun(run, epoch as Epoch, shared)),
  };
}

/** Reads a batch of direct tasks from the node `client`. */
export function readDirect(message: DirectMessage, client: string): DirectOrder {
  const [session, codes, templates, runs] = ordered(message, "direct", isText);
  const sequence: unknown = message[4] ?? null;
  if (sequence !== null && !isCount(sequence)) throw malformedMessage("direct", message);
  const shared = templates.map(templateFromMessage);
  const origin = { session: session as Session, client };
  const read = readDirectRuns(runs, origin, shared, 0, runs.length);
  return { session: origin.session, codes: codes.map(readCode), runs: read, sequence };
}

/** A list of numbers: of dispatches, of tasks, of engines. */
export function readNumbers<N extends number>(message: readonly N[]): readonly N[] {
  if (!isArray(message, 0) || !message.every(isCount)) throw malformedMessage("list of numbers", message);
  return message as readonly N[];
}

type Ordered = readonly [unknown, readonly unknown[], readonly unknown[], readonly unknown[]];

function ordered(message: unknown, what: string, isFirst: (value: unknown) => boolean): Ordered {
  if (!isArray(message, 4) || !isFirst(message[0]) || !message.slice(1, 4).every((part) => isArray(part, 0))) {
    throw malformedMessage(what, message);
  }
  return message as unknown as Ordered;
}

/** Code that comes with tasks. */
export function readCode(message: unknown): ReceivedCode {
  if (!isArray(message, 2) || !isContentHash(message[0])) throw malformedMessage("code", message);
  return [message[0], payloadFromMessage(message[1])];
}

function readDispatchedRun(
  message: unknown,
  epoch: Epoch,
  templates: readonly TaskTemplate[],
): readonly [DispatchNumber, EngineRun] {
  if (!isArray(message, 6)) throw malformedMessage("run", message);
  const [number, engine, task, attempt, template, args, inputs] = message;
  if (!isCount(number) || !isCount(engine) || !isText(task) || !isCount(attempt)) {
    throw malformedMessage("run", message);
  }
  const origin = { kind: "scheduled", epoch, number: number as DispatchNumber } as const;
  const shared = templateAt(templates, template);
  const run = new EngineRun(
    origin,
    engine as EngineId,
    task as TaskId,
    attempt,
    shared,
    payloadFromMessage(args),
    payloadsFromMessage(inputs),
  );
  return [origin.number, run];
}

/** Who sent direct tasks. */
export interface DirectSender {
  readonly session: Session;
  /** Address of the client's node. */
  readonly client: string;
}

/** The runs from `first` up to `end` of a list in which later ones may refer to the arguments of earlier ones. */
export function readDirectRuns(
  list: readonly unknown[],
  sender: DirectSender,
  templates: readonly TaskTemplate[],
  first: number,
  end: number,
): readonly (readonly [counter: number, run: EngineRun])[] {
  if (end > list.length) throw malformedMessage("share of the runs", [first, end]);
  const args = new Map<unknown, Payload>();
  return list.slice(first, end).map((message, index) => {
    if (!isArray(message, 4)) throw malformedMessage("direct run", message);
    const [counter, engine, template, payload, inputs] = message;
    if (!isCount(counter) || !isCount(engine)) throw malformedMessage("direct run", message);
    const origin = { kind: "direct", counter, ...sender } as const;
    const place = isCount(payload) ? payload : first + index;
    const given = args.get(place) ?? argsAt(list, place, first + index);
    args.set(place, given);
    const run = new EngineRun(
      origin,
      engine as EngineId,
      taskId(sender.session, counter),
      1,
      templateAt(templates, template),
      given,
      payloadsFromMessage(inputs),
    );
    return [counter, run];
  });
}

/** The arguments that stand in this row, which must not be a later one. */
function argsAt(list: readonly unknown[], place: number, reader: number): Payload {
  const row = place <= reader ? list[place] : undefined;
  if (!isArray(row, 4)) throw malformedMessage("place of a run's arguments", place);
  return payloadFromMessage(row[3]);
}

function templateAt(templates: readonly TaskTemplate[], index: unknown): TaskTemplate {
  const template = isCount(index) ? templates[index] : undefined;
  if (template === undefined) throw malformedMessage("run's template", index);
  return template;
}
