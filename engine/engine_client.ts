/**
 * What an engine knows of the client that its tasks share: the shape of what is loaded at first use, and no more.
 *
 * Types, and the look at a text that tells whether a client is wanted. The client itself is put together outside of this
 * folder (`cluster/task_client.ts`), over the messages of the pipe. Used by `task_clients.ts`.
 * @module
 */
import type { BusDeliversMessage, BusIsMessage, ToHostMessage } from "../protocol/pipe_messages.ts";
import type { NestedLine } from "../protocol/messages.ts";
import type { TaskId } from "../protocol/ids.ts";

/** A task, as its client sees it. */
export interface ClientOwner {
  readonly msgId: TaskId;
  /** What it submits goes before its like. */
  readonly priority: number;
  /** It waits for results of tasks of its own, or no longer does. */
  waits(waits: boolean): void;
  /** A task of it, or of one of these, printed a line. */
  printed(line: NestedLine): void;
}

/** The client of one task: a face of the one that all tasks of the engine share. */
export interface TaskClient {
  /** What the task is given. */
  readonly client: object;
  /** The task has ended, or is to end: what it submitted and has no outcome of is aborted. */
  end(): void;
}

/** The client of an engine. */
export interface EngineClient {
  /** Resolves when it is attached to the controller. Rejects with the reason why it can't be. */
  readonly attached: Promise<void>;
  /** Takes what the host says of its bus. */
  receive(message: BusDeliversMessage | BusIsMessage): void;
  of(owner: ClientOwner): TaskClient;
  close(): Promise<void>;
}

/** The module that is loaded when a client is wanted. */
export interface ClientModule {
  openClient(send: (message: ToHostMessage) => void): EngineClient;
}

const MENTION = "client";

/** Whether code names a client: it may then ask for that of its task. False alarms cost the loading, once. */
export function namesClient(text: string): boolean {
  return text.includes(MENTION);
}

/** The same for values of a function, which may be functions themselves. */
export function holdNamesOfClient(bytes: Uint8Array): boolean {
  const first = MENTION.charCodeAt(0);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let same = 1;
    while (same < MENTION.length && bytes[at + same] === MENTION.charCodeAt(same)) same++;
    if (same === MENTION.length) return true;
  }
  return false;
}
