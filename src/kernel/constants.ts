import { loadSplat, type V128 } from './assembler/expressions.ts';

// Constants live in memory at fixed addresses, loaded with a splat (see emit/emitter.ts for why).

const first = 16;
/** Bytes at address 0 of the shared memory that belong to constants. */
export const constantsBytes = 4096;

export class ConstantPool {
  readonly #memory: WebAssembly.Memory;
  readonly #addresses = new Map<number, number>();

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** Four copies of the 32 bits, loaded from their place in memory. */
  bits(pattern: number): V128 {
    const key = pattern | 0;
    let address = this.#addresses.get(key);
    if (address === undefined) {
      address = first + this.#addresses.size * 4;
      if (address + 4 > constantsBytes) throw new RangeError('the constant pool is full');
      this.#addresses.set(key, address);
      new Int32Array(this.#memory.buffer)[address / 4] = key;
    }
    return loadSplat(0, address);
  }

  /** Four copies of `value` as a float32. */
  float(value: number): V128 {
    return this.bits(new Int32Array(Float32Array.of(value).buffer)[0]!);
  }
}
