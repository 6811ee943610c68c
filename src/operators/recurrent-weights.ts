import { reorderGates, reorderPeepholes } from '../cells/gate-orders.ts';
import { cellOfOperator, findCell } from '../cells/registry.ts';
import type { OperatorSpec } from './spec.ts';
import { recurrentSchema, type RecurrentSpec } from '../network/layers/recurrent/schema.ts';
import type { Tensor } from '../network/weights.ts';
import { cellFieldsOf } from './cell-attributes.ts';
import { refuseOperator, type Operand } from './operand.ts';
import { numberOf, textOf } from './operator.ts';

// What an RNN, GRU or LSTM operator is in our terms: a recurrent layer, and the weights of each of its directions.

/** Names of the parts as check-weights.ts has them. */
export type DirectionParts = Readonly<Record<'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh', Tensor>> & {
  readonly peephole?: Tensor;
};

/** One direction of the operator as a layer that runs forward. @throws UnrollError invalid_model for what no cell of ours does */
function layerOf(
  operator: OperatorSpec,
  units: number,
  direction: number,
  peepholes: boolean,
): RecurrentSpec {
  const cell = cellOfOperator(operator.operator)!;
  const both = textOf(operator, 'direction', 'forward') === 'bidirectional';
  const {
    activations,
    backward_activations: backward,
    ...fields
  } = cellFieldsOf(operator, cell, both ? 'bidirectional' : 'forward');
  const own = direction === 1 ? (backward ?? activations) : activations;
  return recurrentSchema.parse({
    type: 'recurrent',
    cell,
    units,
    ...(findCell({ cell }).resetBefore && {
      reset: numberOf(operator, 'linear_before_reset', 0) === 0 ? 'before' : 'after',
    }),
    ...fields,
    ...(own && { activations: own }),
    ...(peepholes && { peepholes }),
  });
}

/** W [directions, G·units, in]  R [directions, G·units, units]  B [directions, 2·G·units], all of them constants. */
export function recurrentDirections(
  operator: OperatorSpec,
  [, w, r, b, , , , p]: readonly (Operand | undefined)[],
): { inner: number; directions: { layer: RecurrentSpec; parts: DirectionParts }[] } {
  if (!w?.known || !r?.known || !(b?.known ?? true) || !(p?.known ?? true))
    refuseOperator('its weights are not constant');
  const [directions = 0, rows = 0, inner = 0] = w.shape;
  const cell = findCell({ cell: cellOfOperator(operator.operator)! });
  const units = rows / cell.gates.length;
  if (w.shape.length !== 3 || r.shape.join() !== [directions, rows, units].join())
    refuseOperator(`W [${w.shape.join(', ')}] and R [${r.shape.join(', ')}] do not belong together`);
  if (directions !== (textOf(operator, 'direction', 'forward') === 'bidirectional' ? 2 : 1))
    refuseOperator(`weights of ${directions} directions`);
  if (p && p.values.length !== directions * 3 * units)
    refuseOperator(`P is [${p.shape.join(', ')}], must be [${directions}, ${3 * units}]`);
  if (b && b.values.length !== directions * 2 * rows)
    refuseOperator(`B is [${b.shape.join(', ')}], must be [${directions}, ${2 * rows}]`);
  const part = (x: Operand, d: number): Float32Array =>
    Float32Array.from(
      x.values.subarray((d * x.values.length) / directions, ((d + 1) * x.values.length) / directions),
    );
  return {
    inner,
    directions: Array.from({ length: directions }, (_, d) => {
      const bias = b ? part(b, d) : new Float32Array(2 * rows);
      const own = (shape: readonly number[], values: Float32Array): Tensor =>
        reorderGates({ shape, values }, cell, 'onnx');
      const peepholes = cell.peepholes !== undefined && p !== undefined;
      const parts: DirectionParts = {
        weight_ih: own([rows, inner], part(w, d)),
        weight_hh: own([rows, units], part(r, d)),
        bias_ih: own([rows], bias.subarray(0, rows)),
        bias_hh: own([rows], bias.subarray(rows)),
        ...(peepholes && {
          peephole: reorderPeepholes({ shape: [3 * units], values: part(p, d) }, cell, 'onnx'),
        }),
      };
      return { layer: layerOf(operator, units, d, peepholes), parts };
    }),
  };
}
