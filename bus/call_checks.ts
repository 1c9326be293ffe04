/**
 * What every adapter refuses to publish or to subscribe to, before anything is sent, and in the same words.
 *
 * No I/O, no knowledge of an adapter.
 * @module
 */
import type { BusStatus, PublishOptions, SubscribeOptions } from "./bus.ts";
import { headersSize } from "./header_block.ts";
import { describeBadPattern, isValidPattern, isValidSubject } from "./subject_tree.ts";
import { ConnectionError } from "../wire/errors.ts";

/** Checks messages for one connection. Remembers the last subject, since many messages go to one in a row. */
export class PublishCheck {
  #lastSubject: string | undefined;

  /** `TypeError` for a subject or header that is not valid, `RangeError` for a message past `maxPayload` bytes. */
  check(subject: string, data: Uint8Array, options: PublishOptions | undefined, maxPayload: number): void {
    if (subject !== this.#lastSubject) {
      if (!isValidSubject(subject)) throw new TypeError(describeBadSubject(subject));
      this.#lastSubject = subject;
    }
    let size = data.length;
    if (options !== undefined) {
      const { reply, headers } = options;
      if (reply !== undefined && !isValidSubject(reply)) throw new TypeError(describeBadSubject(reply));
      size += headersSize(headers);
    }
    if (size > maxPayload) throw new RangeError(describeTooLarge(subject, size, maxPayload));
  }
}

/** `TypeError` or `RangeError` for a subscription that no server would take. */
export function checkSubscription(pattern: string, options: SubscribeOptions): void {
  if (!isValidPattern(pattern)) throw new TypeError(describeBadPattern(pattern));
  const { queue, max } = options;
  if (queue !== undefined && !/^[^\s]+$/.test(queue)) {
    throw new TypeError(`Cannot subscribe to "${pattern}" in the queue "${queue}": its name is empty or has blanks.`);
  }
  if (max !== undefined && !(Number.isSafeInteger(max) && max > 0)) {
    throw new RangeError(`Cannot subscribe to "${pattern}" with "max" ${max}: it must be an integer from 1.`);
  }
}

/** The error for a use of a connection that is not connected. `action`: `publish to "a"`. */
export function notConnected(action: string, status: BusStatus, cause?: Error): ConnectionError {
  const hint = status === "closed" ? "it was closed; connect again" : "it is lost and being renewed; try again then";
  return new ConnectionError(`Cannot ${action}: there is no connection, ${hint}.`, { cause });
}

function describeBadSubject(subject: string): string {
  return `Cannot publish to ${JSON.stringify(subject)}: a subject is tokens joined by dots, none of them empty, ` +
    `"*" or ">", without blanks and control characters.`;
}

function describeTooLarge(subject: string, size: number, maxPayload: number): string {
  return `Cannot publish ${size} bytes to "${subject}": the server takes ${maxPayload} a message, headers included; ` +
    "send it in parts, or raise max_payload on the server.";
}
