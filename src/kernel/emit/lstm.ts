import { fma, load, vmul, vsub, type V128 } from '../assembler/expressions.ts';
import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import { optionsLabel, usualOptions, type CellOptions } from '../cell-options.ts';
import { held } from './activations.ts';
import { squash } from './cell-activations.ts';
import { panelBytes } from './emitter.ts';
import type { Cell, RowAddresses } from './recurrent.ts';
import { squashGates } from './squash-gates.ts';

/**
 * LSTM with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000); gates i, f, g, o.
 * c' = f·c + i·g    h' = o·tanh(c')
 * With peepholes the sums of i and f have P·c, that of o has P·c'. With an input-forget gate f = 1 − i.
 */
export function lstmCellWith(options: CellOptions): Cell {
  const { gate, candidate } = squashGates(options);
  const { output, inputForget, peepholes } = options;
  return {
    name: `lstm${optionsLabel(options)}`,
    ...(peepholes && { constantPanels: 3 }),
    phases: [
      {
        start: ['pre', 'pre', 'pre', 'pre'],
        operand: 'h',
        update: (f, e, [i, forget, g, o], at) => {
          const before = (v: number): V128 => load(at.c, v * 16);
          if (peepholes) peep(f, i!, 'i', before, at);
          gate(f, e, i!);
          if (inputForget) {
            const one = held(f, e, 1);
            forget!.forEach((keep, v) => f.set(keep, vsub(one, i![v]!)));
          } else {
            if (peepholes) peep(f, forget!, 'f', before, at);
            gate(f, e, forget!);
          }
          candidate(f, e, g!);
          const c = forget!.map((keep, v) => f.v128(fma(keep, load(at.c, v * 16), vmul(i![v]!, g![v]!))));
          c.forEach((value, v) => f.store(at.c, value, v * 16));
          if (peepholes) peep(f, o!, 'o', (v) => c[v]!, at);
          squash(f, e, c, output);
          gate(f, e, o!);
          const h = c.map((value, v) => f.v128(vmul(o![v]!, value)));
          h.forEach((value, v) => f.store(at.y, value, v * 16));
        },
      },
    ],
  };
}

export const lstmCell: Cell = lstmCellWith(usualOptions);

/** Where a gate's weights stand among the layer's constants, by panel: the order of its tensor. */
const peepholePanel = { i: 0, f: 1, o: 2 } as const;

/** sum ← sum + P·c */
function peep(
  f: FunctionBuilder,
  sum: readonly V128Local[],
  gate: keyof typeof peepholePanel,
  c: (v: number) => V128,
  { bias }: RowAddresses,
): void {
  const at = peepholePanel[gate] * panelBytes;
  sum.forEach((value, v) => f.set(value, fma(load(bias, at + v * 16), c(v), value)));
}
