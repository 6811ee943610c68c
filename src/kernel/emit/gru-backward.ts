import type { V128Local } from '../assembler/function-builder.ts';
import { fnma, load, vadd, vmul, vsub } from '../assembler/expressions.ts';
import { panelBytes, panelVectors, type Emitter } from './emitter.ts';

/**
 * Emits one step of a GRU with reset after the product backwards, for `groups` ≥ 1 groups of 16 units.
 * gates [groups][3][16] in: r, z, n; out: the gradients of their sums before squashing
 * hidden [groups][16]  R_n h + b_n as the forward pass kept it    before [groups][16]  h of the step
 * dy [groups][16]  ∂L/∂h' from above    dh [groups][16]  ∂L/∂h' through the recurrent product of the step after
 * carry [groups][16]  ∂L/∂h' past the gates of the step after; out: the same for the step before
 * back [groups][3][16]  out: the gradients of R h + b; they differ from those of W x + b in n
 *
 * h' = (1 − z)·n + z·h, n = tanh(W_n x + b + r·hidden):
 * δn = δh·(1 − z)·(1 − n²)  δz = δh·(h − n)·z·(1 − z)  δhidden = δn·r  δr = δn·hidden·r·(1 − r)
 */
export function emitGruBackward(e: Emitter): string {
  const parameters = ['gates', 'hidden', 'before', 'dy', 'dh', 'carry', 'back', 'groups'] as const;
  return e.module.function('gru_after_backward', parameters, (f, p) => {
    const one = f.v128(e.constant(1));
    f.repeat(p.groups, () => {
      for (let v = 0; v < panelVectors; v++) {
        const gate = (index: number): V128Local => f.v128(load(p.gates, index * panelBytes + v * 16));
        const r = gate(0);
        const z = gate(1);
        const n = gate(2);
        const dh = f.v128(vadd(vadd(load(p.dy, v * 16), load(p.dh, v * 16)), load(p.carry, v * 16)));
        const dn = f.v128(vmul(vmul(dh, vsub(one, z)), fnma(n, n, one)));
        const dz = f.v128(vmul(vmul(dh, vsub(load(p.before, v * 16), n)), fnma(z, z, z)));
        const dr = f.v128(vmul(vmul(dn, load(p.hidden, v * 16)), fnma(r, r, r)));
        [dr, dz, dn].forEach((sum, index) => f.store(p.gates, sum, index * panelBytes + v * 16));
        [dr, dz, vmul(dn, r)].forEach((sum, index) => f.store(p.back, sum, index * panelBytes + v * 16));
        f.store(p.carry, vmul(dh, z), v * 16);
      }
      for (const address of [p.gates, p.back]) f.advance(address, 3 * panelBytes);
      for (const address of [p.hidden, p.before, p.dy, p.dh, p.carry]) f.advance(address, panelBytes);
    });
  });
}
