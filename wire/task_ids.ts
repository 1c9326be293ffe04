/**
 * Makes and reads the ids of `protocol/ids.ts`: tasks and sessions.
 *
 * The only place of theirs that draws chance. Called by client, host and actors; the scheduler's core gets ids ready made.
 * @module
 */
import type { Session, TaskId } from "../protocol/ids.ts";
import { TASK_CLIENT } from "../protocol/subjects.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH = 10;
/** Bytes from here on are drawn again, or some letters would come more often. */
const FAIR_BYTES = 256 - (256 % ALPHABET.length);

/** What a task id is made of. */
export interface TaskIdParts {
  readonly session: Session;
  readonly counter: number;
}

/** The id of the task that a session submitted as number `counter`, from 0. */
export function taskId(session: Session, counter: number): TaskId {
  return `${session}-${counter}` as TaskId;
}

/** Takes an id apart; `null` where it isn't one. */
export function parseTaskId(id: string): TaskIdParts | null {
  const dash = id.indexOf("-");
  if (dash <= 0 || !isAlphanumeric(id, dash)) return null;
  const digits = id.slice(dash + 1);
  const counter = Number(digits);
  // One number has one name: no signs, blanks, exponents, leading zeros.
  if (!Number.isSafeInteger(counter) || counter < 0 || String(counter) !== digits) return null;
  return { session: id.slice(0, dash) as Session, counter };
}

/** A name for one run of one client, not to be guessed. */
export function newSession(): Session {
  let id = "";
  while (id.length < ID_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(ID_LENGTH))) {
      if (byte < FAIR_BYTES && id.length < ID_LENGTH) id += ALPHABET[byte % ALPHABET.length];
    }
  }
  return id as Session;
}

/** The same for the client in an engine. */
export function newTaskSession(): Session {
  return `${TASK_CLIENT}${newSession()}` as Session;
}

function isAlphanumeric(text: string, length: number): boolean {
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (!(code >= 97 && code <= 122) && !(code >= 48 && code <= 57)) return false;
  }
  return true;
}
