import { fma, fnma, load, vadd, vmul, vsub, type V128 } from '../kernel/assembler/expressions.ts';
import type { FunctionBuilder, V128Local } from '../kernel/assembler/function-builder.ts';
import { loadConstant, tanh } from '../kernel/emit/activations.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import { panelBytes, panelVectors } from '../kernel/layout.ts';
import type { RowAddresses } from '../kernel/emit/sweep.ts';
import { emitActivation, gateActivations } from './activations.ts';
import type { Cell } from './cell.ts';

const peepholes = ['input', 'forget', 'output'] as const;

/**
 * LSTM with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000).
 * i, f, o = σ(W x + b + R h + b')   g = tanh(W x + b + R h + b')   c' = f·c + i·g   h' = o·tanh(c')
 * With peepholes (Gers and Schmidhuber 2000) the sums of i and f have P·c, that of o has P·c'. With
 * `input_forget` f = 1 − i. The forget gate's bias starts at 1 (Jozefowicz et al. 2015).
 */
export const lstm: Cell = {
  name: 'lstm',
  gates: [
    { name: 'input', product: 'combined_bias', activation: 'gate' },
    { name: 'forget', product: 'combined_bias', activation: 'gate', initialBias: 1 },
    { name: 'candidate', product: 'combined_bias', activation: 'candidate' },
    { name: 'output', product: 'combined_bias', activation: 'gate' },
  ],
  states: ['h', 'c'],
  activations: ['gate', 'candidate', 'output'],
  supports: ['clip', 'input_forget', 'peepholes'],
  peepholes,
  sources: {
    pytorch: 'LSTM',
    // i f c o
    keras: { className: 'LSTM', cudnnClassName: 'CuDNNLSTM', gateOrder: [0, 1, 2, 3] },
    // i o f c
    onnx: { operator: 'LSTM', gateOrder: [0, 2, 3, 1] },
  },

  phases: (options) => {
    const { gate, candidate } = gateActivations(options);
    const { output, inputForget } = options;
    const peep = options.peepholes ? emitPeephole : (): void => {};
    return [
      {
        name: 'gates',
        gates: ['input', 'forget', 'candidate', 'output'],
        operand: 'h',
        update: (f, e, [i, forget, g, o], at) => {
          const before = (v: number): V128 => load(at.c, v * 16);
          peep(f, i!, 'input', before, at);
          gate(f, e, i!);
          if (inputForget) {
            const one = loadConstant(f, e, 1);
            forget!.forEach((keep, v) => f.set(keep, vsub(one, i![v]!)));
          } else {
            peep(f, forget!, 'forget', before, at);
            gate(f, e, forget!);
          }
          candidate(f, e, g!);
          const c = forget!.map((keep, v) => f.v128(fma(keep, load(at.c, v * 16), vmul(i![v]!, g![v]!))));
          c.forEach((value, v) => f.store(at.c, value, v * 16));
          peep(f, o!, 'output', (v) => c[v]!, at);
          emitActivation(f, e, c, output);
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

  step({ sum, peephole, gate, candidate, output, add, mul, complement, inputForget }, { h, c }) {
    const i = gate(peephole('input', sum('input', h), c));
    const f = inputForget ? complement(i) : gate(peephole('forget', sum('forget', h), c));
    const g = candidate(sum('candidate', h));
    const next = add(mul(f, c), mul(i, g));
    const o = gate(peephole('output', sum('output', h), next));
    return { h: mul(o, output(next)), c: next };
  },
};

/** sum ← sum + P·c */
function emitPeephole(
  f: FunctionBuilder,
  sum: readonly V128Local[],
  gate: (typeof peepholes)[number],
  c: (v: number) => V128,
  { constants }: RowAddresses,
): void {
  const at = peepholes.indexOf(gate) * panelBytes;
  sum.forEach((value, v) => f.set(value, fma(load(constants, at + v * 16), c(v), value)));
}

/**
 * δc' = carry + δh·o·(1 − tanh²c')   δi = δc'·g·i·(1 − i)   δf = δc'·c·f·(1 − f)   δg = δc'·i·(1 − g²)
 * δo = δh·tanh c'·o·(1 − o)
 */
function emitBackward(e: Emitter): string {
  const parameters = ['gates', 'recorded', 'c', 'dy', 'dh', 'carry', 'groups'] as const;
  return e.module.function('lstm_backward', parameters, (f, p) => {
    const one = f.v128(e.constant(1));
    f.repeat(p.groups, () => {
      const outputs = Array.from({ length: panelVectors }, (_, v) => f.v128(load(p.recorded, v * 16)));
      tanh(f, e, outputs);
      outputs.forEach((tanhC, v) => {
        const gate = (index: number): V128Local => f.v128(load(p.gates, index * panelBytes + v * 16));
        const i = gate(0);
        const forget = gate(1);
        const g = gate(2);
        const o = gate(3);
        const dh = f.v128(vadd(load(p.dy, v * 16), load(p.dh, v * 16)));
        const dc = f.v128(fma(vmul(dh, o), fnma(tanhC, tanhC, one), load(p.carry, v * 16)));
        const sums = [
          vmul(vmul(dc, g), fnma(i, i, i)),
          vmul(vmul(dc, load(p.c, v * 16)), fnma(forget, forget, forget)),
          vmul(vmul(dc, i), fnma(g, g, one)),
          vmul(vmul(dh, tanhC), fnma(o, o, o)),
        ];
        sums.forEach((sum, index) => f.store(p.gates, sum, index * panelBytes + v * 16));
        f.store(p.carry, vmul(dc, forget), v * 16);
      });
      f.advance(p.gates, 4 * panelBytes);
      for (const address of [p.recorded, p.c, p.dy, p.dh, p.carry]) f.advance(address, panelBytes);
    });
  });
}
