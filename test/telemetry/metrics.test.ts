import { expect, it } from 'vitest';
import { createMetrics, type MetricSources } from '../../src/telemetry/metrics.ts';

const engine = {
  workers: 2,
  restarts: 1,
  waiting: 3,
  running: 4,
  paused: 2,
  unreconciled: 0,
  unreadBytes: 512,
  ticks: 10,
  rows: 25,
  steps: 99,
  padding: 0,
  byRows: [2, 5, 3],
};
const sources = (read: () => typeof engine): MetricSources => ({
  engine: read,
  rowBounds: [1, 2, Infinity],
  kernel: { path: 'plain' },
  models: () => [],
  memory: () => ({ used: 4096 }),
  modelsReady: () => 5,
  modelsFailed: () => 6,
});

it('reads external values at each scrape', async () => {
  const metrics = createMetrics();
  let now = engine;
  metrics.observe(sources(() => now));
  const first = await metrics.registry.metrics();
  for (const line of [
    'unroll_workers 2',
    'unroll_worker_restarts_total 1',
    'unroll_sequences_waiting 3',
    'unroll_sequences_active 4',
    'unroll_sequences_paused 2',
    'unroll_engine_unreconciled_sequences 0',
    'unroll_engine_buffered_bytes 512',
    'unroll_ticks_total 10',
    'unroll_steps_total 99',
    'unroll_padding_rows_total 0',
    'unroll_models_loaded 5',
    'unroll_models_failed 6',
    'unroll_kernel_memory_bytes 4096',
    'unroll_kernel_info{path="plain"} 1',
  ])
    expect(first.split('\n')).toContain(line);
  now = { ...engine, steps: 120, waiting: 0 };
  const second = (await metrics.registry.metrics()).split('\n');
  expect(second).toContain('unroll_steps_total 120');
  expect(second).toContain('unroll_sequences_waiting 0');
});

it('uses one prefix for its own names, the standard ones for those of Node and the process, and a separate registry for each instance', async () => {
  const [first, other] = [createMetrics(), createMetrics()];
  first.countRequest({ method: 'GET', route: '/', status: 200, ms: 30 });
  const names = [...(await first.registry.metrics()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) expect(name).toMatch(/^(unroll|process|nodejs)_/);
  expect(names).toEqual(
    expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds']),
  );
  expect(await other.registry.metrics()).not.toContain('route="/"');
});

it('counts requests by method, route and status, and their durations by method and route', async () => {
  const metrics = createMetrics();
  metrics.countRequest({ method: 'GET', route: '/a', status: 200, ms: 3 });
  metrics.countRequest({ method: 'GET', route: '/a', status: 404, ms: 70 });
  metrics.countRequest({ method: 'POST', route: '/a', status: 200, ms: 0.1 });
  // a scrape changes nothing
  await metrics.registry.metrics();
  metrics.countRequest({ method: 'GET', route: '/a', status: 200, ms: 3 });
  const lines = (await metrics.registry.metrics()).split('\n');
  for (const line of [
    'unroll_requests_total{method="GET",route="/a",status="200"} 2',
    'unroll_requests_total{method="GET",route="/a",status="404"} 1',
    'unroll_requests_total{method="POST",route="/a",status="200"} 1',
    'unroll_request_duration_seconds_bucket{le="0.0025",method="GET",route="/a"} 0',
    'unroll_request_duration_seconds_bucket{le="0.005",method="GET",route="/a"} 2',
    'unroll_request_duration_seconds_bucket{le="+Inf",method="GET",route="/a"} 3',
    'unroll_request_duration_seconds_count{method="GET",route="/a"} 3',
    'unroll_request_duration_seconds_count{method="POST",route="/a"} 1',
  ])
    expect(lines).toContain(line);
});
