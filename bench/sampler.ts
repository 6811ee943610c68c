/**
 * The same sampler for both contenders: softmax at temperature 0.8 in plain float64 JavaScript.
 * logits [B, vocabulary] → ids [B]
 */
export function createSampler(vocabulary: number, random: () => number) {
  const weights = new Float64Array(vocabulary);
  return (logits: Float32Array, ids: Int32Array): void => {
    for (let row = 0; row < ids.length; row++) {
      const first = row * vocabulary;
      let highest = -Infinity;
      for (let id = 0; id < vocabulary; id++)
        if (logits[first + id]! > highest) highest = logits[first + id]!;
      let total = 0;
      for (let id = 0; id < vocabulary; id++) {
        const weight = Math.exp((logits[first + id]! - highest) / 0.8);
        weights[id] = weight;
        total += weight;
      }
      let rest = ((random() + 1) / 2) * total;
      let chosen = 0;
      while (chosen < vocabulary - 1 && (rest -= weights[chosen]!) >= 0) chosen++;
      ids[row] = chosen;
    }
  };
}
