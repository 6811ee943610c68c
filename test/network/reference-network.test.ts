import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import { networkSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';
import { network, runAlone, createTestRunner } from './random-network.ts';

interface Golden {
  title: string;
  layers: unknown[];
  weights: Record<string, { shape: number[]; values: number[] }>;
  input: number[] | number[][];
  output: number[][];
}

const goldens = JSON.parse(
  readFileSync(new URL('../golden/torch.json', import.meta.url), 'utf8'),
) as Golden[];

/** Largest difference over all steps; float32 sums in PyTorch's order are some 1e-7 off. */
const worst = (seen: readonly ArrayLike<number>[], golden: number[][]): number =>
  Math.max(...golden.flatMap((row, t) => row.map((value, k) => Math.abs(value - seen[t]![k]!))));

describe.each(goldens)('PyTorch: $title', ({ layers, weights: tensors, input, output }) => {
  const spec = networkSpec.parse({ layers });
  const weights: Weights = new Map(
    Object.entries(tensors).map(([name, { shape, values }]) => [
      name,
      { shape, values: Float32Array.from(values) },
    ]),
  );

  it('the reference agrees at every step', () => {
    const sequence = input.map((step) => (typeof step === 'number' ? step : Float64Array.from(step)));
    const { output: seen } = referenceNetwork(spec, weights, sequence as number[] | Float64Array[]);
    expect(seen.length).toBe(output.length);
    expect(worst(seen, output)).toBeLessThan(1e-6);
  });

  it('the kernel agrees at every step', () => {
    const sequence =
      typeof input[0] === 'number' ? Int32Array.from(input as number[]) : Float32Array.from(input.flat());
    const seen = runAlone(createTestRunner(spec, weights), sequence);
    expect(seen.length).toBe(output.length);
    expect(worst(seen, output)).toBeLessThan(2e-6);
  });
});

describe('a graph of layers', () => {
  it('runs concat, add, multiply, pools and dropout by their definitions', () => {
    const spec = network([
      { type: 'dense', name: 'double', units: 2 },
      { type: 'dropout', rate: 0.9 },
      { type: 'add', name: 'sum', inputs: ['input', 'dropout_1'] },
      { type: 'pool', name: 'mean', mode: 'mean' },
      { type: 'pool', name: 'max', inputs: ['sum'], mode: 'max' },
      { type: 'multiply', name: 'product', inputs: ['max', 'input', 'input'] },
      { type: 'concat', inputs: ['mean', 'max', 'product'] },
    ]);
    const weights: Weights = new Map([
      ['double.weight', { shape: [2, 2], values: Float32Array.of(2, 0, 0, 2) }],
      ['double.bias', { shape: [2], values: Float32Array.of(0, 1) }],
    ]);
    const { output, layers } = referenceNetwork(spec, weights, [
      Float64Array.of(1, 1),
      Float64Array.of(-1, 3),
    ]);
    expect(output.map((row) => [...row])).toEqual([
      [3, 4, 3, 4, 3, 4],
      [0, 7, 3, 10, 3, 90],
    ]);
    expect(layers.get('sum')!.map((row) => [...row])).toEqual([
      [3, 4],
      [-3, 10],
    ]);
  });
});
