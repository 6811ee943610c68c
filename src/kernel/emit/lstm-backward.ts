import type { V128Local } from '../assembler/function-builder.ts';
import { fma, fnma, load, vadd, vmul } from '../assembler/expressions.ts';
import { tanh } from './activations.ts';
import { panelBytes, panelVectors, type Emitter } from './emitter.ts';

/**
 * Emits one LSTM step backwards for `groups` ≥ 1 groups of 16 units (rows × groups of a row, one after another).
 * gates [groups][4][16] in: i, f, g, o; out: the gradients of their sums before squashing
 * c, before [groups][16]  c' and c of the step    dy [groups][16]  ∂L/∂h' from above
 * dh [groups][16]  ∂L/∂h' from the step after     dc [groups][16]  ∂L/∂c' from the step after; out: ∂L/∂c
 *
 * c' = f·c + i·g, h' = o·tanh(c'):  δc' = dc + δh·o·(1 − tanh²c')  δi = δc'·g  δf = δc'·c  δg = δc'·i  δo = δh·tanh c'
 */
export function emitLstmBackward(e: Emitter): string {
  const parameters = ['gates', 'c', 'before', 'dy', 'dh', 'dc', 'groups'] as const;
  return e.module.function('lstm_backward', parameters, (f, p) => {
    const one = f.v128(e.constant(1));
    f.repeat(p.groups, () => {
      const squashed = Array.from({ length: panelVectors }, (_, v) => f.v128(load(p.c, v * 16)));
      tanh(f, e, squashed);
      squashed.forEach((tanhC, v) => {
        const gate = (index: number): V128Local => f.v128(load(p.gates, index * panelBytes + v * 16));
        const i = gate(0);
        const forget = gate(1);
        const g = gate(2);
        const o = gate(3);
        const dh = f.v128(vadd(load(p.dy, v * 16), load(p.dh, v * 16)));
        const dc = f.v128(fma(vmul(dh, o), fnma(tanhC, tanhC, one), load(p.dc, v * 16)));
        const sums = [
          vmul(vmul(dc, g), fnma(i, i, i)),
          vmul(vmul(dc, load(p.before, v * 16)), fnma(forget, forget, forget)),
          vmul(vmul(dc, i), fnma(g, g, one)),
          vmul(vmul(dh, tanhC), fnma(o, o, o)),
        ];
        sums.forEach((sum, index) => f.store(p.gates, sum, index * panelBytes + v * 16));
        f.store(p.dc, vmul(dc, forget), v * 16);
      });
      f.advance(p.gates, 4 * panelBytes);
      for (const address of [p.c, p.before, p.dy, p.dh, p.dc]) f.advance(address, panelBytes);
    });
  });
}
