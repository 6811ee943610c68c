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
  served: { name, version: 1, spec, network: { checkLength: null } } as AnyModel,
  statistics: {} as ModelListing['statistics'],
  aliases: [],
  created: 0,
});

const keyed = false;

describe('the startup banner', () => {
  it('has an example with as many numbers as the model has features', () => {
    const inputs = {
      kind: 'numeric',
      features: ['a', 'b', 'c'].map((name) => ({ name, mean: 10, scale: 4 })),
    };
    expect(formatStartupBanner('http://h', [list('sums', { task: 'predict', inputs })], { keyed })).toContain(
      `curl -s http://h/v1/models/sums/predict -H 'content-type: application/json' -d '{"input":[[12,8,11],[8,11,12],[11,12,8]]}'\n`,
    );
  });

  it("has the example of the model's author, quoted for a shell", () => {
    const example = { input: "It's", top_k: 1 };
    const banner = formatStartupBanner('http://h', [list('moods', { task: 'classify', example })], { keyed });
    expect(banner).toContain(String.raw`-d '{"input":"It'\''s","top_k":1}'`);
  });

  it('sends a key where the server asks for one', () => {
    const example = { input: 'a' };
    const banner = formatStartupBanner('http://h', [list('moods', { task: 'classify', example })], {
      keyed: true,
    });
    expect(banner).toContain('-H "authorization: Bearer $UNROLL_API_KEY"');
  });

  it('names a model that serves tensors only, and has a call of the inference protocol for it', () => {
    const inputs = [{ name: 'x', value: 'x', datatype: 'FP32', shape: [null, 2] }];
    const model = list('decoder', null);
    const served = { ...model.served, graph: { signature: { inputs, outputs: [] } }, lookups: [] } as never;
    const banner = formatStartupBanner('http://h', [{ ...model, served }], { keyed });
    expect(banner).toContain('decoder@1  tensors only');
    expect(banner).toContain(
      `http://h/v2/models/decoder/infer -H 'content-type: application/json' -d '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[0.5,0.5]}]}'`,
    );
  });

  it('leaves out a command that is too long to read', () => {
    const example = { input: 'a'.repeat(1000) };
    const banner = formatStartupBanner('http://h', [list('moods', { task: 'classify', example })], { keyed });
    expect(banner).not.toContain('curl');
  });
});
