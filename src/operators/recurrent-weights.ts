import { reorderGates, reorderPeepholes, type Tensor } from '../cells/gate-orders.ts';
import { cellOfOperator, findCell } from '../cells/registry.ts';
import type { OperatorSpec } from './spec.ts';
import { maxUnits } from '../cells/max-units.ts';
import type { RecurrentFields } from '../cells/recurrent-fields.ts';
import { parseCellAttributes } from './cell-attributes.ts';
import { invalidOperator, type Operand } from './operand.ts';
import { numberAttribute, textAttribute } from './operator.ts';

// Reads an RNN, GRU or LSTM operator as recurrent layers: the fields and the weights of each direction.

/** The tensors of one direction, under the names of a recurrent layer's tensors. */
export type DirectionTensors = Readonly<Record<'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh', Tensor>> & {
  readonly peephole?: Tensor;
};

// written out rather than parsed: workers load no schema
const oneDirection = {
  activation: 'tanh',
  layers: 1,
  bidirectional: false,
  merge: 'concat',
  backward_at: 'step',
  recurrent_dropout: 0,
} as const;

/**
 * One direction of the operator as a layer that runs forward.
 * @throws UnrollError invalid_model where no cell supports it
 */
export function toForwardLayer(
  operator: OperatorSpec,
  units: number,
  direction: number,
  peepholes: boolean,
): RecurrentFields {
  const cell = cellOfOperator(operator.operator)!;
  const bidirectional = textAttribute(operator, 'direction', 'forward') === 'bidirectional';
  const {
    activations,
    backward_activations: backward,
    ...fields
  } = parseCellAttributes(operator, cell, bidirectional ? 'bidirectional' : 'forward');
  const ownActivations = direction === 1 ? (backward ?? activations) : activations;
  if (!Number.isInteger(units) || units < 1 || units > maxUnits)
    invalidOperator(`it has ${units} units, must have from 1 to ${maxUnits}`);
  const resetsBefore =
    findCell({ cell }).resetBefore !== undefined && numberAttribute(operator, 'linear_before_reset', 0) === 0;
  return {
    ...oneDirection,
    cell,
    units,
    reset: resetsBefore ? 'before' : 'after',
    ...fields,
    ...(ownActivations && { activations: ownActivations }),
    ...(peepholes && { peepholes }),
  };
}

/**
 * Reads the directions of a recurrent operator, whose weights must be constants.
 * W [directions, G·units, in]  R [directions, G·units, units]  B [directions, 2·G·units]  P [directions,
 * 3·units]
 * @throws UnrollError invalid_model where a weight is not constant or has another shape
 */
export function readRecurrentDirections(
  operator: OperatorSpec,
  [, w, r, b, , , , p]: readonly (Operand | undefined)[],
): { inner: number; directions: { layer: RecurrentFields; parts: DirectionTensors }[] } {
  if (!w?.known || !r?.known || !(b?.known ?? true) || !(p?.known ?? true))
    invalidOperator('W, R, B and P must be constants');
  const [directions = 0, rows = 0, inner = 0] = w.shape;
  const cell = findCell({ cell: cellOfOperator(operator.operator)! });
  const units = rows / cell.gates.length;
  if (w.shape.length !== 3 || r.shape.join() !== [directions, rows, units].join())
    invalidOperator(`W [${w.shape.join(', ')}] and R [${r.shape.join(', ')}] do not fit each other`);
  if (directions !== (textAttribute(operator, 'direction', 'forward') === 'bidirectional' ? 2 : 1))
    invalidOperator(`W has ${directions} directions, which does not fit the attribute direction`);
  if (p && p.values.length !== directions * 3 * units)
    invalidOperator(`P is [${p.shape.join(', ')}], must be [${directions}, ${3 * units}]`);
  if (b && b.values.length !== directions * 2 * rows)
    invalidOperator(`B is [${b.shape.join(', ')}], must be [${directions}, ${2 * rows}]`);
  const sliceDirection = (x: Operand, d: number): Float32Array =>
    new Float32Array(
      x.values.subarray((d * x.values.length) / directions, ((d + 1) * x.values.length) / directions),
    );
  return {
    inner,
    directions: Array.from({ length: directions }, (_, d) => {
      const bias = b ? sliceDirection(b, d) : new Float32Array(2 * rows);
      const reorder = (shape: readonly number[], values: Float32Array): Tensor =>
        reorderGates({ shape, values }, cell, 'onnx');
      const peepholes = cell.peepholes !== undefined && p !== undefined;
      const parts: DirectionTensors = {
        weight_ih: reorder([rows, inner], sliceDirection(w, d)),
        weight_hh: reorder([rows, units], sliceDirection(r, d)),
        bias_ih: reorder([rows], bias.subarray(0, rows)),
        bias_hh: reorder([rows], bias.subarray(rows)),
        ...(peepholes && {
          peephole: reorderPeepholes({ shape: [3 * units], values: sliceDirection(p, d) }, cell, 'onnx'),
        }),
      };
      return { layer: toForwardLayer(operator, units, d, peepholes), parts };
    }),
  };
}
