/** The whole state of a generator: three 32-bit words and a counter. */
export type RngState = readonly [number, number, number, number];

export interface Rng {
  /** The next number in [0, 1), 32 bits of it. */
  next(): number;
  state(): RngState;
}

/**
 * sfc32, Chris Doty-Humphrey's small fast chaotic generator of PractRand: 128 bits of state, period of at
 * least 2³². Two seeds that differ in any bit give unrelated sequences: the first fifteen numbers are
 * discarded, as its author does for a seed of three words.
 * @param stream selects one of a seed's sequences, such as a choice of a request
 */
export function createRng(seed: number, stream = 0): Rng {
  const high = Math.floor(seed / 2 ** 32);
  const rng = restoreRng([seed | 0, high | 0, stream | 0, 1]);
  for (let i = 0; i < 15; i++) rng.next();
  return rng;
}

/** Restores a generator from its state. */
export function restoreRng([a0, b0, c0, counter0]: RngState): Rng {
  let [a, b, c, counter] = [a0 | 0, b0 | 0, c0 | 0, counter0 | 0];
  return {
    next() {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      return (sum >>> 0) / 2 ** 32;
    },
    state: () => [a, b, c, counter],
  };
}
