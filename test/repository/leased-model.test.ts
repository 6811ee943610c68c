import { expect, it, vi } from 'vitest';
import { createLeasedModel } from '../../src/repository/leased-model.ts';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import { classifierSpec } from './model-folders.ts';

const model = {
  name: 'tiny',
  version: 1,
  spec: classifierSpec(),
  vocabulary: null,
} as unknown as ServedModel;

it('is unloaded once, after it is retired and the last lease is released', () => {
  const unload = vi.fn<() => void>();
  const leased = createLeasedModel(model, unload);
  const [first, second] = [leased.lease(), leased.lease()];
  first.release();
  leased.retire();
  first.release();
  expect(unload).not.toHaveBeenCalled();
  second.release();
  second.release();
  leased.retire();
  expect(unload).toHaveBeenCalledOnce();
});

it('is unloaded at once when it is retired without leases', () => {
  const unload = vi.fn<() => void>();
  const leased = createLeasedModel(model, unload);
  leased.lease().release();
  expect(unload).not.toHaveBeenCalled();
  leased.retire();
  expect(unload).toHaveBeenCalledOnce();
});
