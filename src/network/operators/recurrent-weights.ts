import { reorderGates } from '../gate-orders.ts';
import type { OperatorSpec } from '../program-spec.ts';
import { layerSpec, type RecurrentSpec } from '../spec.ts';
import type { Tensor } from '../weights.ts';
import { refuseOperator, type Operand } from './operand.ts';
import { numberOf, numbersOf, textOf, textsOf } from './operator.ts';

// What an RNN, GRU or LSTM operator is in our terms: a recurrent layer, and the weights of each of its directions.

const cells: Readonly<Record<string, RecurrentSpec['cell']>> = { RNN: 'rnn', GRU: 'gru', LSTM: 'lstm' };
const gates = { rnn: 1, gru: 3, lstm: 4 } as const;

/** Names of the parts as check-weights.ts has them. */
export type DirectionParts = Readonly<Record<'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh', Tensor>>;

/** @throws UnrollError invalid_model for what no cell of ours does */
function recurrentLayer(operator: OperatorSpec, units: number): RecurrentSpec {
  const cell = cells[operator.operator]!;
  for (const name of ['clip', 'input_forget'])
    if (numberOf(operator, name, 0) !== 0) refuseOperator(`${name} is not supported`);
  for (const name of ['activation_alpha', 'activation_beta'])
    if ((numbersOf(operator, name) ?? []).length > 0) refuseOperator(`${name} is not supported`);
  const usual = { rnn: ['Tanh'], gru: ['Sigmoid', 'Tanh'], lstm: ['Sigmoid', 'Tanh', 'Tanh'] }[cell];
  const listed = textsOf(operator, 'activations') ?? usual;
  const own = listed.slice(0, usual.length);
  const relu = cell === 'rnn' && own[0] === 'Relu';
  if (!relu && own.join() !== usual.join())
    refuseOperator(`activations ${listed.join(', ')} are not supported`);
  return layerSpec.parse({
    type: 'recurrent',
    cell,
    units,
    activation: relu ? 'relu' : 'tanh',
    reset: numberOf(operator, 'linear_before_reset', 0) === 0 ? 'before' : 'after',
  }) as RecurrentSpec;
}

/** W [directions, G·units, in]  R [directions, G·units, units]  B [directions, 2·G·units], all of them constants. */
export function recurrentDirections(
  operator: OperatorSpec,
  [, w, r, b, , , , p]: readonly (Operand | undefined)[],
): { layer: RecurrentSpec; inner: number; directions: DirectionParts[] } {
  if (!w?.known || !r?.known || !(b?.known ?? true)) refuseOperator('its weights are not constant');
  if (p) refuseOperator('peepholes are not supported');
  const [directions = 0, rows = 0, inner = 0] = w.shape;
  const cell = cells[operator.operator]!;
  const units = rows / gates[cell];
  if (w.shape.length !== 3 || r.shape.join() !== [directions, rows, units].join())
    refuseOperator(`W [${w.shape.join(', ')}] and R [${r.shape.join(', ')}] do not belong together`);
  if (directions !== (textOf(operator, 'direction', 'forward') === 'bidirectional' ? 2 : 1))
    refuseOperator(`weights of ${directions} directions`);
  if (b && b.values.length !== directions * 2 * rows)
    refuseOperator(`B is [${b.shape.join(', ')}], must be [${directions}, ${2 * rows}]`);
  const part = (x: Operand, d: number): Float32Array =>
    Float32Array.from(
      x.values.subarray((d * x.values.length) / directions, ((d + 1) * x.values.length) / directions),
    );
  return {
    layer: recurrentLayer(operator, units),
    inner,
    directions: Array.from({ length: directions }, (_, d): DirectionParts => {
      const bias = b ? part(b, d) : new Float32Array(2 * rows);
      const own = (shape: readonly number[], values: Float32Array): Tensor =>
        reorderGates({ shape, values }, cell, 'onnx');
      return {
        weight_ih: own([rows, inner], part(w, d)),
        weight_hh: own([rows, units], part(r, d)),
        bias_ih: own([rows], bias.subarray(0, rows)),
        bias_hh: own([rows], bias.subarray(rows)),
      };
    }),
  };
}
