import { expect, it } from 'vitest';
import { activeRows } from '../../src/network/layers/layer.ts';
import { createPlan } from '../../src/training/plan.ts';

it('packs sequences by time step, each up to its length', () => {
  const plan = createPlan([4, 2, 2, 1]);
  expect([...plan.offsets]).toEqual([0, 4, 7, 8, 9]);
  expect([0, 1, 2, 3].map((t) => activeRows(plan, t))).toEqual([4, 3, 1, 1]);
});
