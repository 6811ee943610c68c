/** Removed places are dropped from the array when there are this many, and more of them than members. */
const leastRemoved = 16;

/**
 * A set for objects that come and go as long as the server runs, such as requests. Members keep the order in which they
 * were added.
 *
 * V8's own Set and Map link each outgrown hash table to the next one. Once such a table has moved to the old generation,
 * every later one survives until the next full collection, and with it each request that was in one: 6 to 9 kB a request,
 * and a heap that grows to several times its live size. This set keeps its members in one array, which links
 * to nothing.
 */
export class LiveSet<T extends object> {
  /** In order; undefined where a member has left. */
  readonly #places: (T | undefined)[] = [];
  readonly #placeOf = new WeakMap<T, number>();
  #size = 0;
  #iterations = 0;

  constructor(members: Iterable<T> = []) {
    for (const member of members) this.add(member);
  }

  get size(): number {
    return this.#size;
  }

  has(member: T): boolean {
    return this.#placeOf.has(member);
  }

  add(member: T): this {
    if (this.has(member)) return this;
    this.#placeOf.set(member, this.#places.length);
    this.#places.push(member);
    this.#size++;
    return this;
  }

  /** @returns whether it was a member */
  delete(member: T): boolean {
    const place = this.#placeOf.get(member);
    if (place === undefined) return false;
    this.#placeOf.delete(member);
    this.#places[place] = undefined;
    this.#size--;
    this.#compact();
    return true;
  }

  /** Members may be added and deleted meanwhile, as with a Set: what is added is visited, what is deleted is not. */
  *[Symbol.iterator](): Generator<T, void> {
    this.#iterations++;
    try {
      // the length grows when a member is added meanwhile
      for (let place = 0; place < this.#places.length; place++) {
        const member = this.#places[place];
        if (member !== undefined) yield member;
      }
    } finally {
      this.#iterations--;
      this.#compact();
    }
  }

  #compact(): void {
    const removed = this.#places.length - this.#size;
    if (this.#iterations > 0 || removed < leastRemoved || removed <= this.#size) return;
    let kept = 0;
    for (const member of this.#places)
      if (member !== undefined) {
        this.#placeOf.set(member, kept);
        this.#places[kept++] = member;
      }
    this.#places.length = kept;
  }
}
