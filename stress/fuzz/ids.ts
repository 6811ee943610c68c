import type { Random } from '../random.ts';

/** Values for path parameters: existing names, invalid names, and ids returned by replies. */
export interface Ids {
  pick(parameter: string, random: Random): string;
  /** Adds the id of a created resource. */
  add(id: unknown): void;
}

export const shippedModels = ['language', 'moby', 'brown-tagger', 'pronounce', 'names', 'births'] as const;
const maxIdsPerKind = 8;

export function createIds(): Ids {
  const ids: Record<string, string[]> = {
    model: [
      ...shippedModels,
      'language@1',
      'moby@2',
      'nobody',
      '@',
      '..',
      '%2e%2e',
      '%',
      '%ff',
      '%00',
      'language%40x',
      'a'.repeat(300),
    ],
    version: ['1', '2', '0', '-1', '1e3', 'x', '999999999', '%00'],
    dataset: ['ds_x', '..%2f'],
    job: ['job_x', '%00'],
    comparison: ['cmp_x'],
    session: ['ses_x', 'a:b', '%00', 'a'.repeat(101)],
    mark: ['here', 'x', '%00'],
    step: ['1', '-1', 'x', '999999'],
  };
  const kinds = { ds: 'dataset', job: 'job', cmp: 'comparison', ses: 'session' } as const;
  return {
    pick: (parameter, random) => random.pick(ids[parameter] ?? ['x']),
    add(id) {
      const prefix = typeof id === 'string' ? /^(ds|job|cmp|ses)_/.exec(id)?.[1] : undefined;
      if (prefix === undefined) return;
      const kind = kinds[prefix as keyof typeof kinds];
      ids[kind] = [...ids[kind]!.slice(-maxIdsPerKind), id as string];
    },
  };
}
