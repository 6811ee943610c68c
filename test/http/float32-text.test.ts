import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortestFloat32 } from '../../src/http/float32-text.ts';

describe('a float32 in JSON', () => {
  it('comes back as the same bits', () => {
    // −0 aside, which JSON.stringify writes as 0
    const finite = fc
      .float({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Object.is(value, -0));
    fc.assert(
      fc.property(finite, (value) => {
        const read = JSON.parse(JSON.stringify(shortestFloat32(value))) as number;
        expect(Object.is(Math.fround(read), value)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('has no more digits than it needs', () => {
    expect(shortestFloat32(Math.fround(0.1))).toBe(0.1);
    expect(shortestFloat32(Math.fround(1 / 3))).toBe(0.33333334);
    expect(shortestFloat32(16_777_216)).toBe(16_777_216);
  });

  it('is never NaN or infinite', () => {
    for (const value of [NaN, Infinity, -Infinity])
      expect(() => shortestFloat32(value)).toThrow(String(value));
  });
});
