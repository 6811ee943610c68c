/** A member of a RecencyList, which owns these two fields. */
export interface Linked<T> {
  older: T | null;
  newer: T | null;
}

/** Members from the one used longest ago to the latest: a linked list, since a map would cost a session more. */
export class RecencyList<T extends Linked<T>> {
  #oldest: T | null = null;
  #latest: T | null = null;

  get oldest(): T | null {
    return this.#oldest;
  }

  /** Adds a member as the latest. */
  add(member: T): void {
    member.older = this.#latest;
    member.newer = null;
    if (this.#latest) this.#latest.newer = member;
    else this.#oldest = member;
    this.#latest = member;
  }

  remove(member: T): void {
    if (member.older) member.older.newer = member.newer;
    else this.#oldest = member.newer;
    if (member.newer) member.newer.older = member.older;
    else this.#latest = member.older;
    member.older = member.newer = null;
  }

  /** Makes a member the latest. */
  touch(member: T): void {
    if (this.#latest === member) return;
    this.remove(member);
    this.add(member);
  }
}
