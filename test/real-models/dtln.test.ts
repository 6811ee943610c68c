import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type ServerProcess } from '../e2e/server-process.ts';
import { addRealModel, readRealJson } from './files.ts';

// DTLN, a speech denoiser, served from its own two ONNX files, block by block with its state.

const root = mkdtempSync(join(tmpdir(), 'unroll-graphs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Step {
  readonly mag: number[];
  readonly mask: number[];
  readonly est: number[];
  readonly out: number[];
}
interface Predicted {
  readonly predictions: { readonly output: number[][] }[];
}

describe('DTLN computes 20 blocks as onnxruntime does', () => {
  let server: ServerProcess;
  const expected = readRealJson('dtln/expected_lcg12345_20steps.json') as Step[];
  beforeAll(async () => {
    for (const part of [1, 2]) addRealModel(root, `dtln-${part}`, `dtln/model_${part}.onnx`);
    serveKeras();
    server = await startServer(root);
  });
  afterAll(() => server.stop());

  it.each([
    ['dtln-1', 'mag', 'mask', 'LSTM operators'],
    ['dtln-2', 'est', 'out', 'the same cell written out in products'],
    ['dtln-1-keras', 'mag', 'mask', 'layers of model.json, weights of Keras’ h5'],
    ['dtln-2-keras', 'est', 'out', 'convolutions, norm and a product of two layers, weights of Keras’ h5'],
  ] as const)('%s: %s to %s, %s', async (model, from, to, _how) => {
    const { predictions } = await server.ask<Predicted>(`/v1/models/${model}/predict`, {
      input: expected.map((step) => step[from]),
    });
    const { output } = predictions[0]!;
    const worst = Math.max(
      ...expected.flatMap((step, t) => step[to].map((value, k) => Math.abs(value - output[t]![k]!))),
    );
    expect(worst).toBeLessThan(1e-5);
    expect(Math.max(...expected.flatMap((step) => step[to].map(Math.abs)))).toBeGreaterThan(0.01);
  });
});

/** The same networks described in model.json, with the weights that Keras saved. */
function serveKeras(): void {
  const cell = (ours: string, theirs: string): [string, object | 0][] => {
    const array = (name: string): string => `${theirs}/${theirs}/${name}:0`;
    const part = (name: string): string => `${ours}.0.forward.${name}`;
    return [
      [part('weight_ih'), { array: array('kernel'), transpose: true, gates: 'keras' }],
      [part('weight_hh'), { array: array('recurrent_kernel'), transpose: true, gates: 'keras' }],
      [part('bias_ih'), { array: array('bias'), gates: 'keras' }],
      [part('bias_hh'), 0],
    ];
  };
  const matrix = (ours: string, theirs: string, bias: boolean): [string, object | string | 0][] => [
    [`${ours}.weight`, { array: `${theirs}/${theirs}/kernel:0`, transpose: true }],
    [`${ours}.bias`, bias ? `${theirs}/${theirs}/bias:0` : 0],
  ];
  const features = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `x${i}` }));
  const serve = (
    name: string,
    width: number,
    layers: object[],
    tensors: [string, object | string | 0][],
  ): void => {
    const spec = {
      task: 'predict',
      inputs: { kind: 'numeric', features: features(width) },
      network: { layers },
      weights: { file: 'model.h5', tensors: Object.fromEntries(tensors) },
    };
    addRealModel(root, name, 'dtln/model.h5', { spec });
  };
  const lstm = { type: 'recurrent', cell: 'lstm', units: 128 };
  serve(
    'dtln-1-keras',
    257,
    [
      { ...lstm, name: 'a' },
      { ...lstm, name: 'b' },
      { type: 'dense', name: 'mask', units: 257, activation: 'sigmoid' },
    ],
    [...cell('a', 'lstm'), ...cell('b', 'lstm_1'), ...matrix('mask', 'dense', true)],
  );
  serve(
    'dtln-2-keras',
    512,
    [
      { type: 'dense', name: 'encoded', units: 256 },
      { type: 'layer_norm', name: 'norm', epsilon: 1e-7 },
      { ...lstm, name: 'a' },
      { ...lstm, name: 'b' },
      { type: 'dense', name: 'mask', units: 256, activation: 'sigmoid' },
      { type: 'multiply', name: 'masked', inputs: ['encoded', 'mask'] },
      { type: 'dense', name: 'decoded', units: 512 },
    ],
    [
      ...matrix('encoded', 'conv1d', false),
      ['norm.weight', 'layer_normalization/layer_normalization/gamma:0'],
      ['norm.bias', 'layer_normalization/layer_normalization/beta:0'],
      ...cell('a', 'lstm_2'),
      ...cell('b', 'lstm_3'),
      ...matrix('mask', 'dense_1', true),
      ...matrix('decoded', 'conv1d_1', false),
    ],
  );
}
