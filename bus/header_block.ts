/**
 * Message headers as NATS writes them: `NATS/1.0`, a status perhaps, then one `Name: value` a line.
 *
 * No I/O. Used by the bus adapters to know how large a message is, and by the embedded broker to hand the headers of a
 * TCP client to a bus in its own process.
 * @module
 */
import type { BusHeaders } from "./bus.ts";

const VERSION_LINE = "NATS/1.0";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a header block says. `status` is `503` where nobody listens to a request. */
export interface HeaderBlock {
  /** The server's code, if it is a message of the server. */
  readonly status: number | undefined;
  /** In order. */
  readonly headers: BusHeaders;
}

/** The bytes of a header block. `TypeError` for a name or value that cannot be written in one. */
export function encodeHeaders(headers: BusHeaders, status?: string): Uint8Array {
  let text = status === undefined ? `${VERSION_LINE}\r\n` : `${VERSION_LINE} ${status}\r\n`;
  for (const [name, value] of headers) {
    checkHeader(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return encoder.encode(`${text}\r\n`);
}

/** Reads a header block, `undefined` where it is none. Blanks around a value do not belong to it. */
export function decodeHeaders(block: Uint8Array): HeaderBlock | undefined {
  const [first, ...lines] = decoder.decode(block).split("\r\n");
  if (first === undefined || !first.startsWith(VERSION_LINE)) return undefined;
  const code = Number.parseInt(first.slice(VERSION_LINE.length), 10);
  const headers: (readonly [string, string])[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return { status: Number.isNaN(code) ? undefined : code, headers };
}

/** Bytes that the headers take of `maxPayload`; none where there are no headers. */
export function headersSize(headers: BusHeaders | undefined): number {
  return headers === undefined || headers.length === 0 ? 0 : encodeHeaders(headers).length;
}

function checkHeader(name: string, value: string): void {
  if (!/^[!-9;-~]+$/.test(name)) {
    throw new TypeError(
      `Cannot send the header "${name}": a name is made of visible ASCII characters without ":".`,
    );
  }
  if (/[\r\n]/.test(value) || value !== value.trim()) {
    throw new TypeError(
      `Cannot send the header "${name}" with the value ${JSON.stringify(value)}: ` +
        "a value has no line breaks, and no blanks around it; encode it first.",
    );
  }
}
