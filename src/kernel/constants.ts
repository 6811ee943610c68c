import { loadSplat, type V128 } from './assembler/expressions.ts';

// Constants live in memory at fixed addresses, loaded with a splat (see emit/emitter.ts for why).

const first = 16;
/** Bytes at address 0 of the shared memory that are reserved for constants. */
export const constantsBytes = 4096;
const capacity = (constantsBytes - first) / 4;

/** States of a slot for a constant. */
const unused = 0;
const claimed = 1;
const filled = 2;

/** The states of all slots of a memory, shared by every thread that emits code for it. */
export const createConstantSlots = (): SharedArrayBuffer => new SharedArrayBuffer(capacity * 4);

/**
 * Finds or adds constants. Threads do so concurrently without waiting: each claims slots in order by an
 * atomic exchange, and at worst a constant has two slots.
 */
export class ConstantPool {
  readonly #memory: WebAssembly.Memory;
  readonly #slots: Int32Array;
  readonly #addresses = new Map<number, number>();

  constructor(memory: WebAssembly.Memory, slots: SharedArrayBuffer = createConstantSlots()) {
    this.#memory = memory;
    this.#slots = new Int32Array(slots);
  }

  /**
   * Four copies of the 32 bits, loaded from their slot in memory.
   * @throws RangeError when the pool is full
   */
  bits(pattern: number): V128 {
    const key = pattern | 0;
    let address = this.#addresses.get(key);
    if (address === undefined) this.#addresses.set(key, (address = this.#findOrAdd(key)));
    return loadSplat(0, address);
  }

  /** Four copies of `value` as a float32. */
  float(value: number): V128 {
    return this.bits(new Int32Array(Float32Array.of(value).buffer)[0]!);
  }

  #findOrAdd(key: number): number {
    const words = new Int32Array(this.#memory.buffer, 0, constantsBytes / 4);
    for (let slot = 0; slot < capacity; slot++) {
      const address = first + slot * 4;
      const state = Atomics.compareExchange(this.#slots, slot, unused, claimed);
      if (state === unused) {
        words[address / 4] = key;
        Atomics.store(this.#slots, slot, filled);
        return address;
      }
      if (state === filled && words[address / 4] === key) return address;
    }
    throw new RangeError('the constant pool is full');
  }
}
