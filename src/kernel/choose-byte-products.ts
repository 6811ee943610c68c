import { load, relaxedDotBytes } from './assembler/expressions.ts';
import type { ByteProducts } from './emit/byte-products.ts';
import type { Emitter } from './emit/emitter.ts';
import { instantiate } from './instantiate.ts';
import type { SharedMemory } from './memory.ts';

// WebAssembly's relaxed product of bytes is exact in the range that the kernel uses, with and without the processor's own
// instruction for it (VNNI). That is tested on this machine against a plain loop, since a wrong bit would go unnoticed.

/** Weights, and activations as they are stored: both ends, zero, and what a saturating or unsigned product gets wrong. */
const weights = [-127, 127, -1, 0, 1, 64, -64, 126];
const activations = [0, 1, 63, 64, 65, 126, 127, 127];

/** Chosen once for the process. */
let chosen: ByteProducts | null = null;

/** Chooses the way to multiply bytes: the relaxed product where it is exact. */
export function chooseByteProducts(
  memory: SharedMemory,
  build: (emit: (e: Emitter) => void) => WebAssembly.Module,
): ByteProducts {
  return (chosen ??= areRelaxedProductsExact(memory, build) ? 'relaxed' : 'widened');
}

/** Multiplies all pairs of the values above, four at a time in every combination of two pairs. */
export function areRelaxedProductsExact(
  memory: SharedMemory,
  build: (emit: (e: Emitter) => void) => WebAssembly.Module,
): boolean {
  const module = build((e) =>
    e.module.function('byte_products', ['a', 'b', 'sums', 'count'], (f, { a, b, sums, count }) => {
      f.repeat(count, () => {
        f.store(sums, relaxedDotBytes(load(a), load(b), load(sums)));
        for (const address of [a, b, sums]) f.advance(address, 16);
      });
    }),
  );
  const pairs = weights.flatMap((weight) => activations.map((activation) => [weight, activation] as const));
  const groups = pairs.flatMap((one) => pairs.map((other) => [one, other, other, one] as const));
  const bytes = groups.length * 4;
  const address = memory.allocate(3 * bytes);
  try {
    const a = new Int8Array(memory.memory.buffer, address, bytes);
    const b = new Uint8Array(memory.memory.buffer, address + bytes, bytes);
    const sums = new Int32Array(memory.memory.buffer, address + 2 * bytes, groups.length);
    groups.forEach((group, i) => {
      group.forEach(([weight, activation], k) => {
        a[i * 4 + k] = weight;
        b[i * 4 + k] = activation;
      });
      sums[i] = i - 2000;
    });
    const { byte_products: multiply } = instantiate(module, memory.memory);
    multiply!(address, address + bytes, address + 2 * bytes, bytes / 16);
    return groups.every(
      (group, i) =>
        sums[i] === group.reduce((sum, [weight, activation]) => sum + weight * activation, i - 2000),
    );
  } finally {
    memory.free(address);
  }
}
