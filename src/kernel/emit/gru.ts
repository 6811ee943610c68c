import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import { fma, load, vmul, vsub } from '../assembler/expressions.ts';
import { sigmoid, tanh } from './activations.ts';
import { panelBytes } from './emitter.ts';
import type { Cell, RowAddresses } from './recurrent.ts';

// h' = (1 − z)·n + z·h = n + z·(h − n); gates r, z, n.

/** Stores h' from the update gate and the candidate. */
function blend(f: FunctionBuilder, z: readonly V128Local[], n: readonly V128Local[], at: RowAddresses): void {
  const h = n.map((candidate, v) => f.v128(fma(z[v]!, vsub(load(at.h, v * 16), candidate), candidate)));
  h.forEach((value, v) => f.store(at.y, value, v * 16));
}

/** Reset after the product (cuDNN, PyTorch): n = tanh(pre_n + r·(R_n h + b_n)). */
export const gruResetAfterCell: Cell = {
  name: 'gru_after',
  phases: [
    {
      start: ['pre', 'pre', 'bias'],
      operand: 'h',
      update: (f, e, [r, z, n], at) => {
        sigmoid(f, e, r!);
        n!.forEach((sum, v) => f.set(sum, fma(r![v]!, sum, load(at.pre, 2 * panelBytes + v * 16))));
        tanh(f, e, n!);
        sigmoid(f, e, z!);
        blend(f, z!, n!, at);
      },
    },
  ],
};

/** Reset before the product (Cho et al. 2014): n = tanh(pre_n + R_n (r·h)). Two products, the second over r·h. */
export const gruResetBeforeCell: Cell = {
  name: 'gru_before',
  phases: [
    {
      start: ['pre', 'pre'],
      operand: 'h',
      update: (f, e, [r, z], at) => {
        sigmoid(f, e, r!);
        const reset = r!.map((gate, v) => f.v128(vmul(gate, load(at.h, v * 16))));
        reset.forEach((value, v) => f.store(at.reset, value, v * 16));
        sigmoid(f, e, z!);
        z!.forEach((value, v) => f.store(at.update, value, v * 16));
      },
    },
    {
      start: ['pre'],
      operand: 'reset',
      update: (f, e, [n], at) => {
        tanh(f, e, n!);
        const z = n!.map((_, v) => f.v128(load(at.update, v * 16)));
        blend(f, z, n!, at);
      },
    },
  ],
};
