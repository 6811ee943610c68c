import type { Kernel } from '../kernel/kernel.ts';

/** Weights that are placed in the kernel's memory one after another. */
export interface PlacedWeights {
  /** Their regions, for the owner to free. */
  readonly regions: readonly number[];
  readonly bytes: number;
  /** Places so many float32 numbers. @returns their address @throws MemoryFull */
  readonly place: Place;
  /** The same for weights that are only read until the tables of the network are filled. */
  readonly placeUntilFilled: Place;
  /** Frees those. */
  readonly freeFilled: () => void;
  /** Frees all of them: the compilation failed. */
  readonly free: () => void;
}

type Place = (length: number, fill: (values: Float32Array) => void) => number;

export function placeWeights({ memory }: Pick<Kernel, 'memory'>): PlacedWeights {
  const regions: number[] = [];
  const untilFilled: number[] = [];
  let bytes = 0;
  const allocate = (owned: number[], length: number, fill: (values: Float32Array) => void): number => {
    const address = memory.allocate(length * 4);
    owned.push(address);
    fill(new Float32Array(memory.memory.buffer, address, length));
    return address;
  };
  const freeAll = (owned: number[]): void => {
    for (const region of owned.splice(0)) memory.free(region);
  };
  return {
    regions,
    get bytes() {
      return bytes;
    },
    place(length, fill) {
      const address = allocate(regions, length, fill);
      bytes += length * 4;
      return address;
    },
    placeUntilFilled: (length, fill) => allocate(untilFilled, length, fill),
    freeFilled: () => freeAll(untilFilled),
    free() {
      freeAll(regions);
      freeAll(untilFilled);
    },
  };
}
