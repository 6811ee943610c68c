import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkExample } from '../../src/http/v1/check-example.ts';
import { UnrollError } from '../../src/errors.ts';
import { modelSpec } from '../../src/network/spec.ts';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import { findExample } from '../../src/tasks/example.ts';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';

type Inputs = Record<string, unknown>;
type CheckLength = ServedModel['network']['checkLength'];

/** A model of these inputs, as far as examples look at it. */
function serve(inputs: Inputs, more: object = {}, checkLength: CheckLength = null): ServedModel {
  const network = { layers: [{ type: 'recurrent', cell: 'gru', units: 3 }] };
  const spec = modelSpec.parse({ schema: 1, name: 'm', task: 'predict', inputs, network, ...more });
  const vocabulary = spec.inputs.kind === 'text' ? createVocabulary(spec.inputs) : null;
  return { name: 'm', spec, vocabulary, network: { checkLength } } as never;
}

/** Whether what reads requests takes the example that is made of the model's inputs. */
async function check(model: ServedModel): Promise<void> {
  const example = findExample(model);
  expect(example).not.toBeNull();
  await checkExample({ ...model, spec: { ...model.spec, example: example! } });
}

const text = (tokens: readonly string[], more: object = {}): Inputs => ({
  kind: 'text',
  vocabulary: 'characters',
  tokens,
  ...more,
});

describe('the example that is made', () => {
  it.each([
    ['characters', text(['e', 't', 'a', 'o', 'n', 'i', 's']), 'etaoni'],
    ['characters and what stands between', text(['\n', ' ', '.', 'b', 'c']), 'bcbcbc'],
    [
      'words',
      text(['<pad>', '<unk>', 'the', ',', 'of'], { vocabulary: 'words', unknown: 1 }),
      'the of the of the of',
    ],
    [
      'ids that are written as numbers',
      text(['0', '1', '2'], { vocabulary: 'words', normalize: 'none' }),
      '0 1 2 0 1 2',
    ],
    ['the only token that a text has', text(['A', 'b'], { lowercase: true }), 'bbbbbb'],
    ['letters that combine, one by one', text(['\u1100', '\u1161']), '\u1100'.repeat(6)],
    [
      'tokens that no text has, in a list',
      text(['two words'], { vocabulary: 'words' }),
      [Array<string>(6).fill('two words')],
    ],
    ['an unknown token where there is no other', text(['�'], { unknown: 0 }), 'aaaaaa'],
    [
      'an unknown word where there is no other',
      text(['[UNK]'], { vocabulary: 'words', unknown: 0 }),
      'a a a a a a',
    ],
  ])('has %s', async (_, inputs, expected) => {
    const model = serve(inputs);
    expect(findExample(model)).toEqual({ input: expected });
    await check(model);
  });

  it('has no step that is padding', async () => {
    const model = serve(text(['a', 'b', 'c']), { padding: 0 });
    expect(findExample(model)).toEqual({ input: 'bcbcbc' });
    await check(serve({ kind: 'numeric', features: [{ name: 'x' }] }, { padding: 0.5 }));
  });

  it('is a prompt for a model that generates, and leaves its start and end out', () => {
    const generates = { task: 'generate' };
    expect(findExample(serve(text(['s', 'e', 'x', 'y'], { start: 0, end: 1 }), generates))).toEqual({
      prompt: 'xyxyxy',
      max_tokens: 20,
    });
    const words = { vocabulary: 'words', start: 0 };
    expect(findExample(serve(text(['<s>', 'two words'], words), generates))).toEqual({ max_tokens: 20 });
  });

  it('has as many values as the model has features, in their units', () => {
    const features = [{ name: 'a', mean: 1234.5, scale: 100 }, { name: 'b' }];
    expect(findExample(serve({ kind: 'numeric', features }))).toEqual({
      input: [
        [1280, -0.5],
        [1180, 0.3],
        [1260, 0.5],
      ],
    });
  });

  it('has as many steps as the network supports', () => {
    const only =
      (supported: (steps: number) => boolean): CheckLength =>
      (steps) => {
        if (!supported(steps)) throw new UnrollError('input_mismatch', 'not so many');
      };
    const inputs = { kind: 'numeric', features: [{ name: 'x' }] };
    const steps = (check: CheckLength): number | undefined =>
      (findExample(serve(inputs, {}, check))?.['input'] as number[][] | undefined)?.length;
    expect(steps(only((count) => count === 1))).toBe(1);
    expect(steps(only((count) => count >= 7))).toBe(7);
    expect(steps(only((count) => count === 512))).toBe(512);
    expect(steps(only(() => false))).toBeUndefined();
  });

  it('is what the author gives, where there is one', () => {
    const example = { input: 'abc' };
    expect(findExample(serve(text(['a']), { example }))).toEqual(example);
  });

  it('is read by what reads requests, whatever the vocabulary or the features', async () => {
    const token = fc.oneof(
      fc.string({ unit: 'grapheme-composite', minLength: 1, maxLength: 3 }),
      fc.constantFrom(' ', '\n', '[UNK]', 'A', 'a', 'Σ', 'ﬁ', '\u0301', '가', 'one-two', '3.14'),
    );
    const texts = fc
      .record({
        tokens: fc.uniqueArray(
          token.filter((one) => one.isWellFormed()),
          { minLength: 1, maxLength: 12 },
        ),
        vocabulary: fc.constantFrom('characters', 'words', 'whitespace'),
        lowercase: fc.constantFrom(true, false, 'ascii'),
        normalize: fc.constantFrom('none', 'NFC', 'NFKC'),
        stripPunctuation: fc.boolean(),
        length: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      })
      .map((settings) => ({ kind: 'text', ...settings, unknown: settings.tokens.length - 1 }));
    const numbers = fc
      .array(
        fc.record({
          mean: fc.double({ noNaN: true, noDefaultInfinity: true }),
          scale: fc.double({ min: 1e-30, max: 1e30, noNaN: true }),
        }),
        { minLength: 1, maxLength: 5 },
      )
      .map((features) => ({
        kind: 'numeric',
        features: features.map(({ mean, scale }, k) => ({ name: `x${k}`, mean: mean % 1e30, scale })),
      }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(texts, numbers), (inputs) => check(serve(inputs))),
      { numRuns: 500 },
    );
  });
});
