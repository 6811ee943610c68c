import { expect, it } from 'vitest';
import { findNearestName } from '../../src/cli/nearest-name.ts';

const names = ['port', 'models', 'max_steps', 'max_tokens'];

it.each([
  ['prot', 'port'],
  ['PORT', 'port'],
  ['model', 'models'],
  ['max_step', 'max_steps'],
  ['maxtokens', 'max_tokens'],
  ['colour', null],
  ['', null],
])('the nearest name to %s is %s', (given, nearest) => {
  expect(findNearestName(given, names)).toBe(nearest);
});
