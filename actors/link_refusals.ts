/**
 * Answers to frames that belong to no link of ours: a reset, or in another protocol our own hello.
 *
 * Each is given once in half a heartbeat, or a fast sender to a dead link would get an answer to every frame. Used by
 * `node.ts`; keeps nothing about peers but what it answered since the last tick.
 * @module
 */
import { encodeHello, encodeReset, type ForeignFrame, type Frame, type FrameEnds } from "./frame.ts";
import { isSucceededBy } from "./incarnation.ts";
import { endsTowards } from "./link_handshake.ts";
import type { LinkShell } from "./link_shell.ts";

/** Answers what belongs to nobody, and not too often. */
export class LinkRefusals {
  readonly #shell: LinkShell;
  readonly #answered = new Set<string>();

  /** Publishes through `shell`. */
  constructor(shell: LinkShell) {
    this.#shell = shell;
  }

  /** Tells the sender that the link it means is dead. A frame that names no end of ours has none. */
  refuse(frame: Frame): void {
    if (frame.toIncarnation === null) return;
    // It is meant for whoever has taken this node's place, and listens too.
    if (isSucceededBy(this.#shell.self.incarnation, frame.toIncarnation) || !this.#isFirst(frame)) return;
    this.#shell.publish(frame.from, encodeReset(this.#endsTo(frame), frame.toIncarnation, frame.toGeneration));
  }

  /** Lets the other side learn of the mismatch too; an answer is not answered. */
  answerForeign(hello: ForeignFrame): void {
    if (hello.toIncarnation !== null || !this.#isFirst(hello)) return;
    const generation = this.#shell.nextGeneration();
    this.#shell.publish(hello.from, encodeHello({ ...this.#endsTo(hello), generation }, 0));
  }

  /** Another half of a heartbeat has passed. */
  clear(): void {
    this.#answered.clear();
  }

  #endsTo(frame: FrameEnds): FrameEnds {
    const { address, incarnation } = this.#shell.self;
    return endsTowards(frame, { from: address, incarnation });
  }

  #isFirst({ from, incarnation, generation, toIncarnation, toGeneration }: FrameEnds): boolean {
    if (this.#answered.size >= this.#shell.bounds.peers) return false;
    const key = `${from} ${incarnation} ${generation} ${toIncarnation} ${toGeneration}`;
    if (this.#answered.has(key)) return false;
    this.#answered.add(key);
    return true;
  }
}
