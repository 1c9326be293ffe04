/**
 * Engines with a weight each, of which one can be drawn with a probability in proportion: O(log n) for each draw and
 * each change.
 *
 * A complete binary tree in an array: every node knows the sum of the weights below it. A sum is always added up anew
 * from its parts, never corrected by a difference, so nothing drifts. Takes the place of the heap in `EnginePool` where
 * the scheme draws by weight.
 * @module
 */
import type { HeapMember } from "./indexed_heap.ts";

/** Members lie in the order of coming, but that the last one takes the place of one that goes. */
export class WeightTree<Member extends HeapMember> {
  readonly #members: Member[] = [];
  /** Of each member and all below it: the children of `i` are `2 i + 1` and `2 i + 2`. */
  readonly #sums: number[] = [];
  readonly #weigh: (member: Member) => number;

  constructor(weigh: (member: Member) => number) {
    this.#weigh = weigh;
  }

  get size(): number {
    return this.#members.length;
  }

  /** As they lie. */
  get members(): readonly Member[] {
    return this.#members;
  }

  has(member: Member): boolean {
    return this.#members[member.heapIndex] === member;
  }

  push(member: Member): void {
    member.heapIndex = this.#members.length;
    this.#members.push(member);
    this.#sums.push(0);
    this.#addUp(member.heapIndex);
  }

  /** `member` must be in this tree. */
  remove(member: Member): void {
    const index = member.heapIndex;
    member.heapIndex = -1;
    const last = this.#members.pop();
    this.#sums.pop();
    const lastIndex = this.#members.length;
    if (lastIndex > 0) this.#addUp((lastIndex - 1) >> 1);
    if (last === undefined || last === member) return;
    this.#members[index] = last;
    last.heapIndex = index;
    this.#addUp(index);
  }

  /** Takes in that the weight of a member has changed. */
  update(member: Member): void {
    this.#addUp(member.heapIndex);
  }

  /** Puts members exactly where they lay in another tree. */
  refill(members: Iterable<Member>): void {
    this.#members.length = 0;
    this.#sums.length = 0;
    for (const member of members) this.push(member);
  }

  /** The member at `share` (in [0, 1)) of the sum of all weights; `null` where there is none. */
  at(share: number): Member | null {
    let left = share * this.#sum(0);
    for (let index = 0;;) {
      const member = this.#members[index];
      if (member === undefined) return null;
      left -= this.#weigh(member);
      const [below, right] = [2 * index + 1, 2 * index + 2];
      // Past the last child by a rounding: its parent will do.
      if (left < 0 || below >= this.size) return member;
      if (left < this.#sum(below) || right >= this.size) index = below;
      else {
        left -= this.#sum(below);
        index = right;
      }
    }
  }

  #sum(index: number): number {
    return this.#sums[index] ?? 0;
  }

  #addUp(start: number): void {
    for (let index = start; index >= 0; index = (index - 1) >> 1) {
      const member = this.#members[index];
      if (member === undefined) return;
      this.#sums[index] = this.#weigh(member) + this.#sum(2 * index + 1) + this.#sum(2 * index + 2);
      if (index === 0) return;
    }
  }
}
