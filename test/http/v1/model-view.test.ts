import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../../src/errors.ts';
import { findModel, toModelSummaries } from '../../../src/http/v1/model-view.ts';
import { createModelStatistics } from '../../../src/repository/model-statistics.ts';
import type { ModelListing } from '../../../src/repository/repository-interface.ts';

const listing = (name: string, version: number, error: string | null = null): ModelListing => ({
  name,
  version,
  task: 'classify',
  ready: error === null,
  error,
  unloaded: false,
  served: null,
  statistics: createModelStatistics(),
  aliases: name === 'a' && version === 9 ? ['old'] : [],
  created: 1000 + version,
});
const listings = [
  listing('b', 1),
  listing('a', 9),
  listing('a', 11, 'weights.safetensors: too short'),
  listing('a', 10),
  listing('broken', 1, 'no model.json'),
  listing('broken', 2, 'no weights'),
  listing('lost', 1),
];
const find = (reference: string): ModelListing => {
  const [name, version] = reference.split('@');
  const all = repository.list(name);
  const found = version ? all.find((one) => String(one.version) === version) : all.find(({ ready }) => ready);
  const shown = found ?? (version ? undefined : all[0]);
  if (!shown || shown.name === 'lost') throw new UnrollError('model_not_ready', 'default points at nothing');
  return shown;
};
const repository = {
  find,
  list: (name?: string) =>
    listings.filter((one) => one.name === name).toSorted((a, b) => b.version - a.version),
  aliases: (name: string) => new Map(name === 'a' ? [['old', 9]] : []),
};

describe('the list of models', () => {
  it('has each name once, with the version that the name refers to', () => {
    expect(toModelSummaries(repository, listings)).toEqual([
      expect.objectContaining({ id: 'b', version: 1, versions: [1] }),
      expect.objectContaining({
        id: 'a',
        version: 10,
        versions: [11, 10, 9],
        aliases: { old: 9 },
        ready: true,
        error: null,
      }),
      expect.objectContaining({ id: 'broken', version: 2, ready: false, error: 'no weights' }),
      // not served by its name, whatever versions it has
      expect.objectContaining({
        id: 'lost',
        version: null,
        ready: false,
        error: 'default points at nothing',
      }),
    ]);
  });

  it('has OpenAI’s fields', () => {
    expect(toModelSummaries(repository, [listing('b', 1)])[0]).toMatchObject({
      object: 'model',
      owned_by: 'unroll',
      created: 1001,
    });
    expect(toModelSummaries(repository, [])).toEqual([]);
  });
});

it('shows the version that a reference names, with all versions and aliases of its model', () => {
  const { shown, versions, aliases } = findModel(repository, 'a@9');
  expect([shown.version, versions.map(({ version }) => version), [...aliases]]).toEqual([
    9,
    [11, 10, 9],
    [['old', 9]],
  ]);
});
