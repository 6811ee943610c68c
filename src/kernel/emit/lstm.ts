import { fma, load, vmul } from '../assembler/expressions.ts';
import { sigmoid, tanh } from './activations.ts';
import type { Cell } from './recurrent.ts';

/**
 * LSTM with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000); gates i, f, g, o.
 * c' = f·c + i·g    h' = o·tanh(c')
 */
export const lstmCell: Cell = {
  name: 'lstm',
  phases: [
    {
      start: ['pre', 'pre', 'pre', 'pre'],
      operand: 'h',
      update: (f, e, [i, forget, g, o], at) => {
        sigmoid(f, e, i!);
        sigmoid(f, e, forget!);
        tanh(f, e, g!);
        const c = forget!.map((keep, v) => f.v128(fma(keep, load(at.c, v * 16), vmul(i![v]!, g![v]!))));
        c.forEach((value, v) => f.store(at.c, value, v * 16));
        tanh(f, e, c);
        sigmoid(f, e, o!);
        const h = c.map((value, v) => f.v128(vmul(o![v]!, value)));
        h.forEach((value, v) => f.store(at.y, value, v * 16));
      },
    },
  ],
};
