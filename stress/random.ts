import { createRng } from '../src/random.ts';

/** Random choices from one seed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from low to high, both included. */
  int(low: number, high: number): number;
  pick<T>(list: readonly T[]): T;
  /** True with probability `share`. */
  chance(share: number): boolean;
}

/** @param stream selects one of the seed's independent sequences */
export function createRandom(seed: number, stream = 0): Random {
  const { next } = createRng(seed, stream);
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    pick: (list) => list[int(0, list.length - 1)]!,
    chance: (share) => next() < share,
  };
}
