import { describe, expect, it } from 'vitest';
import { createVersionIndex } from '../../src/repository/version-index.ts';

const version = (name: string, number: number) => ({ found: { name, version: number } });

describe('an index of versions', () => {
  it('lists them by name, the highest version of each first, whatever the order they came in', () => {
    const index = createVersionIndex();
    for (const [name, number] of [
      ['b', 2],
      ['a', 9],
      ['b', 10],
      ['a', 10],
    ] as const)
      index.set(`${name}@${number}`, version(name, number));
    expect(index.list().map(({ found }) => `${found.name}@${found.version}`)).toEqual([
      'a@10',
      'a@9',
      'b@10',
      'b@2',
    ]);
    expect(index.ofModel('b').map(({ found }) => found.version)).toEqual([10, 2]);
    expect(index.ofModel('c')).toEqual([]);
  });

  it('is sorted again after a change', () => {
    const index = createVersionIndex();
    index.set('a@1', version('a', 1));
    expect(index.ofModel('a')).toHaveLength(1);
    index.set('a@2', version('a', 2));
    expect(index.ofModel('a').map(({ found }) => found.version)).toEqual([2, 1]);
    index.delete('a@1');
    expect(index.ofModel('a').map(({ found }) => found.version)).toEqual([2]);
    expect([...index.entries()].map(([key]) => key)).toEqual(['a@2']);
  });
});
