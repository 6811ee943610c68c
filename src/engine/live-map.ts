import { LiveSet } from '../live-set.ts';

interface Entry<K, V> {
  readonly key: K;
  value: V;
}

/** A map for entries that come and go; see LiveSet for the reason. Keys are objects, or integers from 0. */
export class LiveMap<K extends object | number, V> {
  readonly #entries = new LiveSet<Entry<K, V>>();
  readonly #byNumber: Record<number, Entry<K, V>> = Object.create(null) as Record<number, Entry<K, V>>;
  readonly #byObject = new WeakMap<object, Entry<K, V>>();

  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#find(key) !== undefined;
  }

  get(key: K): V | undefined {
    return this.#find(key)?.value;
  }

  set(key: K, value: V): this {
    const known = this.#find(key);
    if (known) {
      known.value = value;
      return this;
    }
    const entry = { key, value };
    if (typeof key === 'number') this.#byNumber[key] = entry;
    else this.#byObject.set(key, entry);
    this.#entries.add(entry);
    return this;
  }

  /** @returns whether the key was present */
  delete(key: K): boolean {
    const entry = this.#find(key);
    if (!entry) return false;
    if (typeof key === 'number') delete this.#byNumber[key];
    else this.#byObject.delete(key);
    return this.#entries.delete(entry);
  }

  /** Values in the order in which their keys were added. */
  *values(): Generator<V, void> {
    for (const { value } of this.#entries) yield value;
  }

  #find(key: K): Entry<K, V> | undefined {
    return typeof key === 'number' ? this.#byNumber[key] : this.#byObject.get(key);
  }
}
