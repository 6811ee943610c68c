import type { Kernel } from '../kernel/kernel.ts';

/** Weights that are placed in the kernel's memory one after another. */
export interface PlacedWeights {
  /** Their regions, for the owner to free. */
  readonly regions: readonly number[];
  readonly bytes: number;
  /** Places so many float32 numbers. @returns their address @throws MemoryFull */
  readonly place: (length: number, fill: (values: Float32Array) => void) => number;
  /** Frees all of them: the compilation failed. */
  readonly free: () => void;
}

export function placeWeights({ memory }: Pick<Kernel, 'memory'>): PlacedWeights {
  const regions: number[] = [];
  let bytes = 0;
  return {
    regions,
    get bytes() {
      return bytes;
    },
    place(length, fill) {
      const address = memory.allocate(length * 4);
      regions.push(address);
      bytes += length * 4;
      fill(new Float32Array(memory.memory.buffer, address, length));
      return address;
    },
    free() {
      for (const region of regions) memory.free(region);
    },
  };
}
