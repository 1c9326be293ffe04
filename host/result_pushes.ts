/**
 * Sends big results to the clients that wait for them while engines still write them, a few pieces at a time.
 *
 * It is a favour: a client that misses pieces, or does not want them, asks for them as ever. What is not sent at
 * once is read from the file that the result goes to, so a slow client costs no memory here. Owned by the host's actor.
 * @module
 */
import type { NodeAddress } from "../actors/link_port.ts";
import type { ResultPiece } from "../protocol/messages.ts";
import { BLOB_PIECE_BYTES } from "../protocol/roles.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import type { BlobFollower } from "./blob_follower.ts";
import { clientNodeOf } from "./client_news.ts";
import type { EngineRun } from "./engine_run.ts";

/** Pieces of one result that are on their way at a time. */
const WINDOW = 8;

/** Gives a piece to a client. Resolves to whether more is wanted. */
export type SendResultPiece = (node: NodeAddress, piece: ResultPiece) => Promise<boolean>;

/** Sends the result of a run, of `total` bytes. Resolves when all is sent, or nothing more is wanted; takes the follower over. */
export async function pushResult(
  run: EngineRun,
  total: number,
  follower: BlobFollower,
  send: SendResultPiece,
): Promise<void> {
  using blob = follower;
  const id = parseTaskId(run.task);
  if (id === null) return;
  const node = clientNodeOf(run, id.session);
  const underWay = new Set<Promise<unknown>>();
  let wanted = true;
  for (let offset = 0; offset < total; offset += BLOB_PIECE_BYTES) {
    const length = Math.min(BLOB_PIECE_BYTES, total - offset);
    if (!await blob.reaches(offset + length)) return;
    const isLast = offset + length === total;
    const hash = isLast ? await blob.whole() : null;
    if (isLast && hash === null) return;
    if (underWay.size >= WINDOW) await Promise.race(underWay);
    if (!wanted) return;
    const bytes = blob.read(offset, length);
    const sent = send(node, [id.counter, total, offset, bytes, hash]).catch(() => false).then((more) => {
      wanted &&= more;
      underWay.delete(sent);
    });
    underWay.add(sent);
  }
}
