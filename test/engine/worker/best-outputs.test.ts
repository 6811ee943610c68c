import fc from 'fast-check';
import { expect, test } from 'vitest';
import { topIndexes } from '../../../src/decoding/candidates.ts';
import { bestOutputs } from '../../../src/engine/worker/best-outputs.ts';

test('gives the label that sorting all of them gives, with the bits of its score', () => {
  const row = fc.array(
    fc.oneof(fc.float(), fc.constantFrom(0.5, -0, 0, NaN, Infinity)).map((value) => Math.fround(value)),
    { minLength: 3, maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      const expected = rows.flatMap((scores) => {
        const [best] = topIndexes(Float32Array.from(scores), 1);
        return [best!, scores[best!]!];
      });
      expect([...bestOutputs(Float32Array.from(rows.flat()), 3)]).toEqual(expected);
    }),
  );
});
