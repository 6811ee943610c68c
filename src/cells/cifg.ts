import { fma, fnma, load, vadd, vmul, vsub } from '../kernel/assembler/expressions.ts';
import type { V128Local } from '../kernel/assembler/function-builder.ts';
import { loadConstant, tanh } from '../kernel/emit/activations.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import { panelBytes, panelVectors } from '../kernel/layout.ts';
import { emitActivation, gateActivations } from './activations.ts';
import type { Cell } from './cell.ts';

/**
 * LSTM with coupled input and forget gates (CIFG; Greff et al. 2015, "LSTM: A Search Space Odyssey"), without
 * peepholes.
 * i, o = σ(W x + b + R h + b')   g = tanh(W x + b + R h + b')   c' = (1 − i)·c + i·g   h' = o·tanh(c')
 * The input gate's bias starts at −1, which opens the forget gate as an LSTM's bias of 1 does.
 */
export const cifg: Cell = {
  name: 'cifg',
  gates: [
    { name: 'input', product: 'combined_bias', activation: 'gate', initialBias: -1 },
    { name: 'candidate', product: 'combined_bias', activation: 'candidate' },
    { name: 'output', product: 'combined_bias', activation: 'gate' },
  ],
  states: ['h', 'c'],
  activations: ['gate', 'candidate', 'output'],
  supports: ['clip'],
  sources: {},

  phases: (options) => {
    const { gate, candidate } = gateActivations(options);
    return [
      {
        name: 'gates',
        gates: ['input', 'candidate', 'output'],
        operand: 'h',
        update: (f, e, [i, g, o], at) => {
          gate(f, e, i!);
          candidate(f, e, g!);
          const one = loadConstant(f, e, 1);
          const c = i!.map((open, v) => f.v128(fma(vsub(one, open), load(at.c, v * 16), vmul(open, g![v]!))));
          c.forEach((value, v) => f.store(at.c, value, v * 16));
          emitActivation(f, e, c, options.output);
          gate(f, e, o!);
          const h = c.map((value, v) => f.v128(vmul(o![v]!, value)));
          h.forEach((value, v) => f.store(at.y, value, v * 16));
        },
        backward: {
          rows: ['gates', 'recorded', 'c', 'dy', 'dh', 'carry'],
          count: 'groups',
          recurrentGradient: 'gates',
          emit: emitBackward,
        },
      },
    ];
  },

  step({ sum, gate, candidate, output, add, mul, complement }, { h, c }) {
    const i = gate(sum('input', h));
    const g = candidate(sum('candidate', h));
    const next = add(mul(complement(i), c), mul(i, g));
    return { h: mul(gate(sum('output', h)), output(next)), c: next };
  },
};

/**
 * δc' = carry + δh·o·(1 − tanh²c')   δi = δc'·(g − c)·i·(1 − i)   δg = δc'·i·(1 − g²)
 * δo = δh·tanh c'·o·(1 − o)
 */
function emitBackward(e: Emitter): string {
  const parameters = ['gates', 'recorded', 'c', 'dy', 'dh', 'carry', 'groups'] as const;
  return e.module.function('cifg_backward', parameters, (f, p) => {
    const one = f.v128(e.constant(1));
    f.repeat(p.groups, () => {
      const outputs = Array.from({ length: panelVectors }, (_, v) => f.v128(load(p.recorded, v * 16)));
      tanh(f, e, outputs);
      outputs.forEach((tanhC, v) => {
        const gate = (index: number): V128Local => f.v128(load(p.gates, index * panelBytes + v * 16));
        const [i, g, o] = [gate(0), gate(1), gate(2)];
        const dh = f.v128(vadd(load(p.dy, v * 16), load(p.dh, v * 16)));
        const dc = f.v128(fma(vmul(dh, o), fnma(tanhC, tanhC, one), load(p.carry, v * 16)));
        const sums = [
          vmul(vmul(dc, vsub(g, load(p.c, v * 16))), fnma(i, i, i)),
          vmul(vmul(dc, i), fnma(g, g, one)),
          vmul(vmul(dh, tanhC), fnma(o, o, o)),
        ];
        sums.forEach((sum, index) => f.store(p.gates, sum, index * panelBytes + v * 16));
        f.store(p.carry, fnma(dc, i, dc), v * 16);
      });
      f.advance(p.gates, 3 * panelBytes);
      for (const address of [p.recorded, p.c, p.dy, p.dh, p.carry]) f.advance(address, panelBytes);
    });
  });
}
