import type { Parameter } from './layer.ts';

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled weight decay (Loshchilov and Hutter 2019): share of a matrix taken away per unit of rate. */
  readonly decay?: number;
}

/**
 * Adam (Kingma and Ba 2015).
 * @returns one update: `rate` is the step size, `scale` multiplies the gradients first (clipping)
 */
export function createAdam(
  parameters: readonly Parameter[],
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0 }: AdamOptions = {},
): (rate: number, scale?: number) => void {
  const moments = parameters.map(({ values }) => ({
    first: new Float32Array(values.length),
    second: new Float32Array(values.length),
  }));
  let updates = 0;

  return (rate, scale = 1) => {
    updates++;
    const firstBias = 1 - beta1 ** updates;
    const secondBias = 1 - beta2 ** updates;
    parameters.forEach(({ values, gradient, decays }, index) => {
      const { first, second } = moments[index]!;
      const kept = decays ? 1 - rate * decay : 1;
      for (let i = 0; i < values.length; i++) {
        const slope = gradient[i]! * scale;
        const m = beta1 * first[i]! + (1 - beta1) * slope;
        const v = beta2 * second[i]! + (1 - beta2) * slope * slope;
        first[i] = m;
        second[i] = v;
        values[i] = kept * values[i]! - (rate * (m / firstBias)) / (Math.sqrt(v / secondBias) + epsilon);
      }
    });
  };
}
