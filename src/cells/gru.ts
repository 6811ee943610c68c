import { fma, fnma, load, vadd, vmul, vsub } from '../kernel/assembler/expressions.ts';
import type { V128Local } from '../kernel/assembler/function-builder.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import { panelBytes, panelVectors } from '../kernel/layout.ts';
import { gateActivations } from './activations.ts';
import type { Cell } from './cell.ts';
import { emitBlend, gruResetBefore } from './gru-reset-before.ts';

/**
 * GRU with the reset gate after the recurrent product (as cuDNN and PyTorch have it).
 * r, z = σ(W x + b + R h + b')   n = tanh(W x + b + r·(R h + b'))   h' = (1 − z)·n + z·h
 */
export const gru: Cell = {
  ...gruResetBefore,
  name: 'gru_after',
  gates: [
    { name: 'reset', product: 'combined_bias', activation: 'gate' },
    { name: 'update', product: 'combined_bias', activation: 'gate' },
    { name: 'candidate', product: 'separate_bias', activation: 'candidate' },
  ],
  resetBefore: gruResetBefore,

  phases: (options) => {
    const { gate, candidate } = gateActivations(options);
    return [
      {
        name: 'gates',
        gates: ['reset', 'update', 'candidate'],
        operand: 'h',
        update: (f, e, [r, z, n], at) => {
          gate(f, e, r!);
          n!.forEach((sum, v) => f.set(sum, fma(r![v]!, sum, load(at.pre, 2 * panelBytes + v * 16))));
          candidate(f, e, n!);
          gate(f, e, z!);
          emitBlend(f, z!, n!, at);
        },
        record: { sums: (f, [, , n], at) => n!.forEach((sum, v) => f.store(at.c, sum, v * 16)) },
        backward: {
          rows: ['gates', 'recorded', 'h', 'dy', 'dh', 'carry', 'dSums'],
          count: 'groups',
          recurrentGradient: 'dSums',
          emit: emitBackward,
        },
      },
    ];
  },

  step({ input, product, sum, gate, candidate, add, mul, complement }, { h, c }) {
    const r = gate(sum('reset', h));
    const z = gate(sum('update', h));
    const n = candidate(add(input('candidate'), mul(r, product('candidate', h))));
    return { h: add(mul(complement(z), n), mul(z, h)), c };
  },
};

/**
 * With what was recorded, u = R h + b' of the candidate:
 * δn = δh·(1 − z)·(1 − n²)   δz = δh·(h − n)·z·(1 − z)   δu = δn·r   δr = δn·u·r·(1 − r)
 */
function emitBackward(e: Emitter): string {
  const parameters = ['gates', 'recorded', 'h', 'dy', 'dh', 'carry', 'dSums', 'groups'] as const;
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
        const dz = f.v128(vmul(vmul(dh, vsub(load(p.h, v * 16), n)), fnma(z, z, z)));
        const dr = f.v128(vmul(vmul(dn, load(p.recorded, v * 16)), fnma(r, r, r)));
        [dr, dz, dn].forEach((sum, index) => f.store(p.gates, sum, index * panelBytes + v * 16));
        [dr, dz, vmul(dn, r)].forEach((sum, index) => f.store(p.dSums, sum, index * panelBytes + v * 16));
        f.store(p.carry, vmul(dh, z), v * 16);
      }
      for (const address of [p.gates, p.dSums]) f.advance(address, 3 * panelBytes);
      for (const address of [p.recorded, p.h, p.dy, p.dh, p.carry]) f.advance(address, panelBytes);
    });
  });
}
