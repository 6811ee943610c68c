import { describe, expect, it } from 'vitest';
import { logSumExp, penaliseFrequency, penaliseRepetition } from '../../src/decoding/logits-process.ts';
import { logSoftmax } from '../../src/kernel/reference/softmax.ts';

describe('penalties', () => {
  it('make a seen token less likely, whatever the sign of its logit', () => {
    const logits = Float64Array.of(2, -2, 3, 0);
    penaliseRepetition(logits, new Set([0, 1, 3]), 2);
    expect([...logits]).toEqual([1, -4, 3, 0]);
  });

  it('subtract the frequency penalty for every time a token was generated', () => {
    const logits = Float64Array.of(1, 1, 1);
    penaliseFrequency(
      logits,
      new Map([
        [0, 3],
        [2, 1],
      ]),
      0.5,
    );
    expect([...logits]).toEqual([-0.5, 1, 0.5]);
  });

  it('have no effect at 1 and 0', () => {
    const logits = Float64Array.of(0.1, -0.3);
    penaliseRepetition(logits, new Set([0, 1]), 1);
    penaliseFrequency(logits, new Map([[0, 9]]), 0);
    expect([...logits]).toEqual([0.1, -0.3]);
  });
});

describe('the logarithm of the sum of exponentials', () => {
  it('turns logits into log-probabilities, also large and infinite ones', () => {
    for (const row of [[1, 2, 3], [1000, 999, -1000], [5], [0, -Infinity, 1]]) {
      const logSum = logSumExp(Float64Array.from(row));
      const exact = logSoftmax(row);
      row.forEach((logit, id) => expect(logit - logSum).toBeCloseTo(exact[id]!, 12));
    }
  });
});
