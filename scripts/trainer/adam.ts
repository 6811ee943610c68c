import type { Parameter } from './parameter.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** Adam (Kingma and Ba 2015, algorithm 1). A step updates every value and clears every gradient. */
export function createAdam(parameters: readonly Parameter[]): (rate: number) => void {
  const moments = parameters.map(({ value }) => ({
    first: new Float32Array(value.values.length),
    second: new Float32Array(value.values.length),
  }));
  let step = 0;
  return (rate) => {
    step++;
    const correction = Math.sqrt(1 - beta2 ** step);
    const scaled = (rate * correction) / (1 - beta1 ** step);
    const floor = epsilon * correction;
    parameters.forEach(({ value, gradient }, p) => {
      const { first, second } = moments[p]!;
      const values = value.values;
      const slopes = gradient.values;
      for (let k = 0; k < values.length; k++) {
        const slope = slopes[k]!;
        const m = beta1 * first[k]! + (1 - beta1) * slope;
        const v = beta2 * second[k]! + (1 - beta2) * slope * slope;
        first[k] = m;
        second[k] = v;
        values[k]! -= (scaled * m) / (Math.sqrt(v) + floor);
        slopes[k] = 0;
      }
    });
  };
}
