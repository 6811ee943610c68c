import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Arrays } from '../../../src/formats/arrays.ts';
import { stateDictToNetwork } from '../../../src/formats/pytorch/state-dict-to-network.ts';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import { runAlone, createTestRunner } from '../../network/random-network.ts';

// Files as PyTorch 1.13 saves them (golden/make-torch-files.py).

const folder = join(import.meta.dirname, '../../golden/torch-files');
const read = (name: string) => readImportedFile(readFileSync(join(folder, name)));
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, never> & {
  views: Record<string, { shape: number[]; values: number[] }>;
};
const worst = (rows: readonly ArrayLike<number>[], expected: readonly number[][]): number =>
  Math.max(...expected.flatMap((row, t) => row.map((value, k) => Math.abs(value - rows[t]![k]!))));
const part = (arrays: Arrays, name: string): Arrays =>
  new Map(
    [...arrays].flatMap(([key, array]) =>
      key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), array] as const] : [],
    ),
  );

const { format, arrays } = await read('recurrent.pt');

describe('a PyTorch file', () => {
  const cases = Object.entries(answers as Record<string, { x: number[][]; y: number[][] }>).filter(([name]) =>
    name.includes('layers='),
  );

  it('has 32 recurrent modules', () => {
    expect(format).toBe('PyTorch');
    expect(cases).toHaveLength(32);
  });

  it.each(cases)('%s', (name, { x, y }) => {
    // whether tanh or relu is not in the file
    if (name.startsWith('RNN'))
      return expect(() => stateDictToNetwork(part(arrays, name))).toThrow('a plain RNN');
    const { network, weights, input } = stateDictToNetwork(part(arrays, name));
    const rows = x.map((row) => Float64Array.from(row));
    expect(worst(referenceNetwork(network, weights, rows).output, y)).toBeLessThan(1e-6);
    const runner = createTestRunner(network, weights);
    expect(input).toEqual({ kind: 'features', width: 3 });
    expect(worst(runAlone(runner, Float32Array.from(x.flat())), y)).toBeLessThan(1e-5);
    runner.release();
  });

  it.each(['views.pt', 'views-legacy.pt'])(
    '%s: views with offsets and strides, numbers of any type',
    async (file) => {
      const views = (await read(file)).arrays;
      expect([...views.keys()]).toEqual(Object.keys(answers.views));
      for (const [name, { shape, values }] of views) {
        expect(shape, name).toEqual(answers.views[name]!.shape);
        answers.views[name]!.values.forEach((value, i) => expect(values[i], name).toBe(Math.fround(value)));
      }
    },
  );

  it.each([
    ['whole-module.pt', /__main__.*Tagger.*save model\.state_dict\(\)/],
    ['evil.pt', /posix\.system/],
    ['evil.pkl', /posix\.system/],
  ])('%s is refused with the name it refers to, without running any code', async (file, says) => {
    await expect(read(file)).rejects.toThrow(says);
    await expect(read(file)).rejects.toMatchObject({ code: 'invalid_weights' });
    expect(existsSync('evil-was-here')).toBe(false);
  });
});
