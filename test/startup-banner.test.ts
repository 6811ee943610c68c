import { describe, expect, it } from 'vitest';
import type { AnyModel, ModelListing } from '../src/repository/repository-interface.ts';
import { formatStartupBanner } from '../src/startup-banner.ts';

const list = (name: string, spec: object | null): ModelListing => ({
  name,
  version: 1,
  task: (spec as { task: 'predict' } | null)?.task ?? null,
  ready: true,
  error: null,
  unloaded: false,
  served: { name, version: 1, spec } as AnyModel,
  statistics: {} as ModelListing['statistics'],
  aliases: [],
  created: 0,
});

describe('the startup banner', () => {
  it('has an example with as many numbers as the model has features', () => {
    const inputs = { kind: 'numeric', features: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    expect(formatStartupBanner('http://h', [list('sums', { task: 'predict', inputs })])).toContain(
      `http://h/v1/models/sums/predict -H 'content-type: application/json' -d '{"input":[[0,0,0]]}'`,
    );
  });

  it('names a model that serves tensors only, and has no example of it', () => {
    const banner = formatStartupBanner('http://h', [list('decoder', null)]);
    expect(banner).toContain('decoder@1  tensors only');
    expect(banner).not.toContain('curl');
  });
});
