import { expect, it } from 'vitest';
import { createHolds, type Holds } from '../../src/repository/unloaded-models.ts';
import { parseReference } from '../../src/repository/model-reference.ts';

const there = [1, 2, 3].flatMap((version) => ['a', 'b'].map((name) => ({ name, version })));
const held = (holds: Holds): string[] =>
  there.filter((one) => holds.has(one)).map(({ name, version }) => `${name}@${version}`);
const run = (...steps: string[]): Holds => {
  const holds = createHolds();
  for (const step of steps) {
    const [what, reference] = step.split(' ') as ['take' | 'release', string];
    holds[what](parseReference(reference));
  }
  return holds;
};

it.each([
  [['take a@2'], ['a@2']],
  [['take a'], ['a@1', 'a@2', 'a@3']],
  [['take a@2', 'release a@2'], []],
  [
    ['take a', 'release a@3'],
    ['a@1', 'a@2'],
  ],
  [
    ['take a', 'release a@3', 'take a@3'],
    ['a@1', 'a@2', 'a@3'],
  ],
  [['take a@1', 'take a@3', 'release a'], []],
  [
    ['take a@1', 'take a', 'release a@2'],
    ['a@1', 'a@3'],
  ],
  [['release a@1'], []],
  [['release b'], []],
])('after %j it holds %j', (steps, expected) => {
  const holds = run(...steps);
  expect(held(holds)).toEqual(expected);
  holds.keep(there);
  expect(held(holds)).toEqual(expected);
});

it('forgets versions and names that have gone', () => {
  const holds = run('take a@2', 'take b');
  holds.keep([{ name: 'a', version: 1 }]);
  expect(held(holds)).toEqual([]);
});

it('holds the versions to come of a name that is held', () => {
  const holds = run('take b');
  holds.keep([{ name: 'b', version: 1 }]);
  expect(holds.has({ name: 'b', version: 7 })).toBe(true);
});
