import { describe, expect, it } from 'vitest';
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
  created: 1000 + version,
});
const listings = [
  listing('b', 1),
  listing('a', 9),
  listing('a', 11, 'weights.safetensors: too short'),
  listing('a', 10),
  listing('broken', 1, 'no model.json'),
  listing('broken', 2, 'no weights'),
];

describe('the list of models', () => {
  it('has each name once, with the version that the name refers to', () => {
    expect(toModelSummaries(listings)).toEqual([
      expect.objectContaining({ id: 'b', version: 1, versions: [1] }),
      expect.objectContaining({ id: 'a', version: 10, versions: [11, 10, 9], ready: true, error: null }),
      expect.objectContaining({ id: 'broken', version: 2, ready: false, error: 'no weights' }),
    ]);
  });

  it('has OpenAI’s fields', () => {
    expect(toModelSummaries([listing('b', 1)])[0]).toMatchObject({
      object: 'model',
      owned_by: 'unroll',
      created: 1001,
    });
    expect(toModelSummaries([])).toEqual([]);
  });
});

describe('a model', () => {
  const repository = { list: (name?: string) => listings.filter((one) => one.name === name) };
  const shown = (reference: string) => {
    const { name, version } = findModel(repository, reference).shown;
    return `${name}@${version}`;
  };

  it('is found by its name, or at a version, ready or not', () => {
    expect(shown('a')).toBe('a@10');
    expect(shown('a@9')).toBe('a@9');
    expect(shown('a@11')).toBe('a@11');
    expect(shown('broken')).toBe('broken@2');
  });

  const fails = (reference: string, code: string): void =>
    expect(() => findModel(repository, reference)).toThrow(expect.objectContaining({ code }));

  it.each(['c', 'a@8', 'toString', '__proto__'])('is not found as "%s"', (reference) => {
    fails(reference, 'model_not_found');
  });

  it.each(['', '@', 'a@', 'a@0', 'a@9.0', 'a@9@10', '@9', '../a', 'a b'])(
    'cannot be called "%s"',
    (reference) => {
      fails(reference, 'invalid_model_name');
    },
  );
});
