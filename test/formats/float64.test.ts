import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldWeightNorm } from '../../src/formats/pytorch/fold-weight-norm.ts';
import { listRoundingNotes, type FileArray } from '../../src/formats/arrays.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { expectAnswer, type Answer } from './expect-answer.ts';

// Weights of float64 in every format that has them (golden/make-float64-files.py).

const golden = join(import.meta.dirname, '../golden');
const read = (file: string) => readImportedFile(readFileSync(join(golden, file)));
const answer = (
  JSON.parse(readFileSync(join(golden, 'float64-files/answers.json'), 'utf8')) as { net: Answer }
).net;

describe('weights of float64', () => {
  it.each([
    'state.pt',
    'legacy.pt',
    'arrays.npz',
    'arrays.safetensors',
    'arrays.h5',
    'scripted.pt',
    'frozen.pt',
  ])('of %s are noted to be rounded', async (file) => {
    const { notes } = await read(`float64-files/${file}`);
    expect(notes).toEqual(['6 of 6 tensors are of float64: their numbers are rounded to float32']);
  });

  it.each(['state.pt', 'legacy.pt', 'arrays.npz', 'arrays.safetensors', 'scripted.pt', 'frozen.pt'])(
    'of %s give PyTorch’s answer within the tolerance of float32',
    async (file) => {
      expectAnswer((await read(`float64-files/${file}`)).network(), answer);
    },
  );

  it.each(['state-dicts/arrays.npz', 'state-dicts/arrays.safetensors', 'keras-files/classifier.h5'])(
    'are not noted for %s, which is of float32',
    async (file) => {
      expect((await read(file)).notes).toEqual([]);
    },
  );

  it('are counted once where weight_norm has two arrays for one', () => {
    const vector = (...values: number[]): FileArray => ({
      shape: [values.length],
      values: Float32Array.from(values),
      rounded: true,
    });
    const folded = foldWeightNorm(
      new Map([
        ['w_g', { ...vector(2), shape: [] }],
        ['w_v', vector(3, 4)],
      ]),
    );
    expect(listRoundingNotes(folded)).toEqual([expect.stringMatching(/^1 of 1 tensors/)]);
  });
});
