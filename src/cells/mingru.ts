import { fma, fnma, load, vadd, vmul, vsub } from '../kernel/assembler/expressions.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import { panelBytes, panelVectors } from '../kernel/layout.ts';
import { gateActivations } from './activations.ts';
import type { Cell } from './cell.ts';

/**
 * minGRU (Feng et al. 2024, "Were RNNs All We Needed?"). Its gates see the input alone, so it has no
 * recurrent tensors.
 * z = σ(W x + b)   n = W x + b   h' = (1 − z)·h + z·n
 */
export const mingru: Cell = {
  name: 'mingru',
  gates: [
    { name: 'update', product: 'none', activation: 'gate' },
    { name: 'candidate', product: 'none', activation: null },
  ],
  states: ['h'],
  activations: ['gate'],
  supports: [],
  sources: {},

  phases: (options) => {
    const { gate } = gateActivations(options);
    return [
      {
        name: 'gates',
        gates: ['update', 'candidate'],
        operand: 'h',
        update: (f, e, [z, n], at) => {
          gate(f, e, z!);
          const before = z!.map((_, v) => f.v128(load(at.h, v * 16)));
          const h = before.map((value, v) => f.v128(fma(z![v]!, vsub(n![v]!, value), value)));
          h.forEach((value, v) => f.store(at.y, value, v * 16));
        },
        backward: {
          rows: ['gates', 'h', 'dy', 'carry'],
          count: 'groups',
          recurrentGradient: 'gates',
          emit: emitBackward,
        },
      },
    ];
  },

  step({ input, gate, add, mul, complement }, { h, c }) {
    const z = gate(input('update'));
    return { h: add(mul(complement(z), h), mul(z, input('candidate'))), c };
  },
};

/** δz = δh·(n − h)·z·(1 − z)   δn = δh·z   carry = δh·(1 − z) */
function emitBackward(e: Emitter): string {
  const parameters = ['gates', 'h', 'dy', 'carry', 'groups'] as const;
  return e.module.function('mingru_backward', parameters, (f, p) => {
    f.repeat(p.groups, () => {
      for (let v = 0; v < panelVectors; v++) {
        const z = f.v128(load(p.gates, v * 16));
        const n = f.v128(load(p.gates, panelBytes + v * 16));
        const dh = f.v128(vadd(load(p.dy, v * 16), load(p.carry, v * 16)));
        f.store(p.gates, vmul(vmul(dh, vsub(n, load(p.h, v * 16))), fnma(z, z, z)), v * 16);
        f.store(p.gates, vmul(dh, z), panelBytes + v * 16);
        f.store(p.carry, fnma(dh, z, dh), v * 16);
      }
      f.advance(p.gates, 2 * panelBytes);
      for (const address of [p.h, p.dy, p.carry]) f.advance(address, panelBytes);
    });
  });
}
