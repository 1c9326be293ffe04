/**
 * A binary heap whose members know their place in it, so that any of them can be moved or removed in O(log n).
 *
 * `before` must be a strict total order (no two members equal), so that what comes out never depends on how it got in.
 * @module
 */

/** What a member has to bring: -1 while it is in no heap. A member is in one heap at a time. */
export interface HeapMember {
  heapIndex: number;
}

/** The first member is at hand; any member can be moved or taken out. */
export class IndexedHeap<Member extends HeapMember> {
  readonly #members: Member[] = [];
  readonly #before: (a: Member, b: Member) => boolean;

  constructor(before: (a: Member, b: Member) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#members.length;
  }

  get first(): Member | null {
    return this.#members[0] ?? null;
  }

  /** Members as they lie, parents before their children: not sorted. */
  get members(): readonly Member[] {
    return this.#members;
  }

  has(member: Member): boolean {
    return this.#members[member.heapIndex] === member;
  }

  push(member: Member): void {
    this.#members.push(member);
    this.#rise(member, this.#members.length - 1);
  }

  /** `member` must be in this heap. */
  remove(member: Member): void {
    const index = member.heapIndex;
    member.heapIndex = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#sink(last, index);
    if (last.heapIndex === index) this.#rise(last, index);
  }

  /** Finds the place of a member whose order has changed. */
  update(member: Member): void {
    const index = member.heapIndex;
    this.#sink(member, index);
    if (member.heapIndex === index) this.#rise(member, index);
  }

  /** Puts members exactly where they lay in another heap of the same order. */
  refill(members: Iterable<Member>): void {
    this.#members.length = 0;
    for (const member of members) {
      member.heapIndex = this.#members.length;
      this.#members.push(member);
    }
  }

  /** The first in order that `accepts` takes. Looks only at those that it refuses and their children. */
  firstWhere(accepts: (member: Member) => boolean): Member | null {
    let best: Member | null = null;
    const open = [0];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const member = this.#members[index];
      if (member === undefined || (best !== null && this.#before(best, member))) continue;
      if (accepts(member)) best = member;
      else open.push(2 * index + 2, 2 * index + 1);
    }
    return best;
  }

  #rise(member: Member, start: number): void {
    const members = this.#members;
    let index = start;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = members[above] as Member;
      if (!this.#before(member, parent)) break;
      members[index] = parent;
      parent.heapIndex = index;
      index = above;
    }
    members[index] = member;
    member.heapIndex = index;
  }

  #sink(member: Member, start: number): void {
    const members = this.#members;
    const size = members.length;
    let index = start;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= size) break;
      let child = members[below] as Member;
      const right = members[below + 1];
      if (right !== undefined && this.#before(right, child)) {
        child = right;
        below++;
      }
      if (!this.#before(child, member)) break;
      members[index] = child;
      child.heapIndex = index;
      index = below;
    }
    members[index] = member;
    member.heapIndex = index;
  }
}
