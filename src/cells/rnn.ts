import { fnma, load, pmax, pmin, vadd, vmul } from '../kernel/assembler/expressions.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import { panelBytes, panelVectors } from '../kernel/layout.ts';
import { gateActivations } from './activations.ts';
import type { Cell } from './cell.ts';
import { activationLabel, optionsLabel, usualOptions } from './options.ts';

/**
 * Plain recurrent cell (Elman 1990, "Finding structure in time").
 * h' = tanh(W x + b + R h + b'), or relu or another activation
 */
export const rnn: Cell = {
  name: 'rnn',
  gates: [{ name: 'candidate', product: 'combined_bias', activation: 'candidate' }],
  states: ['h'],
  activations: ['candidate'],
  supports: ['activation', 'clip'],
  sources: {
    pytorch: 'RNN',
    keras: { className: 'SimpleRNN', gateOrder: [0] },
    onnx: { operator: 'RNN', gateOrder: [0] },
  },
  label: (options) =>
    `rnn_${activationLabel(options.candidate)}${optionsLabel({ ...options, candidate: usualOptions.candidate })}`,

  phases: (options) => {
    const { candidate } = gateActivations(options);
    return [
      {
        name: 'candidate',
        gates: ['candidate'],
        operand: 'h',
        update: (f, e, [h], at) => {
          candidate(f, e, h!);
          h!.forEach((value, v) => f.store(at.y, value, v * 16));
        },
        backward: {
          rows: ['gates', 'dy', 'dh'],
          count: 'groups',
          recurrentGradient: 'gates',
          emit: (e) => emitBackward(e, options.candidate.type === 'relu' ? 'relu' : 'tanh'),
        },
      },
    ];
  },

  step: ({ sum, candidate }, { h, c }) => ({ h: candidate(sum('candidate', h)), c }),
};

/** tanh: δ = δh·(1 − h'²)    relu: δ = δh where h' > 0, else 0. The gate's value is h'. */
function emitBackward(e: Emitter, activation: 'tanh' | 'relu'): string {
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
