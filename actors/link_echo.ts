/**
 * A word that a node says to itself, to learn how far behind it is with what came in.
 *
 * It takes the way of every frame, through the bus and to the end of what waits there. As long as it has not come back,
 * a peer that seems silent may have spoken, and its words lie in our own queue: such time must not count against it.
 * Pure: `node.ts` sends and receives.
 * @module
 */
const encoder = new TextEncoder();
/** No frame begins like this: MessagePack never uses it. */
const MARK = 0xc1;
const COUNT_BYTES = 4;

export class LinkEcho {
  readonly #bytes: Uint8Array;
  readonly #count: DataView;
  #sent = 0;
  #heard = 0;

  constructor(incarnation: string) {
    const name = encoder.encode(incarnation);
    this.#bytes = new Uint8Array(1 + name.length + COUNT_BYTES);
    this.#bytes[0] = MARK;
    this.#bytes.set(name, 1);
    this.#count = new DataView(this.#bytes.buffer, 1 + name.length);
  }

  /** Whether the last one has come back; also before the first. */
  get isBack(): boolean {
    return this.#heard === this.#sent;
  }

  /** The next one, to be published at once; the bytes are used again. */
  next(): Uint8Array {
    this.#sent = (this.#sent + 1) >>> 0;
    this.#count.setUint32(0, this.#sent);
    return this.#bytes;
  }

  /** Whatever is still on its way is lost: the connection was. */
  forget(): void {
    this.#heard = this.#sent;
  }

  /** Whether this is one of ours; then it has come back. */
  take(data: Uint8Array): boolean {
    if (data[0] !== MARK || data.length !== this.#bytes.length) return false;
    const count = data.length - COUNT_BYTES;
    for (let index = 1; index < count; index++) if (data[index] !== this.#bytes[index]) return false;
    const heard = new DataView(data.buffer, data.byteOffset + count).getUint32(0);
    if (heard <= this.#sent) this.#heard = heard;
    return true;
  }
}
