import { describe, expect, it } from 'vitest';
import { newPoolState, pool, type PoolMode } from '../../../src/kernel/reference/pool.ts';

const x = [1, -4, 3, -8, -1, -3];

describe('a running pool', () => {
  it('gives what it has seen up to each step', () => {
    const rows = (mode: PoolMode): number[] => [...pool(mode, x, newPoolState(2)).y];
    expect(rows('last')).toEqual(x);
    expect(rows('mean')).toEqual([1, -4, 2, -6, 1, -5]);
    expect(rows('max')).toEqual([1, -4, 3, -4, 3, -3]);
  });

  it('goes on from its state as if the sequence had not been cut', () => {
    for (const mode of ['last', 'mean', 'max'] as const) {
      const whole = pool(mode, x, newPoolState(2));
      const first = pool(mode, x.slice(0, 2), newPoolState(2));
      const rest = pool(mode, x.slice(2), first.state);
      expect([...first.y, ...rest.y]).toEqual([...whole.y]);
      expect(rest.state).toEqual(whole.state);
    }
  });
});
