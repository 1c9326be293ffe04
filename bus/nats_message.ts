/**
 * A message of the NATS client as a `BusMessage`: what nobody looks at is not decoded.
 * @module
 */
import type { BusHeaders, BusMessage } from "./bus.ts";
import { headers as natsHeaders, type Msg, type MsgHdrs } from "../deps/nats.ts";

const NO_RESPONDERS = 503;

/** One delivered message. */
export class NatsMessage implements BusMessage {
  /** The client reads into fresh memory each time. */
  readonly unchanging = true;
  readonly #message: Msg;
  readonly #subject: string | undefined;

  /** `subject` where it is known already, since the subscription has no wildcard. */
  constructor(message: Msg, subject: string | undefined) {
    this.#message = message;
    this.#subject = subject;
  }

  get subject(): string {
    return this.#subject ?? this.#message.subject;
  }

  get data(): Uint8Array {
    return this.#message.data;
  }

  get reply(): string | undefined {
    return this.#message.reply || undefined;
  }

  get headers(): BusHeaders | undefined {
    const found = this.#message.headers;
    if (found === undefined) return undefined;
    const pairs = [...found].flatMap(([name, values]) => values.map((value) => [name, value] as const));
    return pairs.length === 0 ? undefined : pairs;
  }
}

/** The server's word that a request found nobody. */
export function isNoResponders(message: Msg): boolean {
  return message.data.length === 0 && message.headers?.code === NO_RESPONDERS;
}

/** Headers in the form the NATS client takes. */
export function toNatsHeaders(headers: BusHeaders): MsgHdrs {
  const block = natsHeaders();
  for (const [name, value] of headers) block.append(name, value);
  return block;
}
