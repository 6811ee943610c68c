import { add, fma, fnma, load, vadd, vmul, vsub } from '../kernel/assembler/expressions.ts';
import type { FunctionBuilder, V128Local } from '../kernel/assembler/function-builder.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import { panelBytes, panelVectors, countPanels } from '../kernel/layout.ts';
import type { RowAddresses } from '../kernel/emit/sweep.ts';
import { gateActivations } from './activations.ts';
import type { Cell } from './cell.ts';

/**
 * GRU with the reset gate before the recurrent product (Cho et al. 2014).
 * r, z = σ(W x + b + R h + b')   n = tanh(W x + b + R (r·h) + b')   h' = (1 − z)·n + z·h
 * Two products, the second over r·h.
 */
export const gruResetBefore: Cell = {
  name: 'gru_before',
  gates: [
    { name: 'reset', product: 'combined_bias', activation: 'gate' },
    { name: 'update', product: 'combined_bias', activation: 'gate' },
    { name: 'candidate', product: 'combined_bias', activation: 'candidate' },
  ],
  states: ['h'],
  activations: ['gate', 'candidate'],
  supports: ['clip'],
  sources: {
    pytorch: 'GRU',
    // z r h, both
    keras: { className: 'GRU', cudnnClassName: 'CuDNNGRU', gateOrder: [1, 0, 2] },
    onnx: { operator: 'GRU', gateOrder: [1, 0, 2] },
  },

  phases: (options) => {
    const { gate, candidate } = gateActivations(options);
    return [
      {
        name: 'gates',
        gates: ['reset', 'update'],
        operand: 'h',
        update: (f, e, [r, z], at) => {
          gate(f, e, r!);
          const reset = r!.map((one, v) => f.v128(vmul(one, load(at.h, v * 16))));
          reset.forEach((value, v) => f.store(at.reset, value, v * 16));
          gate(f, e, z!);
          z!.forEach((value, v) => f.store(at.update, value, v * 16));
        },
        record: {
          values: (f, [r], at) =>
            r!.forEach((value, v) => f.store(at.c, vmul(value, load(at.h, v * 16)), v * 16)),
        },
        backward: {
          rows: ['gates', 'h', 'dReset', 'carry', 'dSums'],
          count: 'rows',
          recurrentGradient: 'dSums',
          emit: emitGatesBackward,
        },
      },
      {
        name: 'candidate',
        gates: ['candidate'],
        operand: 'reset',
        update: (f, e, [n], at) => {
          candidate(f, e, n!);
          const z = n!.map((_, v) => f.v128(load(at.update, v * 16)));
          emitBlend(f, z, n!, at);
        },
        backward: {
          rows: ['gates', 'h', 'dy', 'dh', 'carry', 'dSums'],
          count: 'rows',
          recurrentGradient: 'dSums',
          emit: emitCandidateBackward,
        },
      },
    ];
  },

  step({ sum, gate, candidate, add: plus, mul, complement }, { h, c }) {
    const r = gate(sum('reset', h));
    const z = gate(sum('update', h));
    const n = candidate(sum('candidate', mul(r, h)));
    return { h: plus(mul(complement(z), n), mul(z, h)), c };
  },
};

/** Stores h' = n + z·(h − n). */
export function emitBlend(
  f: FunctionBuilder,
  z: readonly V128Local[],
  n: readonly V128Local[],
  at: RowAddresses,
): void {
  const h = n.map((candidate, v) => f.v128(fma(z[v]!, vsub(load(at.h, v * 16), candidate), candidate)));
  h.forEach((value, v) => f.store(at.y, value, v * 16));
}

// In a row of gates are r and z of every group of 16 units, then n of every group: [groups][2][16],
// [groups][16].

/**
 * δn = δh·(1 − z)·(1 − n²)   δz = δh·(h − n)·z·(1 − z)
 * r stays as it was, carry is ∂L/∂h past the gates without the reset's share, dSums is δn again, packed for
 * the product.
 */
function emitCandidateBackward(e: Emitter, units: number): string {
  const groups = countPanels(units);
  const parameters = ['gates', 'h', 'dy', 'dh', 'carry', 'dSums', 'rows'] as const;
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
          f.store(p.gates, vmul(vmul(dh, vsub(load(p.h, v * 16), n)), fnma(z, z, z)), panelBytes + v * 16);
          const dn = f.v128(vmul(vmul(dh, vsub(one, z)), fnma(n, n, one)));
          f.store(nAt, dn, v * 16);
          f.store(p.dSums, dn, v * 16);
          f.store(p.carry, vmul(dh, z), v * 16);
        }
        f.advance(p.gates, 2 * panelBytes);
        for (const address of [nAt, p.h, p.dy, p.dh, p.carry, p.dSums]) f.advance(address, panelBytes);
      });
      f.set(p.gates, nAt);
    });
  });
}

/** With dReset = Rᵀ δn:  δr = dReset·h·r·(1 − r); carry gains dReset·r. */
function emitGatesBackward(e: Emitter, units: number): string {
  const groups = countPanels(units);
  const parameters = ['gates', 'h', 'dReset', 'carry', 'dSums', 'rows'] as const;
  return e.module.function(`gru_before_reset_${groups}`, parameters, (f, p) => {
    f.repeat(p.rows, () => {
      f.repeat(f.i32(groups), () => {
        for (let v = 0; v < panelVectors; v++) {
          const r = f.v128(load(p.gates, v * 16));
          const dReset = f.v128(load(p.dReset, v * 16));
          const dr = f.v128(vmul(vmul(dReset, load(p.h, v * 16)), fnma(r, r, r)));
          f.store(p.gates, dr, v * 16);
          f.store(p.dSums, dr, v * 16);
          f.store(p.dSums, load(p.gates, panelBytes + v * 16), panelBytes + v * 16);
          f.store(p.carry, vadd(load(p.carry, v * 16), vmul(dReset, r)), v * 16);
        }
        f.advance(p.gates, 2 * panelBytes);
        f.advance(p.dSums, 2 * panelBytes);
        for (const address of [p.h, p.dReset, p.carry]) f.advance(address, panelBytes);
      });
      f.advance(p.gates, groups * panelBytes);
    });
  });
}
