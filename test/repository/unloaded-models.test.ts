import { expect, it } from 'vitest';
import { createUnloadedModels, type UnloadedModels } from '../../src/repository/unloaded-models.ts';
import { parseReference } from '../../src/repository/model-reference.ts';

const present = [1, 2, 3].flatMap((version) => ['a', 'b'].map((name) => ({ name, version })));
const unloaded = (models: UnloadedModels): string[] =>
  present.filter((one) => models.has(one)).map(({ name, version }) => `${name}@${version}`);
const run = (...steps: string[]): UnloadedModels => {
  const models = createUnloadedModels();
  for (const step of steps) {
    const [what, reference] = step.split(' ') as ['add' | 'remove', string];
    models[what](parseReference(reference));
  }
  return models;
};

it.each([
  [['add a@2'], ['a@2']],
  [['add a'], ['a@1', 'a@2', 'a@3']],
  [['add a@2', 'remove a@2'], []],
  [
    ['add a', 'remove a@3'],
    ['a@1', 'a@2'],
  ],
  [
    ['add a', 'remove a@3', 'add a@3'],
    ['a@1', 'a@2', 'a@3'],
  ],
  [['add a@1', 'add a@3', 'remove a'], []],
  [
    ['add a@1', 'add a', 'remove a@2'],
    ['a@1', 'a@3'],
  ],
  [['remove a@1'], []],
  [['remove b'], []],
])('after %j it models %j', (steps, expected) => {
  const models = run(...steps);
  expect(unloaded(models)).toEqual(expected);
  models.prune(present);
  expect(unloaded(models)).toEqual(expected);
});

it('forgets versions and names that have gone', () => {
  const models = run('add a@2', 'add b');
  models.prune([{ name: 'a', version: 1 }]);
  expect(unloaded(models)).toEqual([]);
});

it('models the versions to come of a name that is unloaded', () => {
  const models = run('add b');
  models.prune([{ name: 'b', version: 1 }]);
  expect(models.has({ name: 'b', version: 7 })).toBe(true);
});
