/**
 * Makes room at once for a message that comes in several reads.
 *
 * The official client's parser doubles its buffer as such a message grows: one of 512 KB is copied three times, into
 * fresh memory each time, which costs more than all else that is done with it. Here its buffer gets the length that the
 * message announced. Seen with 3.4.0. Called by `nats_connection.ts` alone.
 * @module
 */

/** The buffer of a message of which something is missing. */
interface GrowingBuffer {
  _buf: Uint8Array;
  readonly capacity: number;
  readonly length: number;
}

/** What is used of the client's parser. */
interface MessageParser {
  parse(bytes: Uint8Array): void;
  readonly msgBuf?: GrowingBuffer | undefined;
  readonly ma: { readonly size: number };
}

/** What is used of the client's state: a parser, which is replaced at each attempt to connect. */
export interface ParserHolder {
  parser: MessageParser;
}

/** Mends the parser at hand and all that follow. */
export function makeRoomForLongMessages(holder: ParserHolder): void {
  let mended = withRoom(holder.parser);
  Object.defineProperty(holder, "parser", {
    configurable: true,
    enumerable: true,
    get: () => mended,
    set: (next: MessageParser) => void (mended = withRoom(next)),
  });
}

function withRoom(parser: MessageParser): MessageParser {
  const parse = parser.parse.bind(parser);
  parser.parse = (bytes) => {
    parse(bytes);
    const { msgBuf, ma } = parser;
    if (msgBuf !== undefined && msgBuf.capacity < ma.size) makeRoom(msgBuf, ma.size);
  };
  return parser;
}

/** The client's buffer fills the memory behind its bytes before it grows. */
function makeRoom(buffer: GrowingBuffer, size: number): void {
  const room = new Uint8Array(size);
  room.set(buffer._buf);
  buffer._buf = room.subarray(0, buffer.length);
}
