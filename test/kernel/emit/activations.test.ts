import { describe, expect, it } from 'vitest';
import { exp, relu, sigmoid, tanh } from '../../../src/kernel/emit/activations.ts';
import { elementwise, overAllFloats, special } from './floats.ts';

const exact = {
  tanh: Math.tanh,
  // 1 / (1 + e^−x) in float64, from the side that does not overflow
  sigmoid: (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
};

describe.each([
  ['tanh', tanh, exact.tanh],
  ['sigmoid', sigmoid, exact.sigmoid],
] as const)('%s over all float32', (_, emitted, reference) => {
  it('is within 2e-7 of float64, NaN for NaN', () => {
    let worst = 0;
    let wrongNaN = 0;
    overAllFloats('auto', emitted, (inputs, outputs) => {
      for (let i = 0; i < inputs.length; i++) {
        const x = inputs[i]!;
        if (Number.isNaN(x)) wrongNaN += Number.isNaN(outputs[i]!) ? 0 : 1;
        else worst = Math.max(worst, Math.abs(outputs[i]! - reference(x)));
      }
    });
    expect(wrongNaN).toBe(0);
    expect(worst).toBeLessThanOrEqual(2e-7);
  });

  it('has its limit at ±∞', () => {
    const [low, high] = elementwise('auto', emitted)(Float32Array.of(-Infinity, Infinity));
    expect(low).toBe(reference(-Infinity));
    expect(high).toBe(1);
  });
});

describe('tanh', () => {
  it('keeps a relative error of 4e-7, also next to zero', () => {
    let worst = 0;
    overAllFloats('auto', tanh, (inputs, outputs) => {
      for (let i = 0; i < inputs.length; i++) {
        const exactly = Math.tanh(inputs[i]!);
        if (Math.abs(exactly) > 1.2e-38) worst = Math.max(worst, Math.abs(outputs[i]! / exactly - 1));
      }
    });
    expect(worst).toBeLessThanOrEqual(4e-7);
  });
});

describe('exp', () => {
  it('is within 2.5e-7 relative where the result is normal', () => {
    let worst = 0;
    overAllFloats(
      'auto',
      (f, e, x) => exp(f, e, x),
      (inputs, outputs) => {
        for (let i = 0; i < inputs.length; i++) {
          const x = inputs[i]!;
          if (x > -87.3 && x < 88.3) worst = Math.max(worst, Math.abs(outputs[i]! / Math.exp(x) - 1));
        }
      },
    );
    expect(worst).toBeLessThanOrEqual(2.5e-7);
  });

  it('is 0 at −∞, ∞ at ∞, 1 at 0 and NaN at NaN', () => {
    const values = elementwise('auto', (f, e, x) => exp(f, e, x))(
      Float32Array.of(-Infinity, Infinity, 0, -0, NaN),
    );
    expect([...values]).toEqual([0, Infinity, 1, 1, NaN]);
  });
});

describe('relu', () => {
  it('is max(x, 0) with NaN kept', () => {
    const values = elementwise('auto', relu)(Float32Array.of(...special, NaN, Infinity, -Infinity));
    expect([...values].map((x) => x + 0)).toEqual(
      [...special, NaN, Infinity, -Infinity].map((x) => (x > 0 ? x : Number.isNaN(x) ? NaN : 0)),
    );
  });
});

describe('both kernel paths', () => {
  it.each([
    ['tanh', tanh],
    ['sigmoid', sigmoid],
  ] as const)('give the same bits for %s', (_, emitted) => {
    const inputs = Float32Array.from({ length: 65_536 }, (__, i) => (i - 32_768) / 2_000);
    const plain = new Uint32Array(elementwise('plain', emitted)(inputs).slice().buffer);
    const auto = new Uint32Array(elementwise('auto', emitted)(inputs).slice().buffer);
    expect(auto).toEqual(plain);
  });
});
