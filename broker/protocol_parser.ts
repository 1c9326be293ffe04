/**
 * Reads what a NATS client sends: bytes in, operations out, wherever the stream is cut.
 *
 * Pure: no I/O, no clock; never throws on any input. What is not the protocol is one call of `fail`, after which nothing
 * is read any more. Decides the same as `nats-server` 2.9 on every line, odd ones included; a test compares the two. Each
 * client connection of the broker owns one.
 * @module
 */
import { Arguments, CR, LF, matchVerb, parseSize, skipBlanks, type Verb } from "./control_line.ts";
import { PayloadReader } from "./payload_reader.ts";
import type { Subject, SubjectTable } from "./subject_table.ts";

/** Why a stream is not read any further. */
export type ParseFailure =
  | "unknown-operation"
  | "bad-arguments"
  | "control-line-too-long"
  | "payload-too-large"
  | "connect-expected"
  | "headers-not-agreed"
  | "complaint";

/** One message as a client published it. */
export interface PublishOperation {
  /** Where it goes. */
  readonly subject: Subject;
  /** Where answers go. */
  readonly reply: string | undefined;
  /** How many of the first bytes of `payload` are headers, their version line included; 0 without. */
  readonly headerBytes: number;
  /** Headers and data. A view into the receive buffer unless `owned`. */
  readonly payload: Uint8Array;
  /** Memory that is never written again. */
  readonly owned: boolean;
}

/** Takes the operations, in order, while `push` runs. */
export interface OperationSink {
  /** Until the client is known, anything but CONNECT fails at its first byte. */
  readonly mayOnlyConnect: boolean;
  /** Whether HPUB is allowed. */
  readonly acceptsHeaders: boolean;
  /** The JSON text as bytes, a view. */
  connect(json: Uint8Array): void;
  /** Wants a PONG. */
  ping(): void;
  /** Answers a PING. */
  pong(): void;
  /** PUB or HPUB. */
  publish(operation: PublishOperation): void;
  /** The pattern has not been checked. */
  subscribe(pattern: string, queue: string | undefined, sid: string): void;
  /** `max` 0: now. */
  unsubscribe(sid: string, max: number): void;
  /** The last call. */
  fail(failure: ParseFailure): void;
}

/** Bounds that the parser keeps. In bytes. */
export interface ParserLimits {
  /** Of the arguments on one line. */
  readonly maxControlLine: number;
  /** Headers and data together. */
  readonly maxPayload: number;
}

/** A payload that is being received. */
interface Announced {
  readonly subject: Subject;
  readonly reply: string | undefined;
  readonly headerBytes: number;
}

/** Room for the verb and a few blanks besides the arguments. */
const VERB_ROOM = 64;
const C_UPPER = 67;
const C_LOWER = 99;

/** One stream of one client. */
export class ProtocolParser {
  readonly #sink: OperationSink;
  readonly #limits: ParserLimits;
  readonly #subjects: SubjectTable;
  readonly #arguments = new Arguments();
  /** The start of a line whose end has not arrived. */
  #line: Uint8Array = new Uint8Array(0);
  #lineLength = 0;
  #announced: Announced | undefined;
  readonly #payload = new PayloadReader();
  #stopped = false;

  /** Subjects are looked up in a table that several parsers may share. */
  constructor(sink: OperationSink, limits: ParserLimits, subjects: SubjectTable) {
    this.#sink = sink;
    this.#limits = limits;
    this.#subjects = subjects;
  }

  /** Reads a chunk. Its bytes may be overwritten afterwards. */
  push(chunk: Uint8Array): void {
    let position = 0;
    while (position < chunk.length && !this.#stopped) {
      position = this.#announced === undefined
        ? this.#takeLine(chunk, position)
        : this.#takePayload(chunk, position, this.#announced);
    }
    if (this.#announced !== undefined && !this.#stopped) this.#payload.own();
  }

  /** Reads nothing any more, also not the rest of the chunk at hand. */
  stop(): void {
    this.#stopped = true;
  }

  #fail(failure: ParseFailure): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#sink.fail(failure);
  }

  #takeLine(chunk: Uint8Array, start: number): number {
    if (this.#lineLength === 0 && this.#sink.mayOnlyConnect) {
      const first = chunk[start];
      if (first !== C_UPPER && first !== C_LOWER) {
        this.#fail("connect-expected");
        return chunk.length;
      }
    }
    const end = chunk.indexOf(LF, start);
    if (end < 0) {
      this.#keep(chunk, start, chunk.length, false);
      return chunk.length;
    }
    if (this.#lineLength === 0) {
      this.#readLine(chunk, start, end);
    } else {
      this.#keep(chunk, start, end, true);
      const length = this.#lineLength;
      this.#lineLength = 0;
      if (!this.#stopped) this.#readLine(this.#line, 0, length);
    }
    return end + 1;
  }

  /** Adds to the kept start of a line, as long as that can become one. */
  #keep(chunk: Uint8Array, start: number, end: number, whole: boolean): void {
    const capacity = this.#limits.maxControlLine + VERB_ROOM;
    if (this.#line.length < capacity) this.#line = new Uint8Array(capacity);
    const taken = Math.min(end - start, capacity - this.#lineLength);
    this.#line.set(chunk.subarray(start, start + taken), this.#lineLength);
    this.#lineLength += taken;
    const match = matchVerb(this.#line, 0, this.#lineLength, false);
    if (match === undefined) return this.#fail("unknown-operation");
    if (match === "incomplete") return;
    if (ignoresArguments(match.verb)) {
      this.#lineLength = Math.min(this.#lineLength, match.length + 1);
      return;
    }
    const tooLong = taken < end - start ||
      (!whole && this.#argumentsTooLong(this.#line, match.length, this.#lineLength));
    if (tooLong) this.#fail("control-line-too-long");
  }

  #argumentsTooLong(buffer: Uint8Array, start: number, end: number): boolean {
    const from = skipBlanks(buffer, start, end);
    return lineEnd(buffer, from, end) - from > this.#limits.maxControlLine;
  }

  #readLine(buffer: Uint8Array, start: number, end: number): void {
    const match = matchVerb(buffer, start, end, true);
    if (match === undefined || match === "incomplete") return this.#fail("unknown-operation");
    const from = start + match.length;
    if (!ignoresArguments(match.verb) && this.#argumentsTooLong(buffer, from, end)) {
      return this.#fail("control-line-too-long");
    }
    this.#readVerb(match.verb, buffer, from, lineEnd(buffer, from, end));
  }

  #readVerb(verb: Verb, buffer: Uint8Array, start: number, end: number): void {
    switch (verb) {
      case "pub":
        return this.#readPublish(buffer, start, end);
      case "hpub":
        return this.#readPublishWithHeaders(buffer, start, end);
      case "sub":
        return this.#readSubscribe(buffer, start, end);
      case "unsub":
        return this.#readUnsubscribe(buffer, start, end);
      case "ping":
        return this.#sink.ping();
      case "pong":
        return this.#sink.pong();
      case "connect":
        return this.#sink.connect(buffer.subarray(skipBlanks(buffer, start, end), end));
      case "complaint":
        return this.#fail("complaint");
      case "ignored":
    }
  }

  #readPublish(buffer: Uint8Array, start: number, end: number): void {
    const args = this.#arguments;
    args.split(buffer, start, end, false);
    if (args.count !== 2 && args.count !== 3) return this.#fail("bad-arguments");
    this.#announce(buffer, args.count === 3, 0, this.#sizeAt(buffer, args.count - 1));
  }

  #readPublishWithHeaders(buffer: Uint8Array, start: number, end: number): void {
    if (!this.#sink.acceptsHeaders) return this.#fail("headers-not-agreed");
    const args = this.#arguments;
    args.split(buffer, start, end, false);
    if (args.count !== 3 && args.count !== 4) return this.#fail("bad-arguments");
    const headerBytes = this.#sizeAt(buffer, args.count - 2);
    const size = this.#sizeAt(buffer, args.count - 1);
    if (headerBytes < 0 || headerBytes > size) return this.#fail("bad-arguments");
    this.#announce(buffer, args.count === 4, headerBytes, size);
  }

  #sizeAt(buffer: Uint8Array, index: number): number {
    return parseSize(buffer, this.#arguments.start(index), this.#arguments.end(index));
  }

  #announce(buffer: Uint8Array, withReply: boolean, headerBytes: number, size: number): void {
    if (size < 0) return this.#fail("bad-arguments");
    if (size > this.#limits.maxPayload) return this.#fail("payload-too-large");
    const subject = this.#subjectAt(buffer, 0);
    const reply = withReply ? this.#subjectAt(buffer, 1)?.text : undefined;
    if (subject === undefined || (withReply && reply === undefined)) return this.#fail("bad-arguments");
    this.#announced = { subject, reply, headerBytes };
    this.#payload.begin(size);
  }

  #subjectAt(buffer: Uint8Array, index: number): Subject | undefined {
    return this.#subjects.lookUp(buffer, this.#arguments.start(index), this.#arguments.end(index));
  }

  #textAt(buffer: Uint8Array, index: number): string | undefined {
    return this.#subjects.decode(buffer, this.#arguments.start(index), this.#arguments.end(index));
  }

  #readSubscribe(buffer: Uint8Array, start: number, end: number): void {
    const args = this.#arguments;
    args.split(buffer, start, end, true);
    if (args.count !== 2 && args.count !== 3) return this.#fail("bad-arguments");
    const pattern = this.#textAt(buffer, 0);
    const sid = this.#textAt(buffer, args.count - 1);
    const queue = args.count === 3 ? this.#textAt(buffer, 1) : undefined;
    if (pattern === undefined || sid === undefined || (args.count === 3 && queue === undefined)) {
      return this.#fail("bad-arguments");
    }
    this.#sink.subscribe(pattern, queue, sid);
  }

  #readUnsubscribe(buffer: Uint8Array, start: number, end: number): void {
    const args = this.#arguments;
    args.split(buffer, start, end, true);
    if (args.count !== 1 && args.count !== 2) return this.#fail("bad-arguments");
    const sid = this.#textAt(buffer, 0);
    if (sid === undefined) return this.#fail("bad-arguments");
    // A maximum that is no number ends the subscription now, as it does in nats-server.
    this.#sink.unsubscribe(sid, args.count === 2 ? Math.max(0, this.#sizeAt(buffer, 1)) : 0);
  }

  #takePayload(chunk: Uint8Array, start: number, announced: Announced): number {
    const position = this.#payload.take(chunk, start);
    if (this.#payload.state === "open") return position;
    if (this.#payload.state === "broken") {
      this.#fail("unknown-operation");
      return chunk.length;
    }
    this.#announced = undefined;
    this.#sink.publish({
      subject: announced.subject,
      reply: announced.reply,
      headerBytes: announced.headerBytes,
      payload: this.#payload.bytes,
      owned: this.#payload.owned,
    });
    return position;
  }
}

/** Lines of which only the verb counts, however long they are. */
function ignoresArguments(verb: Verb): boolean {
  return verb === "ping" || verb === "pong" || verb === "ignored" || verb === "complaint";
}

/** The end of the arguments: one carriage return before the line feed does not belong to them. */
function lineEnd(buffer: Uint8Array, start: number, end: number): number {
  return end > start && buffer[end - 1] === CR ? end - 1 : end;
}
