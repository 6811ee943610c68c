import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createExternalHistogram } from '../../src/telemetry/external-histogram.ts';

it('exposes external counts as a histogram with cumulative buckets', async () => {
  const external = { counts: [2, 0, 3, 1], sum: 40 };
  const registry = new Registry();
  registry.registerMetric(createExternalHistogram('rows', 'Rows.', [1, 4, 16, Infinity], () => [external]));
  expect((await registry.metrics()).trim().split('\n')).toEqual([
    '# HELP rows Rows.',
    '# TYPE rows histogram',
    'rows_bucket{le="1"} 2',
    'rows_bucket{le="4"} 2',
    'rows_bucket{le="16"} 5',
    'rows_bucket{le="+Inf"} 6',
    'rows_sum 40',
    'rows_count 6',
  ]);
  external.counts = [3, 0, 3, 1];
  expect(await registry.metrics()).toContain('rows_count 7');
});
