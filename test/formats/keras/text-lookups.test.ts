import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { convertModel } from '../../../src/formats/keras/convert-model.ts';
import { connectLayers, type GivenLayer } from './connect-layers.ts';

// What Keras' lookup layers become, and what is refused. That texts become Keras' own ids: test/e2e/text-lookups.test.ts.

const words = ['a', 'b'];
const embedding = (rows = 4): GivenLayer => ({
  className: 'Embedding',
  weights: [{ shape: [rows, 1], values: Float32Array.from({ length: rows }, (_, i) => i) }],
});
const input = (shape: readonly (number | null)[], dtype = 'string'): GivenLayer => ({
  className: 'InputLayer',
  name: 'x',
  config: { batch_shape: [null, ...shape], dtype },
});
const lookup = (className: string, config: Config = {}, more: Partial<GivenLayer> = {}): GivenLayer => ({
  className,
  name: 'lookup',
  config: { vocabulary: words, ...config },
  ...more,
});
const convert = (...layers: GivenLayer[]) => convertModel(connectLayers(layers, { version: '3.8.0' }));
const textOf = (...layers: GivenLayer[]) => convert(...layers).lookups.get('x')!;

describe('a lookup of texts', () => {
  it('becomes a vocabulary beside the graph, which reads ids', () => {
    const { inputs, lookups } = convert(
      input([1]),
      lookup('TextVectorization', { output_sequence_length: 7 }),
      embedding(),
    );
    expect(inputs[0]).toMatchObject({ shape: [7], input: { name: 'x', datatype: 'INT64' } });
    expect(lookups.get('x')).toEqual({
      name: 'x',
      datatype: 'BYTES',
      shape: [null, 1],
      splits: true,
      text: {
        kind: 'text',
        vocabulary: 'whitespace',
        tokens: ['', '[UNK]', 'a', 'b'],
        unknown: 1,
        lowercase: 'ascii',
        stripPunctuation: true,
        normalize: 'none',
        length: 7,
      },
    });
  });

  it.each<[string, string, Config, string[], number]>([
    ['StringLookup without a mask', 'StringLookup', {}, ['[UNK]', 'a', 'b'], 0],
    ['StringLookup with a mask', 'StringLookup', { mask_token: '#' }, ['#', '[UNK]', 'a', 'b'], 1],
    [
      'special tokens before the vocabulary',
      'StringLookup',
      { mask_token: '', vocabulary: ['', '[UNK]', ...words] },
      ['', '[UNK]', 'a', 'b'],
      1,
    ],
    [
      'a word like the unknown token',
      'StringLookup',
      { vocabulary: ['a', '[UNK]'] },
      ['[UNK] (unknown)', 'a', '[UNK]'],
      0,
    ],
  ])('numbers tokens as Keras does: %s', (_, className, config, tokens, unknown) => {
    const { text, splits } = textOf(input([null]), lookup(className, config), embedding());
    expect(text).toMatchObject({ tokens, unknown });
    expect(splits).toBe(false);
  });

  it('of integers has them as tokens', () => {
    const integers = lookup('IntegerLookup', { vocabulary: [7, -5], mask_token: 0 });
    const { text, datatype } = textOf(input([null], 'int64'), integers, embedding());
    expect(text.tokens).toEqual(['0', '-1', '7', '-5']);
    expect(datatype).toBe('INT64');
  });

  it('leaves out the rows of a table that no token has', () => {
    const { graph } = convert(input([1]), lookup('TextVectorization'), embedding(50));
    expect([...graph.floats.values()].map(({ shape }) => shape)).toEqual([[4, 1]]);
    expect(graph.vocabularies.get('x')).toBe(4);
  });

  it.each<[string, GivenLayer[], RegExp]>([
    ['n-grams', [input([1]), lookup('TextVectorization', { ngrams: 2 }), embedding()], /ngrams 2/],
    ['tf-idf', [input([1]), lookup('TextVectorization', { output_mode: 'tf_idf' })], /output_mode "tf_idf"/],
    [
      'a function',
      [input([1]), lookup('TextVectorization', { standardize: { class_name: 'function' } }), embedding()],
      /standardize a function is not supported, must be .*"lower"/,
    ],
    [
      'an encoding',
      [input([1]), lookup('TextVectorization', { encoding: 'latin-1' }), embedding()],
      /latin-1/,
    ],
    [
      'buckets',
      [input([null]), lookup('StringLookup', { num_oov_indices: 2 }), embedding()],
      /num_oov_indices 2/,
    ],
    [
      'no bucket',
      [input([null]), lookup('StringLookup', { num_oov_indices: 0 }), embedding()],
      /num_oov_indices 0/,
    ],
    ['the inverse', [input([null]), lookup('StringLookup', { invert: true }), embedding()], /invert true/],
    [
      'no vocabulary',
      [input([1]), lookup('TextVectorization', { vocabulary: null }), embedding()],
      /its vocabulary is not in the file: save the model after adapt\(\) as .keras/,
    ],
    [
      'a vocabulary elsewhere',
      [input([1]), lookup('TextVectorization', { vocabulary: '/etc/passwd' }), embedding()],
      /in another file/,
    ],
    [
      'a token twice',
      [input([1]), lookup('TextVectorization', { vocabulary: ['a', 'a'] }), embedding()],
      /a token twice/,
    ],
    [
      'its mask inside',
      [input([1]), lookup('TextVectorization', { vocabulary: ['a', ''] }), embedding()],
      /the mask token ""/,
    ],
    [
      'a small table',
      [input([1]), lookup('TextVectorization'), embedding(3)],
      /3 rows, its vocabulary 4 tokens/,
    ],
    [
      'a length of 0',
      [input([1]), lookup('TextVectorization', { output_sequence_length: 0 }), embedding()],
      /length 0/,
    ],
    [
      'several texts',
      [input([2]), lookup('TextVectorization'), embedding()],
      /\[2\], must be one a sequence/,
    ],
    [
      'numbers',
      [input([null], 'float32'), lookup('StringLookup'), embedding()],
      /reads FP32, must read texts/,
    ],
    [
      'texts as they are',
      [input([null]), embedding()],
      /reads the texts of "x", which only TextVectorization/,
    ],
    [
      'two lookups',
      [
        input([null]),
        lookup('StringLookup'),
        { ...embedding(), name: 'one' },
        lookup('StringLookup', {}, { name: 'second', inputs: ['x'] }),
        { ...embedding(), name: 'two' },
        { className: 'Add', inputs: ['one', 'two'] },
      ],
      /"x" is looked up by "lookup" already/,
    ],
    [
      'integers that are ids, too',
      [
        input([null], 'int64'),
        lookup('IntegerLookup', { vocabulary: [7, 8] }),
        { ...embedding(), name: 'one' },
        { ...embedding(), name: 'two', inputs: ['x'] },
        { className: 'Add', inputs: ['one', 'two'] },
      ],
      /"x" is read by "lookup" and as it is, too/,
    ],
  ])('is refused with %s, by name', (_, layers, reason) => {
    expect(() => convert(...layers)).toThrow(reason);
  });
});
