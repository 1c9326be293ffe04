/**
 * Takes the operations of a parser and keeps them as plain values, to be compared.
 * @module
 */
import { Buffer } from "node:buffer";
import { ProtocolParser } from "../../../broker/protocol_parser.ts";
import type { OperationSink, ParseFailure, PublishOperation } from "../../../broker/protocol_parser.ts";
import { SubjectTable } from "../../../broker/subject_table.ts";

/** One operation, with all bytes copied: a character a byte. */
export type Recorded = readonly [verb: string, ...details: unknown[]];

const LIMITS = { maxControlLine: 128, maxPayload: 1_024 };

/** A sink that lets everything through. */
export class RecordingSink implements OperationSink {
  readonly operations: Recorded[] = [];
  mayOnlyConnect = false;
  acceptsHeaders = true;
  /** Called after each operation. */
  onOperation: (operation: Recorded) => void = () => {};

  connect(json: Uint8Array): void {
    this.#record("connect", latin1(json));
  }

  ping(): void {
    this.#record("ping");
  }

  pong(): void {
    this.#record("pong");
  }

  publish({ subject, reply, headerBytes, payload }: PublishOperation): void {
    this.#record("publish", subject.text, reply, headerBytes, latin1(payload));
  }

  subscribe(pattern: string, queue: string | undefined, sid: string): void {
    this.#record("subscribe", pattern, queue, sid);
  }

  unsubscribe(sid: string, max: number): void {
    this.#record("unsubscribe", sid, max);
  }

  fail(failure: ParseFailure): void {
    this.#record("fail", failure);
  }

  #record(...operation: Recorded): void {
    this.operations.push(operation);
    this.onOperation(operation);
  }
}

/** A parser with small bounds. */
export function parserFor(sink: OperationSink): ProtocolParser {
  return new ProtocolParser(sink, LIMITS, new SubjectTable());
}

/** What a parser makes of the pieces. Each is overwritten after it was pushed, as a receive buffer is. */
export function parse(...pieces: readonly Uint8Array[]): readonly Recorded[] {
  const sink = new RecordingSink();
  const parser = parserFor(sink);
  for (const piece of pieces) {
    const chunk = piece.slice();
    parser.push(chunk);
    chunk.fill(0x58);
  }
  return sink.operations;
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** One byte a character. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
