import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import { fma, load, vmul, vsub } from '../assembler/expressions.ts';
import { optionsLabel, usualOptions, type CellOptions } from '../cell-options.ts';
import { panelBytes } from './emitter.ts';
import type { Cell, RowAddresses } from './recurrent.ts';
import { squashGates } from './squash-gates.ts';

// h' = (1 − z)·n + z·h = n + z·(h − n); gates r, z, n.

/** Stores h' from the update gate and the candidate. */
function blend(f: FunctionBuilder, z: readonly V128Local[], n: readonly V128Local[], at: RowAddresses): void {
  const h = n.map((candidate, v) => f.v128(fma(z[v]!, vsub(load(at.h, v * 16), candidate), candidate)));
  h.forEach((value, v) => f.store(at.y, value, v * 16));
}

/** Reset after the product (cuDNN, PyTorch): n = tanh(pre_n + r·(R_n h + b_n)). */
export function gruResetAfterCellWith(options: CellOptions): Cell {
  const { gate, candidate } = squashGates(options);
  return {
    name: `gru_after${optionsLabel(options)}`,
    phases: [
      {
        start: ['pre', 'pre', 'bias'],
        operand: 'h',
        update: (f, e, [r, z, n], at) => {
          gate(f, e, r!);
          n!.forEach((sum, v) => f.set(sum, fma(r![v]!, sum, load(at.pre, 2 * panelBytes + v * 16))));
          candidate(f, e, n!);
          gate(f, e, z!);
          blend(f, z!, n!, at);
        },
      },
    ],
  };
}

/** Reset before the product (Cho et al. 2014): n = tanh(pre_n + R_n (r·h)). Two products, the second over r·h. */
export function gruResetBeforeCellWith(options: CellOptions): Cell {
  const { gate, candidate } = squashGates(options);
  return {
    name: `gru_before${optionsLabel(options)}`,
    phases: [
      {
        start: ['pre', 'pre'],
        operand: 'h',
        update: (f, e, [r, z], at) => {
          gate(f, e, r!);
          const reset = r!.map((one, v) => f.v128(vmul(one, load(at.h, v * 16))));
          reset.forEach((value, v) => f.store(at.reset, value, v * 16));
          gate(f, e, z!);
          z!.forEach((value, v) => f.store(at.update, value, v * 16));
        },
      },
      {
        start: ['pre'],
        operand: 'reset',
        update: (f, e, [n], at) => {
          candidate(f, e, n!);
          const z = n!.map((_, v) => f.v128(load(at.update, v * 16)));
          blend(f, z, n!, at);
        },
      },
    ],
  };
}

export const gruResetAfterCell: Cell = gruResetAfterCellWith(usualOptions);
export const gruResetBeforeCell: Cell = gruResetBeforeCellWith(usualOptions);
