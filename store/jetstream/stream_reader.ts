/**
 * Reads a stretch of a stream from one message to another, many messages at a time.
 * @module
 */
import type { JetStreamAccess } from "./jetstream_access.ts";

/** A message of a stream. */
export interface StreamMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** What of a stream is to be read. */
export interface Stretch {
  readonly stream: string;
  readonly subject: string;
  readonly first: number;
  readonly last: number;
}

/** The messages of a stretch that are there, in order. Throws `StoreError` if reading is impossible for too long. */
export async function* readStretch(access: JetStreamAccess, stretch: Stretch): AsyncGenerator<StreamMessage> {
  const { stream, subject, last } = stretch;
  // Whether there is anything: a consumer would wait for ever for what is not there.
  const end = await lastBefore(access, stretch);
  let next = stretch.first;
  while (next <= end) {
    const read = await access.persist("Cannot read", () => readSome(access, stream, subject, next));
    for (const message of read) {
      if (message.sequence > last) return;
      yield message;
    }
    next = (read.at(-1)?.sequence ?? end) + 1;
  }
}

const SOME_MESSAGES = 500;
const SOME_BYTES = 8 * 2 ** 20;
const IDLE_MS = 2_000;

/** The number of the last message up to which there can be any. */
async function lastBefore(access: JetStreamAccess, { stream, subject, last }: Stretch): Promise<number> {
  const newest = await access.message(stream, { last_by_subj: subject });
  return newest === null ? 0 : Math.min(newest.seq, last);
}

async function readSome(
  access: JetStreamAccess,
  stream: string,
  subject: string,
  first: number,
): Promise<StreamMessage[]> {
  const consumer = await access.client.consumers.get(stream, {
    filter_subjects: subject,
    opt_start_seq: first,
    inactive_threshold: 30_000,
  });
  const found: StreamMessage[] = [];
  let size = 0;
  const messages = await consumer.fetch({ max_messages: SOME_MESSAGES, expires: IDLE_MS });
  for await (const message of messages) {
    found.push({ sequence: message.seq, subject: message.subject, bytes: message.data });
    size += message.data.length;
    if (message.info.pending === 0 || size >= SOME_BYTES) break;
  }
  return found;
}
