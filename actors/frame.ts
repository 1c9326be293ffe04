/**
 * What nodes say to each other: six kinds of frames, and their form on the wire.
 *
 * A frame is one MessagePack array `[protocol, kind, from, incarnation, generation, toIncarnation, toGeneration, …]`.
 * These seven stay where they are in every protocol number, so that two versions can at least tell each other so.
 * Nothing here keeps state or judges; `parseFrame` answers `null` for whatever is not a frame, and never throws.
 * @module
 */
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import { decodeFrame, encodeFrame } from "../wire/frame_codec.ts";
import type { LinkMessage, NodeAddress } from "./link_port.ts";

const KIND = { hello: 0, data: 1, part: 2, state: 3, reset: 4, bye: 5 } as const;

/** Both ends of a link, as the sender of a frame sees them. */
export interface FrameEnds {
  /** Who sends. */
  readonly from: NodeAddress;
  readonly incarnation: string;
  /** The number the sender gave its end of the link. */
  readonly generation: number;
  /** Which life of the receiver is meant; `null` before any contact. */
  readonly toIncarnation: string | null;
  /** The number the receiver gave its end; 0 before any contact. */
  readonly toGeneration: number;
}

/** What rides on every frame of an open link. Both only grow, so an old frame sent again does no harm. */
export interface FrameReceipt {
  /** All frames up to this one have arrived. */
  readonly ack: number;
  /** The receiver of this frame may send up to this byte, counted from the start of the link. */
  readonly credit: number;
}

/** Opens a link, or answers such a frame: then `toIncarnation` and `toGeneration` name what is answered. */
export interface HelloFrame extends FrameEnds {
  readonly kind: "hello";
  /** The receiver may send up to this byte as soon as its end is open. */
  readonly credit: number;
}

/** Messages, all that was sent to the peer within one turn. */
export interface DataFrame extends FrameEnds, FrameReceipt {
  readonly kind: "data";
  readonly seq: number;
  readonly messages: readonly LinkMessage[];
}

/** A piece of an encoded data frame that was too long for the bus. */
export interface PartFrame extends FrameEnds, FrameReceipt {
  readonly kind: "part";
  readonly seq: number;
  readonly offset: number;
  readonly total: number;
  readonly chunk: Uint8Array;
}

/** Where the sender stands: heartbeat, bare acknowledgement and resumption in one. */
export interface StateFrame extends FrameEnds, FrameReceipt {
  readonly kind: "state";
  /** The last sequence number the sender has used. */
  readonly sent: number;
  /** Answer with a state frame. */
  readonly asks: boolean;
  /** Send again all after `ack`. */
  readonly misses: boolean;
}

/** The link that the receiver calls `toGeneration`, with `about` at our end, is dead. Never answered. */
export interface ResetFrame extends FrameEnds {
  readonly kind: "reset";
  readonly aboutIncarnation: string;
  readonly aboutGeneration: number;
}

/** The sender ends in good order. */
export interface ByeFrame extends FrameEnds {
  readonly kind: "bye";
}

/** Any frame of our protocol. */
export type Frame = HelloFrame | DataFrame | PartFrame | StateFrame | ResetFrame | ByeFrame;

/** A frame of another protocol: what can be known of it. */
export interface ForeignFrame extends FrameEnds {
  readonly kind: "foreign";
  readonly protocol: number;
  readonly isHello: boolean;
}

function head(kind: number, ends: FrameEnds, protocol: number = PROTOCOL_VERSION): unknown[] {
  return [protocol, kind, ends.from, ends.incarnation, ends.generation, ends.toIncarnation, ends.toGeneration];
}

/** Encodes a hello; `protocol` is only given by tests that play another version. */
export function encodeHello(ends: FrameEnds, credit: number, protocol: number = PROTOCOL_VERSION): Uint8Array {
  return encodeFrame([...head(KIND.hello, ends, protocol), credit]);
}

/** Encodes messages as one frame. Throws `SerializationError` when one of them can't travel. */
export function encodeData(
  ends: FrameEnds,
  seq: number,
  ack: number,
  credit: number,
  messages: readonly LinkMessage[],
): Uint8Array {
  return encodeFrame(dataFields(ends, seq, ack, credit, messages));
}

/** What `encodeData` encodes, for those who must do it in pieces. */
export function dataFields(
  ends: FrameEnds,
  seq: number,
  ack: number,
  credit: number,
  messages: readonly LinkMessage[],
): readonly unknown[] {
  const { from, incarnation, generation, toIncarnation, toGeneration } = ends;
  return [
    PROTOCOL_VERSION,
    KIND.data,
    from,
    incarnation,
    generation,
    toIncarnation,
    toGeneration,
    seq,
    ack,
    credit,
    messages,
  ];
}

/** Encodes a piece of an encoded data frame. */
export function encodePart(ends: FrameEnds, part: Omit<PartFrame, keyof FrameEnds | "kind">): Uint8Array {
  const { seq, ack, credit, offset, total, chunk } = part;
  return encodeFrame([...head(KIND.part, ends), seq, ack, credit, offset, total, chunk]);
}

/** Encodes where we stand. */
export function encodeState(ends: FrameEnds, state: Omit<StateFrame, keyof FrameEnds | "kind">): Uint8Array {
  const flags = (state.asks ? 1 : 0) | (state.misses ? 2 : 0);
  return encodeFrame([...head(KIND.state, ends), state.sent, state.ack, state.credit, flags]);
}

/** Encodes "that link is dead". */
export function encodeReset(ends: FrameEnds, aboutIncarnation: string, aboutGeneration: number): Uint8Array {
  return encodeFrame([...head(KIND.reset, ends), aboutIncarnation, aboutGeneration]);
}

/** Encodes a good-bye. */
export function encodeBye(ends: FrameEnds): Uint8Array {
  return encodeFrame(head(KIND.bye, ends));
}

/** Bytes that a part needs besides its chunk, at most. */
export function partOverhead(ends: FrameEnds): number {
  return 96 + ends.from.length + ends.incarnation.length + (ends.toIncarnation?.length ?? 0);
}

/** The frame in `bytes`, or `null` where there is none. Byte values in it are views of `bytes`. */
export function parseFrame(bytes: Uint8Array): Frame | ForeignFrame | null {
  let value: unknown;
  try {
    value = decodeFrame(bytes);
  } catch {
    return null;
  }
  return Array.isArray(value) ? checkFrame(value) : null;
}

const ADDRESS = /^(?:controller|host|client|node)\.[A-Za-z0-9_-]{1,128}$/;

/** Whether `text` can be the address of a node: `<role>.<node>`, the node of letters, digits, `-` and `_`. */
export function isNodeAddress(text: unknown): text is NodeAddress {
  return typeof text === "string" && ADDRESS.test(text);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether `value` can name a life of a node: 1 to 64 characters. */
export function isIncarnation(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= 64;
}

function checkFrame(fields: readonly unknown[]): Frame | ForeignFrame | null {
  const [protocol, kind, from, incarnation, generation, toIncarnation, toGeneration] = fields;
  if (!isCount(protocol) || !isNodeAddress(from) || !isIncarnation(incarnation) || !isCount(generation)) return null;
  if (!isCount(toGeneration) || !(toIncarnation === null || isIncarnation(toIncarnation))) return null;
  const ends: FrameEnds = { from, incarnation, generation, toIncarnation, toGeneration };
  if (protocol !== PROTOCOL_VERSION) return { kind: "foreign", ...ends, protocol, isHello: kind === KIND.hello };
  switch (kind) {
    case KIND.hello:
      return checkHello(ends, fields);
    case KIND.data:
      return checkData(ends, fields);
    case KIND.part:
      return checkPart(ends, fields);
    case KIND.state:
      return checkState(ends, fields);
    case KIND.reset:
      return checkReset(ends, fields);
    case KIND.bye:
      return { kind: "bye", ...ends };
    default:
      return null;
  }
}

function checkHello(ends: FrameEnds, fields: readonly unknown[]): HelloFrame | null {
  const credit = fields[7];
  return isCount(credit) && ends.generation > 0 ? { kind: "hello", ...ends, credit } : null;
}

function checkData(ends: FrameEnds, fields: readonly unknown[]): DataFrame | null {
  const [seq, ack, credit, messages] = fields.slice(7);
  if (!isCount(seq) || !isCount(ack) || !isCount(credit) || !Array.isArray(messages)) return null;
  if (!messages.every(Array.isArray)) return null;
  return { kind: "data", ...ends, seq, ack, credit, messages };
}

function checkPart(ends: FrameEnds, fields: readonly unknown[]): PartFrame | null {
  const [seq, ack, credit, offset, total, chunk] = fields.slice(7);
  if (!isCount(seq) || !isCount(ack) || !isCount(credit) || !isCount(offset) || !isCount(total)) return null;
  if (!(chunk instanceof Uint8Array) || chunk.length === 0 || offset + chunk.length > total) return null;
  return { kind: "part", ...ends, seq, ack, credit, offset, total, chunk };
}

function checkState(ends: FrameEnds, fields: readonly unknown[]): StateFrame | null {
  const [sent, ack, credit, flags] = fields.slice(7);
  if (!isCount(sent) || !isCount(ack) || !isCount(credit) || !isCount(flags)) return null;
  return { kind: "state", ...ends, sent, ack, credit, asks: (flags & 1) !== 0, misses: (flags & 2) !== 0 };
}

function checkReset(ends: FrameEnds, fields: readonly unknown[]): ResetFrame | null {
  const [aboutIncarnation, aboutGeneration] = fields.slice(7);
  if (!isIncarnation(aboutIncarnation) || !isCount(aboutGeneration)) return null;
  return { kind: "reset", ...ends, aboutIncarnation, aboutGeneration };
}
