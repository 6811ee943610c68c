import type { Weights } from '../../src/network/weights.ts';

// The textbook equations of every cell in float64, written for themselves, with the value of every gate.

/** One step: h, c where the cell has it, and gates by name. Each [units]. */
export interface ReferenceInside {
  readonly hidden: readonly number[];
  readonly cell: readonly number[];
  readonly gates: Readonly<Record<string, readonly number[]>>;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** @param prefix of the tensors' names @param x [steps][width] */
export function referenceInside(
  cell: { cell: string; reset?: string; activation?: string },
  units: number,
  weights: Weights,
  prefix: string,
  x: readonly ArrayLike<number>[],
): ReferenceInside[] {
  const tensor = (name: string): Float32Array =>
    weights.get(`${prefix}.${name}`)?.values ?? new Float32Array(0);
  const product = (matrix: Float32Array, bias: Float32Array, gate: number, v: ArrayLike<number>): number[] =>
    Array.from({ length: units }, (_, unit) => {
      const row = gate * units + unit;
      let sum = bias[row]!;
      for (let k = 0; k < v.length; k++) sum += matrix[row * v.length + k]! * v[k]!;
      return sum;
    });
  const input = (gate: number, v: ArrayLike<number>): number[] =>
    product(tensor('weight_ih'), tensor('bias_ih'), gate, v);
  const recurrent = (gate: number, h: readonly number[]): number[] =>
    product(tensor('weight_hh'), tensor('bias_hh'), gate, h);
  const each = (f: (unit: number) => number): number[] => Array.from({ length: units }, (_, unit) => f(unit));

  let h = each(() => 0);
  let c = each(() => 0);
  const step = (v: ArrayLike<number>): Readonly<Record<string, readonly number[]>> => {
    const sum = (gate: number, before = h): number[] => {
      const [a, b] = [input(gate, v), recurrent(gate, before)];
      return each((u) => a[u]! + b[u]!);
    };
    if (cell.cell === 'lstm') {
      const [i, f, o] = [sum(0).map(sigmoid), sum(1).map(sigmoid), sum(3).map(sigmoid)];
      const g = sum(2).map(Math.tanh);
      c = each((u) => f[u]! * c[u]! + i[u]! * g[u]!);
      h = each((u) => o[u]! * Math.tanh(c[u]!));
      return { input: i, forget: f, candidate: g, output: o };
    }
    if (cell.cell === 'cifg') {
      const [i, o] = [sum(0).map(sigmoid), sum(2).map(sigmoid)];
      const g = sum(1).map(Math.tanh);
      c = each((u) => (1 - i[u]!) * c[u]! + i[u]! * g[u]!);
      h = each((u) => o[u]! * Math.tanh(c[u]!));
      return { input: i, candidate: g, output: o };
    }
    if (cell.cell === 'gru') {
      const [r, z] = [sum(0).map(sigmoid), sum(1).map(sigmoid)];
      const before = each((u) => r[u]! * h[u]!);
      const [a, b] = [input(2, v), recurrent(2, cell.reset === 'before' ? before : h)];
      const n = each((u) => Math.tanh(a[u]! + (cell.reset === 'before' ? 1 : r[u]!) * b[u]!));
      h = each((u) => (1 - z[u]!) * n[u]! + z[u]! * h[u]!);
      return { reset: r, update: z, candidate: n };
    }
    if (cell.cell === 'mingru') {
      const [z, n] = [input(0, v).map(sigmoid), input(1, v)];
      h = each((u) => (1 - z[u]!) * h[u]! + z[u]! * n[u]!);
      return { update: z, candidate: n };
    }
    h = sum(0).map(cell.activation === 'relu' ? (value) => Math.max(0, value) : Math.tanh);
    return {};
  };
  return x.map((v) => {
    const gates = step(v);
    return { hidden: h, cell: c, gates };
  });
}
