import { add, fnma, load, vadd, vmul, vsub } from '../assembler/expressions.ts';
import { panelBytes, panelVectors, panelsFor, type Emitter } from './emitter.ts';

// A GRU with reset before the product goes back in two parts, with a product between them. In a row of gates stand r and z
// of every group of 16 units, then n of every group: [groups][2][16], [groups][16].
//
// h' = (1 − z)·n + z·h, n = tanh(W_n x + b + R_n (r·h)):
// δn = δh·(1 − z)·(1 − n²)  δz = δh·(h − n)·z·(1 − z)  δreset = R_nᵀ δn  δr = δreset·h·r·(1 − r)

/**
 * Emits what comes before the product for `rows` ≥ 1 rows.
 * gates [rows][3·width] in: r, z, n; out: z and n are the gradients of their sums before squashing, r as it was
 * before [rows][width] h of the step    dy, dh, carry [rows][width]  ∂L/∂h' from above, through the product of the step
 * after, and past its gates; out: carry is ∂L/∂h past the gates, without the reset's share
 * dn [rows][width] out: the candidate's gradient again, packed for the product
 */
export function emitGruBeforeBackward(e: Emitter, units: number): string {
  const groups = panelsFor(units);
  const parameters = ['gates', 'before', 'dy', 'dh', 'carry', 'dn', 'rows'] as const;
  return e.module.function(`gru_before_backward_${groups}`, parameters, (f, p) => {
    const one = f.v128(e.constant(1));
    const nAt = f.i32();
    f.repeat(p.rows, () => {
      f.set(nAt, add(p.gates, 2 * groups * panelBytes));
      f.repeat(f.i32(groups), () => {
        for (let v = 0; v < panelVectors; v++) {
          const z = f.v128(load(p.gates, panelBytes + v * 16));
          const n = f.v128(load(nAt, v * 16));
          const dh = f.v128(vadd(vadd(load(p.dy, v * 16), load(p.dh, v * 16)), load(p.carry, v * 16)));
          f.store(
            p.gates,
            vmul(vmul(dh, vsub(load(p.before, v * 16), n)), fnma(z, z, z)),
            panelBytes + v * 16,
          );
          const dn = f.v128(vmul(vmul(dh, vsub(one, z)), fnma(n, n, one)));
          f.store(nAt, dn, v * 16);
          f.store(p.dn, dn, v * 16);
          f.store(p.carry, vmul(dh, z), v * 16);
        }
        f.advance(p.gates, 2 * panelBytes);
        for (const address of [nAt, p.before, p.dy, p.dh, p.carry, p.dn]) f.advance(address, panelBytes);
      });
      f.set(p.gates, nAt);
    });
  });
}

/**
 * Emits what comes after it. gates as above; out: r is its gradient    dReset [rows][width]  R_nᵀ δn
 * carry [rows][width] out: ∂L/∂h past all gates    back [rows][2·width] out: the gradients of R_r h + b and R_z h + b
 */
export function emitGruBeforeReset(e: Emitter, units: number): string {
  const groups = panelsFor(units);
  const parameters = ['gates', 'before', 'dReset', 'carry', 'back', 'rows'] as const;
  return e.module.function(`gru_before_reset_${groups}`, parameters, (f, p) => {
    f.repeat(p.rows, () => {
      f.repeat(f.i32(groups), () => {
        for (let v = 0; v < panelVectors; v++) {
          const r = f.v128(load(p.gates, v * 16));
          const dReset = f.v128(load(p.dReset, v * 16));
          const dr = f.v128(vmul(vmul(dReset, load(p.before, v * 16)), fnma(r, r, r)));
          f.store(p.gates, dr, v * 16);
          f.store(p.back, dr, v * 16);
          f.store(p.back, load(p.gates, panelBytes + v * 16), panelBytes + v * 16);
          f.store(p.carry, vadd(load(p.carry, v * 16), vmul(dReset, r)), v * 16);
        }
        f.advance(p.gates, 2 * panelBytes);
        f.advance(p.back, 2 * panelBytes);
        for (const address of [p.before, p.dReset, p.carry]) f.advance(address, panelBytes);
      });
      f.advance(p.gates, groups * panelBytes);
    });
  });
}
