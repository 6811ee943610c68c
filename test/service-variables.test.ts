import { expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { isServiceVariable, removeServiceVariables } from '../src/service-variables.ts';

it.each([
  ['UNROLL_SERVICE_HOST', '10.96.0.12'],
  ['UNROLL_SERVICE_HOST', 'fd00::12'],
  ['UNROLL_SERVICE_PORT', '8080'],
  ['UNROLL_SERVICE_PORT_HTTP', '8080'],
  ['UNROLL_PORT', 'tcp://10.96.0.12:8080'],
  ['UNROLL_PORT', 'udp://[fd00::12]:53'],
  ['UNROLL_PORT_8080_TCP', 'tcp://10.96.0.12:8080'],
  ['UNROLL_PORT_8080_TCP_PROTO', 'tcp'],
  ['UNROLL_PORT_8080_TCP_PORT', '8080'],
  ['UNROLL_PORT_8080_TCP_ADDR', '10.96.0.12'],
  ['UNROLL_METRICS_SERVICE_HOST', '10.96.0.13'],
  ['UNROLL_METRICS_PORT', 'tcp://10.96.0.13:9090'],
])('%s=%s is set by Kubernetes', (name, value) => expect(isServiceVariable(name, value)).toBe(true));

it.each([
  ['UNROLL_PORT', '8080'],
  ['UNROLL_PORT', 'abc'],
  ['UNROLL_PORT', 'tcp://'],
  ['UNROLL_PORT', 'http://10.96.0.12:8080'],
  ['UNROLL_SERVICE_HOST', 'example.org'],
  ['UNROLL_SERVICE_PORT', 'http'],
  ['UNROLL_PROT', 'tcp://10.96.0.12:8080'],
  ['UNROLL_PORT_8080', 'tcp://10.96.0.12:8080'],
  ['UNROLL_HOST', '10.96.0.12'],
  ['UNROLL_SERVICE_HOST', undefined],
])('%s=%s is not', (name, value) => expect(isServiceVariable(name, value)).toBe(false));

it('what Kubernetes sets is no setting, and what looks like a typo of ours still is an error', () => {
  const injected = { UNROLL_PORT: 'tcp://10.0.0.1:8080', UNROLL_SERVICE_HOST: '10.0.0.1' };
  const { own, removed } = removeServiceVariables({
    ...injected,
    UNROLL_QUEUE: '7',
    OTHER_PORT: 'tcp://h:1',
  });
  expect(removed).toEqual(Object.keys(injected));
  expect(own).toEqual({ UNROLL_QUEUE: '7', OTHER_PORT: 'tcp://h:1' });
  expect(readConfig(own)).toMatchObject({ PORT: 8080, QUEUE: 7 });
  for (const typo of [{ UNROLL_PORT: 'abc' }, { UNROLL_QUEU: '7' }, { UNROLL_SERVICE_HOST: 'my-host' }])
    expect(() => readConfig(removeServiceVariables(typo).own)).toThrow(Object.keys(typo)[0]);
});
