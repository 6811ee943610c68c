import { describe, expect, it } from 'vitest';
import { fakeContext, models } from './fake-context.ts';
import { modelSpec } from '../../src/network/spec.ts';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import { resolveDecodeOptions, encodeTokenRules, type DecodeSettings } from '../../src/tasks/beam-options.ts';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';

const written = {
  kind: 'text',
  vocabulary: 'words',
  tokens: ['<s>', '</s>', 'AH', 'B', 'K'],
  start: 0,
  end: 1,
} as const;
const model = (decoding: object = {}, attends = true): ServedModel => {
  const spec = modelSpec.parse({
    schema: 1,
    name: 'sounds',
    task: 'decode',
    inputs: { kind: 'text', vocabulary: 'characters', tokens: ['a', 'b'] },
    network: {
      encoder: { layers: [{ type: 'embedding', vocabulary: 2, units: 4 }] },
      layers: [
        { type: 'embedding', vocabulary: 5, units: 4 },
        { type: 'recurrent', name: 'write', cell: 'gru', units: 4 },
        ...(attends ? [{ type: 'attention', score: 'dot' }] : []),
        { type: 'dense', units: 5 },
      ],
    },
    outputs: { vocabulary: written },
    decoding,
  });
  return {
    name: 'sounds',
    version: 1,
    spec,
    target: createVocabulary(spec.outputs.vocabulary!),
  } as ServedModel;
};
const { limits } = fakeContext(models.generate(), { limits: { maxTokens: 200 } });
const options = (body: DecodeSettings, of = model()) =>
  resolveDecodeOptions(of, body, limits, encodeTokenRules(of, body), 7);

describe('decode options', () => {
  it('are greedy by default, with a maximum length of twice the source and a margin', () => {
    expect(options({})[0]).toMatchObject({
      mode: 'greedy',
      beamSize: 1,
      hypotheses: 1,
      maxLength: 64,
      suppress: [],
    });
  });
  it('come from the model where the request has none, within the limits of the request', () => {
    const of = model({ beam_size: 5, length_penalty: 0.6, min_length: 9, max_length: 20 });
    expect(options({}, of)[0]).toMatchObject({
      mode: 'beam',
      beamSize: 5,
      lengthPenalty: 0.6,
      maxLength: 20,
      minLength: 9,
    });
    expect(options({ max_length: 4 }, of)[0]).toMatchObject({ maxLength: 4, minLength: 4 });
    expect(options({ temperature: 1 }, of)[0]).toMatchObject({ mode: 'sample', beamSize: 1 });
  });
  it('give n sampled outputs one seed and a choice each', () => {
    const drawn = options({ temperature: 0.8, n: 3, seed: 11 });
    expect(drawn.map(({ seed, choice }) => [seed, choice])).toEqual([
      [11, 0],
      [11, 1],
      [11, 2],
    ]);
  });
  it('accept a prefix as text or tokens', () => {
    expect(options({ prefix: 'AH B' })[0]!.prefix).toEqual([2, 3]);
    expect(options({ prefix: ['K'], suppress: ['AH'] })[0]).toMatchObject({ prefix: [4], suppress: [2] });
  });

  it.each<[string, DecodeSettings, string, RegExp]>([
    [
      'more hypotheses than beams',
      { beam_size: 2, num_hypotheses: 3 },
      'num_hypotheses',
      /at most beam_size, 2, was 3/,
    ],
    ['a temperature with a beam', { beam_size: 2, temperature: 1 }, 'temperature', /beam_size is 2/],
    ['several outputs that would be the same', { n: 2 }, 'n', /temperature/],
    ['more tokens than the server allows', { max_length: 201 }, 'max_length', /at most 200, was 201/],
    [
      'a least length above the most',
      { min_length: 5, max_length: 4 },
      'min_length',
      /at most max_length, 4, was 5/,
    ],
    [
      'a prefix that is too long',
      { prefix: ['B', 'B'], max_length: 1 },
      'prefix',
      /^prefix: at most max_length, 1 tokens, was 2$/,
    ],
    ['a token that it does not write', { prefix: ['B', 'ZZ'] }, 'prefix', /"ZZ"/],
    [
      'the end in a prefix',
      { prefix: ['</s>'] },
      'prefix',
      /^prefix: "<\/s>" marks the start or the end of an output$/,
    ],
    [
      'a prefix that is suppressed',
      { prefix: ['B'], suppress: ['B'] },
      'prefix',
      /^prefix: "B" is in suppress$/,
    ],
    ['an unknown token to suppress', { suppress: ['B', 'Q'] }, 'suppress[1]', /"Q"/],
  ])('refuses %s, and names the field', (_, body, field, what) => {
    expect(() => options(body)).toThrow(
      expect.objectContaining({ field, message: expect.stringMatching(what) as string }),
    );
  });
  it('refuse attention for a model without attention', () => {
    expect(() => options({ return_attention: true }, model({}, false))).toThrow(/no attention/);
  });
});
