/**
 * What is on its way to one client: messages and lines encoded as bytes, in the pieces in which they will be written.
 *
 * No I/O and no timers. Small payloads are copied next to their control line, so that everything queued within one turn
 * of the event loop leaves in one write; large ones that are never written again travel as they are, however many
 * clients they go to. Each client connection owns one.
 * @module
 */

const FIRST_CAPACITY = 4_096;
const FULL_CAPACITY = 64 * 1_024;
/** From this size on a copy costs more than a write of its own. */
const OWN_PIECE_BYTES = 16 * 1_024;
/** Longest control line besides the texts in it: verb, blanks, two numbers, line ends. */
const LINE_ROOM = 64;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const BYTES_PER_UNIT = 3;
const CR = 13;
const LF = 10;
const SPACE = 32;
const ZERO = 48;

const encoder = new TextEncoder();
const MSG = encoder.encode("MSG ");
const HMSG = encoder.encode("HMSG ");

/** Bytes that wait to be written. */
export class OutboundBuffer {
  #current = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  readonly #full: Uint8Array[] = [];
  #queuedBytes = 0;
  #takenBytes = 0;
  /** The buffer being written, and one to go on with afterwards. */
  #lent: Uint8Array<ArrayBuffer> | undefined;
  #spare: Uint8Array<ArrayBuffer> | undefined;

  /** Bytes that have been queued and not written yet, those that `take` gave out included. */
  get pendingBytes(): number {
    return this.#queuedBytes + this.#takenBytes;
  }

  /** Queues a protocol line; the line end is added. */
  line(text: string): void {
    this.#reserve(text.length * BYTES_PER_UNIT + 2);
    const before = this.#length;
    this.#text(text);
    this.#lineEnd();
    this.#queuedBytes += this.#length - before;
  }

  /** Queues MSG or HMSG. */
  message(
    subject: string,
    sid: string,
    reply: string | undefined,
    headerBytes: number,
    payload: Uint8Array,
    owned: boolean,
  ): void {
    const units = subject.length + sid.length + (reply?.length ?? 0);
    const apart = owned && payload.length >= OWN_PIECE_BYTES;
    this.#reserve(units * BYTES_PER_UNIT + LINE_ROOM + (apart ? 0 : payload.length));
    const before = this.#length;
    this.#bytes(headerBytes > 0 ? HMSG : MSG);
    this.#text(subject);
    this.#current[this.#length++] = SPACE;
    this.#text(sid);
    this.#current[this.#length++] = SPACE;
    if (reply !== undefined) {
      this.#text(reply);
      this.#current[this.#length++] = SPACE;
    }
    if (headerBytes > 0) {
      this.#number(headerBytes);
      this.#current[this.#length++] = SPACE;
    }
    this.#number(payload.length);
    this.#lineEnd();
    if (!apart) this.#bytes(payload);
    this.#queuedBytes += this.#length - before;
    if (apart) this.#piece(payload);
    this.#lineEnd();
    this.#queuedBytes += 2;
  }

  /** Takes the next piece to be written, `undefined` when there is none; say `written` before the next one. */
  take(): Uint8Array | undefined {
    let piece = this.#full.shift();
    if (piece === undefined) {
      if (this.#length === 0) return undefined;
      piece = this.#current.subarray(0, this.#length);
      this.#lent = this.#current;
      this.#current = this.#spare ?? new Uint8Array(this.#current.length);
      this.#spare = undefined;
      this.#length = 0;
    }
    this.#queuedBytes -= piece.length;
    this.#takenBytes = piece.length;
    return piece;
  }

  /** The piece that was taken last has been written to its end. */
  written(): void {
    this.#takenBytes = 0;
    this.#spare = this.#lent;
    this.#lent = undefined;
  }

  #reserve(bytes: number): void {
    if (this.#current.length - this.#length >= bytes) return;
    this.#closeCurrent();
    this.#current = new Uint8Array(Math.max(bytes, Math.min(FULL_CAPACITY, this.#current.length * 2)));
  }

  #closeCurrent(): void {
    if (this.#length > 0) this.#full.push(this.#current.subarray(0, this.#length));
    this.#length = 0;
  }

  #piece(bytes: Uint8Array): void {
    this.#closeCurrent();
    this.#current = new Uint8Array(FIRST_CAPACITY);
    this.#full.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #bytes(bytes: Uint8Array): void {
    this.#current.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #text(text: string): void {
    const start = this.#length;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 127) {
        this.#length = start + encoder.encodeInto(text, this.#current.subarray(start)).written;
        return;
      }
      this.#current[start + index] = unit;
    }
    this.#length = start + text.length;
  }

  #number(value: number): void {
    let divisor = 1;
    while (divisor * 10 <= value) divisor *= 10;
    for (; divisor >= 1; divisor /= 10) this.#current[this.#length++] = ZERO + Math.trunc(value / divisor) % 10;
  }

  #lineEnd(): void {
    this.#current[this.#length++] = CR;
    this.#current[this.#length++] = LF;
  }
}
