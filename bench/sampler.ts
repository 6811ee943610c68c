/**
 * The same sampler for both contenders: softmax at temperature 0.8 in plain float64 JavaScript.
 * logits [B, vocabulary] → ids [B]
 */
export function createSampler(vocabulary: number, random: () => number) {
  const weights = new Float64Array(vocabulary);
  return (logits: Float32Array, ids: Int32Array): void => {
    for (let row = 0; row < ids.length; row++) {
      const scores = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
      const highest = scores.reduce((high, score) => Math.max(high, score), -Infinity);
      let total = 0;
      for (let id = 0; id < vocabulary; id++) total += weights[id] = Math.exp((scores[id]! - highest) / 0.8);
      let rest = ((random() + 1) / 2) * total;
      let chosen = 0;
      while (chosen < vocabulary - 1 && (rest -= weights[chosen]!) >= 0) chosen++;
      ids[row] = chosen;
    }
  };
}
