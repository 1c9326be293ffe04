/**
 * Which attempt, on which process, a simulated result comes from: written into its bytes, as a real result carries a
 * value, so that whoever sees the result can tell whether it is the right one.
 *
 * Pure. Written by the simulated engines, read by the rules.
 * @module
 */
import type { EngineUuid, TaskId } from "../../protocol/ids.ts";

/** Where a result comes from. */
export interface RunMark {
  readonly task: TaskId;
  readonly uuid: EngineUuid;
  /** `<epoch>:<number>`. */
  readonly dispatch: string;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** The bytes of a value or an error. */
export function markBytes({ task, uuid, dispatch }: RunMark): Uint8Array {
  return ENCODER.encode(`${task}|${uuid}|${dispatch}`);
}

/** Reads them back; `null` where they are none. */
export function readMark(payload: unknown): RunMark | null {
  if (!(payload instanceof Uint8Array)) return null;
  const [task, uuid, dispatch] = DECODER.decode(payload).split("|");
  if (task === undefined || uuid === undefined || dispatch === undefined) return null;
  return { task: task as TaskId, uuid: uuid as EngineUuid, dispatch };
}
