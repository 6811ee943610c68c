import { expect, it } from 'vitest';
import { isLoopback, scopesWithoutKey } from '../../src/access/without-keys.ts';

it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'LOCALHOST'])('%s is a loopback address', (host) => {
  expect(isLoopback(host)).toBe(true);
});
it.each(['0.0.0.0', '::', '', '10.0.0.1', 'example.org', 'localhost.example.org', '127.0.0.1.example.org'])(
  '%s is none',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);

it('allows everything without keys to callers of the same machine only, unless it is set open', () => {
  const all = ['infer', 'train', 'admin'];
  expect(scopesWithoutKey({ loopback: true, proxied: false, open: false })).toEqual(all);
  expect(scopesWithoutKey({ loopback: true, proxied: true, open: false })).toEqual(['infer']);
  expect(scopesWithoutKey({ loopback: false, proxied: false, open: false })).toEqual(['infer']);
  expect(scopesWithoutKey({ loopback: false, proxied: true, open: true })).toEqual(all);
});
