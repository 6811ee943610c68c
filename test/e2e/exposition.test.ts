import { expect, it } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { findProblems } from './exposition.ts';

const counter = '# HELP a_total h\n# TYPE a_total counter\na_total 1\n';
const histogram = `# HELP h_seconds h
# TYPE h_seconds histogram
h_seconds_bucket{le="1",route="/"} 2
h_seconds_bucket{le="+Inf",route="/"} 3
h_seconds_sum{route="/"} 4.5
h_seconds_count{route="/"} 3
`;

it('the check of the metrics’ format accepts valid metrics', async () => {
  expect(findProblems(counter + histogram)).toEqual([]);
  const { registry, requests, duration } = createMetrics();
  requests.inc({ method: 'GET', route: '/"\\\n', status: 200 });
  duration.observe({ method: 'GET', route: '/' }, 0.25);
  expect(findProblems(await registry.metrics())).toEqual([]);
});

it.each([
  ['a line without its end', counter.trimEnd(), 'not ended'],
  ['what is no sample', 'a_total one\n', 'not in the format'],
  ['an open quote', 'a_total{b="c} 1\n', 'not in the format'],
  ['a metric without help', counter.replace(/^# HELP.*\n/m, ''), 'no help'],
  ['a metric without type', counter.replace(/^# TYPE.*\n/m, ''), 'no type'],
  ['a type twice', `# TYPE a_total counter\n${counter}`, 'TYPE twice'],
  ['a series twice', `${counter}a_total 2\n`, 'a_total twice'],
  ['a counter that is not named so', counter.replaceAll('a_total', 'a'), '_total'],
  ['a gauge that is named as a counter', counter.replace('a_total counter', 'a_total gauge'), '_total'],
  ['milliseconds', counter.replaceAll('a_total', 'a_ms_total'), 'base unit'],
  ['camels', counter.replaceAll('a_total', 'anA_total'), 'snake_case'],
  ['falling buckets', histogram.replace('"/"} 2', '"/"} 7'), 'buckets fall'],
  ['no bucket for all', histogram.replace('+Inf', '2'), 'no bucket +Inf'],
  ['a count of its own', histogram.replace('count{route="/"} 3', 'count{route="/"} 4'), '_count'],
  ['no sum', histogram.replace(/^.*_sum.*\n/m, ''), 'no _sum'],
])('the check of the metrics’ format finds %s', (_, text, problem) => {
  expect(findProblems(text).join('\n')).toContain(problem);
});
