import { reorderPeepholes } from '../cells/gate-orders.ts';
import { getCellOptions } from '../cells/recurrent-options.ts';
import { referenceMath } from '../cells/reference-step.ts';
import { findCell } from '../cells/registry.ts';
import { createOperand, invalidOperator, type Operand } from './operand.ts';
import { textAttribute, type OperatorImplementation } from './operator.ts';
import { checkScale, fitScale, toUint8 } from './quantise.ts';
import { toForwardLayer } from './recurrent-weights.ts';
import { finish } from './slices.ts';
import { required } from './shape.ts';
import type { OperatorSpec } from './spec.ts';

// com.microsoft.DynamicQuantizeLSTM (onnxruntime's ContribOperators.md): an LSTM of int8 or uint8 weights. X
// of all steps and sequences is quantised at once, h of all sequences at every step, so that a sequence's
// numbers depend on those it runs with. X [steps, batch, in], W [directions, in, 4·units], R [directions,
// units, 4·units] with the gates i o f c, scales and zeros [directions] or [directions, 4·units], the rest as
// in LSTM; Y [steps, directions, batch, units], Y_h and Y_c [directions, batch, units].

const cell = findCell({ cell: 'lstm' });
const gateBlocks = new Map(cell.gates.map(({ name }, i) => [name, cell.sources.onnx!.gateOrder[i]!]));

/** One direction's matrix, [inner, columns], as integers without their zero, and their scales [columns]. */
interface QuantisedMatrix {
  readonly inner: number;
  readonly columns: number;
  readonly values: Float64Array;
  readonly scales: Float32Array;
}

function readMatrix(
  name: string,
  direction: number,
  [w, scale, zero]: readonly (Operand | undefined)[],
  [directions, inner, columns]: readonly [number, number, number],
): QuantisedMatrix {
  const [weights, scales, zeros] = [required(w), checkScale(required(scale)), required(zero)];
  const perColumn = scales.values.length > directions;
  if (weights.shape.join() !== [directions, inner, columns].join())
    invalidOperator(
      `${name} is [${weights.shape.join(', ')}], must be [${[directions, inner, columns].join(', ')}]`,
    );
  for (const one of [scales, zeros])
    if (one.shape.join() !== (perColumn ? [directions, columns] : [directions]).join())
      invalidOperator(`the scales and zero points of ${name} are [${one.shape.join(', ')}]`);
  if (!weights.known || !scales.known || !zeros.known) invalidOperator(`${name} must be quantised constants`);
  const size = perColumn ? columns : 1;
  const own = zeros.values.subarray(direction * size, (direction + 1) * size);
  if (own.some((value) => value !== own[0])) invalidOperator(`the zero points of ${name} differ`);
  const start = direction * inner * columns;
  return {
    inner,
    columns,
    values: Float64Array.from(weights.values.subarray(start, start + inner * columns), (q) => q - own[0]!),
    scales: Float32Array.from(
      { length: columns },
      (_, k) => scales.values[direction * size + (perColumn ? k : 0)]!,
    ),
  };
}

/** sums [rows, columns] ← sums + x [rows, inner] · W, with x quantised to uint8. */
function addProduct(x: Float32Array, w: QuantisedMatrix, sums: Float32Array): void {
  const { inner, columns, values, scales } = w;
  const fit = fitScale(x);
  const row = new Float64Array(columns);
  for (let r = 0; r * inner < x.length; r++) {
    row.fill(0);
    for (let k = 0; k < inner; k++) {
      const q = toUint8(x[r * inner + k]!, fit) - fit.zero;
      for (let c = 0; q !== 0 && c < columns; c++) row[c] = row[c]! + q * values[k * columns + c]!;
    }
    for (let c = 0; c < columns; c++)
      sums[r * columns + c] =
        sums[r * columns + c]! + Math.fround(row[c]! * Math.fround(fit.scale * scales[c]!));
  }
}

const dynamicQuantizeLstm: OperatorImplementation = (operator, inputs, context) => {
  const [x, , r, bias, lengths, h0, c0, peepholes] = inputs;
  const from = required(x);
  const [steps = 0, batch = 0, width = 0] = from.shape;
  const direction = textAttribute(operator, 'direction', 'forward');
  const directions = direction === 'bidirectional' ? 2 : 1;
  const units = required(r).shape[1] ?? 0;
  const columns = 4 * units;
  if (from.shape.length !== 3)
    invalidOperator(`X must have three dimensions, not [${from.shape.join(', ')}]`);
  for (const [name, one, size] of [
    ['B', bias, directions * 2 * columns],
    ['sequence_lens', lengths, batch],
    ['initial_h', h0, directions * batch * units],
    ['initial_c', c0, directions * batch * units],
    ['P', peepholes, directions * 3 * units],
  ] as const)
    if (one && one.values.length !== size)
      invalidOperator(`${name} is [${one.shape.join(', ')}], must have ${size} elements`);
  const y = createOperand(context, 'float', [steps, directions, batch, units]);
  const [yh, yc] = [1, 2].map(() => createOperand(context, 'float', [directions, batch, units]));
  const sweeps = Array.from({ length: directions }, (_, d) => ({
    w: readMatrix('W', d, [inputs[1], inputs[8], inputs[9]], [directions, width, columns]),
    r: readMatrix('R', d, [r, inputs[10], inputs[11]], [directions, units, columns]),
    options: getCellOptions(toForwardLayer(toLstm(operator), units, d, peepholes !== undefined), 'forward'),
    peephole:
      peepholes &&
      reorderPeepholes(
        {
          shape: [3 * units],
          values: Float32Array.from(peepholes.values.subarray(d * 3 * units, (d + 1) * 3 * units)),
        },
        cell,
        'onnx',
      ).values,
  }));

  function* runDirection(d: number): Generator<void> {
    const { w, r, options, peephole } = sweeps[d]!;
    const reversed = direction === 'reverse' || d === 1;
    const getLength = (b: number): number =>
      Math.min(steps, Math.max(0, lengths ? lengths.values[b]! : steps));
    const longest = Math.max(0, ...Array.from({ length: batch }, (_, b) => getLength(b)));
    const stepAt = (t: number, b: number): number =>
      reversed && t < getLength(b) ? getLength(b) - 1 - t : t;
    const rows = new Float32Array(longest * batch * width);
    for (let t = 0; t < longest; t++)
      for (let b = 0; b < batch; b++) {
        const start = (stepAt(t, b) * batch + b) * width;
        rows.set(from.values.subarray(start, start + width), (t * batch + b) * width);
      }
    const sums = new Float32Array(longest * batch * columns);
    addProduct(rows, w, sums);
    const state = (initial: Operand | undefined): Float32Array =>
      Float32Array.from({ length: batch * units }, (_, i) => initial?.values[d * batch * units + i] ?? 0);
    const [h, c] = [state(h0), state(c0)];
    for (const end of [yh!, yc!]) end.values.fill(0, d * batch * units, (d + 1) * batch * units);
    for (let t = 0; t < steps; t++) {
      const own = sums.subarray(t * batch * columns, (t + 1) * batch * columns);
      if (t < longest) addProduct(h, r, own);
      for (let b = 0; b < batch; b++) {
        const at = ((stepAt(t, b) * directions + d) * batch + b) * units;
        if (t >= getLength(b)) {
          // a sequence that has ended is zeros beside the others
          h.fill(0, b * units, (b + 1) * units);
          y.values.fill(0, at, at + units);
          continue;
        }
        const gateSums = (gate: string): Float64Array => {
          const block = gateBlocks.get(gate)! * units;
          return Float64Array.from({ length: units }, (_, u) => {
            const offset = d * 2 * columns + block + u;
            const shift = bias ? Math.fround(bias.values[offset]! + bias.values[offset + columns]!) : 0;
            return own[b * columns + block + u]! + shift;
          });
        };
        const zeros = (): Float64Array => new Float64Array(units);
        const math = referenceMath(cell, options, { input: gateSums, product: zeros }, peephole);
        const [first, last] = [b * units, (b + 1) * units];
        const next = cell.step(math, {
          h: Float64Array.from(h.subarray(first, last)),
          c: Float64Array.from(c.subarray(first, last)),
        });
        h.set(next.h, first);
        c.set(next.c, first);
        y.values.set(h.subarray(first, last), at);
        yh!.values.set(h.subarray(first, last), d * batch * units + first);
        yc!.values.set(c.subarray(first, last), d * batch * units + first);
      }
      yield;
    }
  }
  function* slices(): Generator<void> {
    for (const d of sweeps.keys()) yield* runDirection(d);
  }
  return { outputs: [y, yh!, yc!], slices, run: () => finish(slices()) };
};

const toLstm = (operator: OperatorSpec): OperatorSpec => ({ ...operator, operator: 'LSTM' });

export const quantisedRecurrent: Readonly<Record<string, OperatorImplementation>> = {
  'com.microsoft.DynamicQuantizeLSTM': dynamicQuantizeLstm,
};
