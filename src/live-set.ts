/** Removed entries are dropped from the array when there are at least this many, and more than members. */
const minRemoved = 16;

/**
 * The property of a member that has its place in the array: a WeakMap would cost each collection of garbage time. One for
 * all sets, so that members keep one shape.
 */
const place = Symbol('place');

interface Placed {
  [place]?: number;
}

/**
 * A set for objects that are added and removed as long as the server runs, such as requests. Members are
 * iterated in the order in which they were added. An object is in one such set at a time.
 *
 * V8's own Set and Map link each outgrown hash table to the next one. Once such a table has moved to the old
 * generation, every later one survives until the next full collection, and with it each request that was in
 * one: 6 to 9 kB a request, and a heap that grows to several times its live size. This set stores its members
 * in one array, which references no earlier one.
 */
export class LiveSet<T extends object> {
  /** Members in order; undefined where a member was removed. */
  readonly #entries: (T | undefined)[] = [];
  #size = 0;
  /** No member is before it. */
  #head = 0;
  #iterations = 0;

  constructor(members: Iterable<T> = []) {
    for (const member of members) this.add(member);
  }

  get size(): number {
    return this.#size;
  }

  /** The member that was added first. */
  get first(): T | undefined {
    if (this.#size === 0) return undefined;
    while (this.#entries[this.#head] === undefined) this.#head++;
    return this.#entries[this.#head];
  }

  has(member: T): boolean {
    return this.#indexOf(member) >= 0;
  }

  add(member: T): this {
    if (this.has(member)) return this;
    (member as Placed)[place] = this.#entries.length;
    this.#entries.push(member);
    this.#size++;
    return this;
  }

  /** @returns whether it was a member */
  delete(member: T): boolean {
    const index = this.#indexOf(member);
    if (index < 0) return false;
    this.#entries[index] = undefined;
    this.#size--;
    this.#compact();
    return true;
  }

  /**
   * Members may be added and deleted during the iteration, as with a Set: added ones are visited, deleted
   * ones not.
   */
  *[Symbol.iterator](): Generator<T, void> {
    this.#iterations++;
    try {
      // the length grows when a member is added during the iteration
      for (let index = 0; index < this.#entries.length; index++) {
        const member = this.#entries[index];
        if (member !== undefined) yield member;
      }
    } finally {
      this.#iterations--;
      this.#compact();
    }
  }

  /** -1 where it is no member. */
  #indexOf(member: T): number {
    const index = (member as Placed)[place];
    return index !== undefined && this.#entries[index] === member ? index : -1;
  }

  #compact(): void {
    const removed = this.#entries.length - this.#size;
    if (this.#iterations > 0 || removed < minRemoved || removed <= this.#size) return;
    let length = 0;
    for (const member of this.#entries)
      if (member !== undefined) {
        (member as Placed)[place] = length;
        this.#entries[length++] = member;
      }
    this.#entries.length = length;
    this.#head = 0;
  }
}
