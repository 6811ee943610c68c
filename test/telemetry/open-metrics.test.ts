import { expect, it } from 'vitest';
import { prefersOpenMetrics, toOpenMetrics } from '../../src/telemetry/open-metrics.ts';

it.each([
  ['application/openmetrics-text', true],
  [
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  ],
  ['text/plain;q=0.5, Application/OpenMetrics-Text;q=0.5', true],
  ['text/plain, application/openmetrics-text;q=0.9', false],
  ['application/openmetrics-text;q=0', false],
  ['*/*', false],
  ['', false],
])('Accept: %s prefers OpenMetrics: %s', (accept, expected) =>
  expect(prefersOpenMetrics(accept)).toBe(expected),
);

it('names the family of a counter without its suffix, and ends the text', () => {
  const text =
    '# HELP a_total A.\n# TYPE a_total counter\na_total{b="x_total "} 1\n\n# HELP c C.\n# TYPE c gauge\nc 2\n';
  expect(toOpenMetrics(text)).toBe(
    '# HELP a A.\n# TYPE a counter\na_total{b="x_total "} 1\n# HELP c C.\n# TYPE c gauge\nc 2\n# EOF\n',
  );
});
