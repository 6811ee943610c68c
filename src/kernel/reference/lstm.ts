import { usualOptions } from '../cell-options.ts';
import { squash, squashWithin } from './cell-activations.ts';
import { fromInput, fromState, gateOf, type CellStep } from './cell.ts';

/**
 * LSTM with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000). Gates i, f, g, o.
 * i, f, o = σ(W x + b + R h + b')   g = tanh(W x + b + R h + b')   c' = f·c + i·g   h' = o·tanh(c')
 * With peepholes the sums of i and f have P·c, that of o has P·c'. With an input-forget gate f = 1 − i.
 */
export const lstmStep: CellStep = (weights, x, { h, c }, options = usualOptions) => {
  const units = h.length;
  const gate = squashWithin(options.gate, options.clip);
  const candidate = squashWithin(options.candidate, options.clip);
  const peep = (which: number, u: number, cell: number): number =>
    options.peepholes ? weights.peephole![which * units + u]! * cell : 0;
  const hidden = fromState(weights, h);
  const sums = fromInput(weights, x).map((sum, row) => sum + hidden[row]!);
  const i = gateOf(sums, 0, units).map((sum, u) => gate(sum + peep(0, u, c[u]!)));
  const f = options.inputForget
    ? i.map((open) => 1 - open)
    : gateOf(sums, 1, units).map((sum, u) => gate(sum + peep(1, u, c[u]!)));
  const g = gateOf(sums, 2, units).map(candidate);
  const next = c.map((cell, u) => f[u]! * cell + i[u]! * g[u]!);
  const o = gateOf(sums, 3, units).map((sum, u) => gate(sum + peep(2, u, next[u]!)));
  return { h: next.map((cell, u) => o[u]! * squash(options.output)(cell)), c: next };
};
