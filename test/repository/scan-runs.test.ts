import { expect, it } from 'vitest';
import { createScanRuns } from '../../src/repository/scan-runs.ts';

it('runs one scan at a time, and once more for all calls that came during it', async () => {
  const runs: PromiseWithResolvers<number>[] = [];
  const scan = createScanRuns(() => {
    const run = Promise.withResolvers<number>();
    runs.push(run);
    return run.promise;
  });
  const first = scan();
  const during = [scan(), scan()];
  expect(runs).toHaveLength(1);
  runs[0]!.reject(new Error('the folder has gone'));
  await expect(first).rejects.toThrow('the folder has gone');
  await new Promise((resolve) => setImmediate(resolve));
  expect(runs).toHaveLength(2);
  const later = scan();
  runs[1]!.resolve(2);
  expect(await Promise.all(during)).toEqual([2, 2]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(runs).toHaveLength(3);
  runs[2]!.resolve(3);
  expect(await later).toBe(3);
});
