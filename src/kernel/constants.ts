import { loadSplat, type V128 } from './assembler/expressions.ts';

// Constants live in memory at fixed addresses, loaded with a splat (see emit/emitter.ts for why).

const first = 16;
/** Bytes at address 0 of the shared memory that belong to constants. */
export const constantsBytes = 4096;
const capacity = (constantsBytes - first) / 4;

/** States of a place for a constant. */
const unused = 0;
const claimed = 1;
const filled = 2;

/** States of all places of a memory, for every thread that emits code for it. */
export const createConstantSlots = (): SharedArrayBuffer => new SharedArrayBuffer(capacity * 4);

/**
 * Finds or adds constants. Several threads may do so at once without waiting for one another: each takes places in order by
 * an atomic exchange, and at worst a constant has two places.
 */
export class ConstantPool {
  readonly #memory: WebAssembly.Memory;
  readonly #places: Int32Array;
  readonly #addresses = new Map<number, number>();

  constructor(memory: WebAssembly.Memory, places: SharedArrayBuffer = createConstantSlots()) {
    this.#memory = memory;
    this.#places = new Int32Array(places);
  }

  /** Four copies of the 32 bits, loaded from their place in memory. @throws RangeError when the pool is full */
  bits(pattern: number): V128 {
    const key = pattern | 0;
    let address = this.#addresses.get(key);
    if (address === undefined) this.#addresses.set(key, (address = this.#placeOf(key)));
    return loadSplat(0, address);
  }

  /** Four copies of `value` as a float32. */
  float(value: number): V128 {
    return this.bits(new Int32Array(Float32Array.of(value).buffer)[0]!);
  }

  #placeOf(key: number): number {
    const words = new Int32Array(this.#memory.buffer, 0, constantsBytes / 4);
    for (let place = 0; place < capacity; place++) {
      const address = first + place * 4;
      const state = Atomics.compareExchange(this.#places, place, unused, claimed);
      if (state === unused) {
        words[address / 4] = key;
        Atomics.store(this.#places, place, filled);
        return address;
      }
      if (state === filled && words[address / 4] === key) return address;
    }
    throw new RangeError('the constant pool is full');
  }
}
