import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type ServerProcess } from './server-process.ts';

// DTLN, a speech denoiser of others, served from its own two ONNX files, block by block with its state. It is not a part of the
// project: UNROLL_REAL_MODELS says where it is.

const real = process.env['UNROLL_REAL_MODELS'] ?? join(import.meta.dirname, '../../../shared/real');
const there = existsSync(join(real, 'dtln'));
if (!there) console.log('DTLN is not here (UNROLL_REAL_MODELS): it is not tested');

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

describe.runIf(there)('DTLN, ONNX: 20 blocks as onnxruntime computes them', () => {
  let server: ServerProcess;
  const expected = there
    ? (JSON.parse(readFileSync(join(real, 'dtln/expected_lcg12345_20steps.json'), 'utf8')) as Step[])
    : [];
  beforeAll(async () => {
    for (const part of [1, 2]) {
      const folder = join(root, `dtln-${part}`, '1');
      mkdirSync(folder, { recursive: true });
      copyFileSync(join(real, `dtln/model_${part}.onnx`), join(folder, 'model.onnx'));
    }
    server = await startServer(root);
  });
  afterAll(() => server.stop());

  it.each([
    ['dtln-1', 'mag', 'mask', 'LSTM operators'],
    ['dtln-2', 'est', 'out', 'the same cell written out in products'],
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
