/**
 * A list threaded through its members: append, remove and look at the first in constant time, with no garbage.
 *
 * A member is in one list at a time, which its owner knows. Used for ready tasks, attempts in flight, finished records.
 * @module
 */

/** What a member has to bring. */
export interface Linked<Member> {
  prev: Member | null;
  next: Member | null;
}

/** Members in the order in which they were appended. */
export class LinkedList<Member extends Linked<Member>> {
  #first: Member | null = null;
  #last: Member | null = null;
  #size = 0;

  get first(): Member | null {
    return this.#first;
  }

  get last(): Member | null {
    return this.#last;
  }

  get size(): number {
    return this.#size;
  }

  append(member: Member): void {
    member.prev = this.#last;
    member.next = null;
    if (this.#last === null) this.#first = member;
    else this.#last.next = member;
    this.#last = member;
    this.#size++;
  }

  /** `member` must be in this list. */
  remove(member: Member): void {
    if (member.prev === null) this.#first = member.next;
    else member.prev.next = member.next;
    if (member.next === null) this.#last = member.prev;
    else member.next.prev = member.prev;
    member.prev = null;
    member.next = null;
    this.#size--;
  }

  /** From the first to the last. The member just given may be removed meanwhile, others not. */
  *[Symbol.iterator](): Generator<Member> {
    for (let member = this.#first; member !== null;) {
      const next: Member | null = member.next;
      yield member;
      member = next;
    }
  }
}
