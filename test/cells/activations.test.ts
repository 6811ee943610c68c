import { describe, expect, it } from 'vitest';
import { emitActivation, emitClip } from '../../src/cells/activations.ts';
import type { CellActivation } from '../../src/cells/options.ts';
import { activation as reference } from '../../src/cells/reference-activations.ts';
import { elementwise, overAllFloats } from '../kernel/emit/floats.ts';

// alpha and beta are float32 numbers, as an ONNX file has them.
const f = Math.fround;
const activations: CellActivation[] = [
  { type: 'softsign', alpha: 0, beta: 0 },
  { type: 'softplus', alpha: 0, beta: 0 },
  { type: 'affine', alpha: f(0.7), beta: f(-0.3) },
  { type: 'leaky_relu', alpha: f(0.01), beta: 0 },
  { type: 'leaky_relu', alpha: -2, beta: 0 },
  { type: 'thresholded_relu', alpha: f(0.6), beta: 0 },
  { type: 'thresholded_relu', alpha: f(-0.4), beta: 0 },
  { type: 'scaled_tanh', alpha: f(1.7159), beta: f(2 / 3) },
  { type: 'hard_sigmoid', alpha: f(0.2), beta: 0.5 },
  { type: 'hard_sigmoid', alpha: f(1 / 6), beta: 0.5 },
  { type: 'elu', alpha: 1, beta: 0 },
  { type: 'elu', alpha: f(2.3), beta: 0 },
];

describe.each(activations)('$type of alpha $alpha, beta $beta over all float32', (activation) => {
  const exact = reference(activation);

  it('is within 2e-7 · max(1, |result|, |alpha|) of float64, NaN for NaN', () => {
    const least = Math.max(1, Math.abs(activation.alpha));
    let worst = 0;
    let wrongNaN = 0;
    overAllFloats(
      'auto',
      (g, e, x) => emitActivation(g, e, x, activation),
      (inputs, outputs) => {
        for (let i = 0; i < inputs.length; i++) {
          const x = inputs[i]!;
          const wanted = exact(x);
          if (Number.isNaN(x)) wrongNaN += Number.isNaN(outputs[i]!) ? 0 : 1;
          else if (outputs[i] !== f(wanted))
            worst = Math.max(worst, Math.abs(outputs[i]! - wanted) / Math.max(least, Math.abs(wanted)));
        }
      },
    );
    expect(wrongNaN).toBe(0);
    expect(worst).toBeLessThanOrEqual(2e-7);
  });

  it('has its limit at ±∞', () => {
    const run = elementwise('auto', (g, e, x) => emitActivation(g, e, x, activation));
    expect([...run(Float32Array.of(-Infinity, Infinity))].map((x) => x + 0)).toEqual(
      [exact(-Infinity), exact(Infinity)].map((x) => f(x) + 0),
    );
  });

  it('has the same bits on both kernel paths', () => {
    const inputs = Float32Array.from({ length: 65_536 }, (_, i) => (i - 32_768) / 2_000);
    const bits = (mode: 'plain' | 'auto'): Uint32Array =>
      new Uint32Array(
        elementwise(mode, (g, e, x) => emitActivation(g, e, x, activation))(inputs).slice().buffer,
      );
    expect(bits('auto')).toEqual(bits('plain'));
  });
});

describe('clip', () => {
  it('clamps to ± the limit, and keeps NaN', () => {
    const values = elementwise('auto', (g, _, x) => emitClip(g, x, 0.25))(
      Float32Array.of(-Infinity, -1, -0.25, 0.125, 7, Infinity, NaN),
    );
    expect([...values]).toEqual([-0.25, -0.25, -0.25, 0.125, 0.25, 0.25, NaN]);
  });
});
