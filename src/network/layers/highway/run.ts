import { padded } from '../../../kernel/layout.ts';
import type { RowLayerRun } from '../layer-run.ts';

interface Matrix {
  readonly weight: number;
  readonly bias: number;
}

export interface CompiledHighway {
  readonly kind: 'highway';
  readonly width: number;
  readonly gate: string;
  readonly candidate: string;
  readonly combine: string;
  readonly gateMatrix: Matrix;
  readonly matrix: Matrix;
}

/**
 * Rows whose gates are computed at a time: few enough that they are still in the cache when they are used.
 */
const gateRows = 96;

/** y [rows, padded(width)] ← g·f + (1 − g)·x. x [rows, padded(width)] */
export const run: RowLayerRun<CompiledHighway> = {
  acrossSteps: false,
  scratch: ({ width }) => ({ highway_gates: gateRows * padded(width) }),
  run({ width, gate, candidate, combine, gateMatrix, matrix }, { functions }, { x, y, rows, scratch }) {
    const gates = scratch('highway_gates');
    const stride = padded(width) * 4;
    for (let first = 0; first < rows; first += gateRows) {
      const count = Math.min(gateRows, rows - first);
      const [from, to] = [x[0]! + first * stride, y + first * stride];
      functions[gate]!(from, gateMatrix.weight, gateMatrix.bias, gates, count);
      functions[candidate]!(from, matrix.weight, matrix.bias, to, count);
      functions[combine]!(from, gates, to, count);
    }
  },
};
