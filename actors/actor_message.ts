/**
 * What actors of two nodes say to each other over a link: arrays that begin with their kind.
 *
 * Shapes only, and the check that what arrived is one of them. Built and read by `peers.ts` and `peer.ts`.
 * @module
 */
import { isText } from "../wire/message_checks.ts";

/** First element of every message between actor systems. */
export const KIND = {
  cast: 0,
  call: 1,
  /** The method returned. */
  reply: 2,
  /** The method threw. */
  threw: 3,
  /** The method never ran: the actor is not there, or ended. */
  refused: 4,
  watch: 5,
  unwatch: 6,
  /** A watched actor ended. */
  ended: 7,
  /** So many casts and calls of yours have left mailboxes here, in all: the sender's credit. */
  taken: 8,
  /** No actor of this name lives here: forget that you found it here. */
  absent: 9,
} as const;

/** Arguments as they travel: an array of plain values, or any values encoded. */
export type SentArguments = readonly unknown[] | Uint8Array;

export type ActorMessage =
  | readonly [kind: typeof KIND.cast, actor: string, method: string, args: SentArguments]
  | readonly [kind: typeof KIND.call, actor: string, method: string, args: SentArguments, call: number]
  /** `[]`: undefined; `[value]` plain, or bytes of the encoded `[value]`. */
  | readonly [kind: typeof KIND.reply, call: number, value: SentArguments]
  | readonly [kind: typeof KIND.threw, call: number, error: Uint8Array]
  | readonly [kind: typeof KIND.refused, call: number, why: "absent" | "ended", text: string]
  | readonly [kind: typeof KIND.watch, actor: string, watch: number]
  | readonly [kind: typeof KIND.unwatch, watch: number]
  | readonly [kind: typeof KIND.ended, watch: number, reason: string]
  | readonly [kind: typeof KIND.taken, count: number]
  | readonly [kind: typeof KIND.absent, actor: string];

type ElementCheck = (value: unknown) => boolean;
const isCount: ElementCheck = (value) => typeof value === "number";
const isBytes: ElementCheck = (value) => value instanceof Uint8Array;
const isArguments: ElementCheck = (value) => Array.isArray(value) || isBytes(value);

/** What stands behind the kind, by kind. More elements may follow. */
const SHAPES: readonly (readonly ElementCheck[])[] = [
  [isText, isText, isArguments],
  [isText, isText, isArguments, isCount],
  [isCount, isArguments],
  [isCount, isBytes],
  [isCount, isText, isText],
  [isText, isCount],
  [isCount],
  [isCount, isText],
  [isCount],
  [isText],
];

/** The message, or `null` where it is not one of ours. */
export function parseActorMessage(message: readonly unknown[]): ActorMessage | null {
  const shape = typeof message[0] === "number" ? SHAPES[message[0]] : undefined;
  if (shape === undefined) return null;
  for (let i = 0; i < shape.length; i++) {
    if (!shape[i]?.(message[i + 1])) return null;
  }
  return message as unknown as ActorMessage;
}
