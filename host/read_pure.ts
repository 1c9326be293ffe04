/**
 * From what a client put into the queue group of the scheme `pure` to runs for the engine that got it.
 *
 * Pure. Every element is checked: a message that isn't ours throws `SerializationError` before anything is done. Called
 * by the host's actor.
 * @module
 */
import type { NodeAddress } from "../actors/link_port.ts";
import type { EngineId, Session } from "../protocol/ids.ts";
import type { TaskTemplate } from "../protocol/task_spec.ts";
import { decodeFrame } from "../wire/frame_codec.ts";
import { isArray, isCount, isText, malformedMessage } from "../wire/message_checks.ts";
import { payloadFromMessage, payloadsFromMessage, templateFromMessage } from "../wire/messages.ts";
import { taskId } from "../wire/task_ids.ts";
import { EngineRun } from "./engine_run.ts";
import { readCode, type ReceivedCode } from "./read_orders.ts";

/** What a client wants run, by whoever gets it. */
export interface PureOrder {
  readonly session: Session;
  /** The client's node, for what is to be told to it. */
  readonly node: string;
  /** Of the function, then of the modules that it loads. */
  readonly codes: readonly ReceivedCode[];
  readonly runs: readonly (readonly [counter: number, run: EngineRun])[];
}

/** Reads a message. Arguments stay views of the bytes. */
export function readPure(bytes: Uint8Array, engine: EngineId): PureOrder {
  const message = decodeFrame(bytes);
  if (!isArray(message, 5)) throw malformedMessage("task", message);
  const [session, node, code, templateMessage, rows, modules = []] = message;
  if (!isText(session) || !isText(node) || !isArray(rows, 1) || !isArray(modules, 0)) {
    throw malformedMessage("task", message);
  }
  const template = templateFromMessage(templateMessage);
  const runs = rows.map((row) => readRun(row, session as Session, `client.${node}`, template, engine));
  return { session: session as Session, node, codes: [code, ...modules].map(readCode), runs };
}

function readRun(
  message: unknown,
  session: Session,
  client: NodeAddress,
  template: TaskTemplate,
  engine: EngineId,
): readonly [number, EngineRun] {
  if (!isArray(message, 2) || !isCount(message[0])) throw malformedMessage("run", message);
  const [counter, args, inputs] = message as readonly [number, unknown, unknown];
  const origin = { kind: "pure", session, counter, client } as const;
  const task = taskId(session, counter);
  const [bytes, results] = [payloadFromMessage(args), payloadsFromMessage(inputs)];
  return [counter, new EngineRun(origin, engine, task, 1, template, bytes, results)];
}
