import { describe, expect, it } from 'vitest';
import { modelSpec } from '../../src/network/spec.ts';

const model = {
  schema: 1,
  name: 'm',
  task: 'generate',
  inputs: { kind: 'text', vocabulary: 'characters', tokens: ['a', '😀'] },
  network: { layers: [{ type: 'dense', units: 2 }] },
};

describe('model.json', () => {
  it('accepts decoding defaults in the ranges of a request', () => {
    const decoding = { temperature: 0.7, top_p: 0.9, stop: ['\n\n'], max_tokens: 5 };
    expect(modelSpec.parse({ ...model, decoding }).decoding).toEqual(decoding);
    expect(modelSpec.parse(model).decoding).toEqual({});
  });

  it.each([
    { temperature: -1 },
    { top_p: 0 },
    { max_tokens: 1.5 },
    { temperature: 'hot' },
    { stop: [''] },
    { stop: '\ud83d' },
    { warmth: 1 },
  ])('refuses the default %j', (decoding) => {
    const { error } = modelSpec.safeParse({ ...model, decoding });
    expect(error?.issues[0]?.path[0]).toBe('decoding');
  });

  it('refuses a token that is half a character', () => {
    const inputs = { ...model.inputs, tokens: ['a', '\ud83d'] };
    expect(modelSpec.safeParse({ ...model, inputs }).error?.issues[0]?.path).toEqual(['inputs', 'tokens', 1]);
  });
});
