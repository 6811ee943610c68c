import { relu, tanh } from './activations.ts';
import type { Cell } from './recurrent.ts';

/** Plain recurrent cell (Elman 1990): h' = tanh or relu of (W x + b + R h). */
export const rnnCell = (activation: 'tanh' | 'relu'): Cell => ({
  name: `rnn_${activation}`,
  phases: [
    {
      start: ['pre'],
      operand: 'h',
      update: (f, e, [h], at) => {
        (activation === 'tanh' ? tanh : relu)(f, e, h!);
        h!.forEach((value, v) => f.store(at.y, value, v * 16));
      },
    },
  ],
});
