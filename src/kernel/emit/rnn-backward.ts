import { fnma, load, pmax, pmin, vadd, vmul } from '../assembler/expressions.ts';
import { panelBytes, panelVectors, type Emitter } from './emitter.ts';

/**
 * Emits one step of a plain recurrent cell backwards for `groups` ≥ 1 groups of 16 units.
 * gates [groups][16] in: h'; out: the gradient of its sum before squashing
 * dy [groups][16]  ∂L/∂h' from above    dh [groups][16]  ∂L/∂h' from the step after
 *
 * tanh: δ = δh·(1 − h'²)    relu: δ = δh where h' > 0, else 0
 */
export function emitRnnBackward(e: Emitter, activation: 'tanh' | 'relu'): string {
  const parameters = ['gates', 'dy', 'dh', 'groups'] as const;
  return e.module.function(`rnn_${activation}_backward`, parameters, (f, p) => {
    const one = f.v128(e.constant(1));
    const zero = f.v128(e.constant(0));
    const huge = f.v128(e.constant(3e38));
    f.repeat(p.groups, () => {
      for (let v = 0; v < panelVectors; v++) {
        const h = f.v128(load(p.gates, v * 16));
        const dh = f.v128(vadd(load(p.dy, v * 16), load(p.dh, v * 16)));
        // 1 for what is above zero, however little: h'·3e38·3e38 is at least 1 for every positive float32
        const slope =
          activation === 'tanh' ? fnma(h, h, one) : pmin(one, pmax(zero, vmul(vmul(h, huge), huge)));
        f.store(p.gates, vmul(dh, slope), v * 16);
      }
      for (const address of [p.gates, p.dy, p.dh]) f.advance(address, panelBytes);
    });
  });
}
