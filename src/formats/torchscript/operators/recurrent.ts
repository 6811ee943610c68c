import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { assignRole } from '../dimensions.ts';
import { createTensor, requireKind, getShape } from '../tensor-values.ts';
import { tuple, type Packed, type Tensor, type Value } from '../values.ts';
import { addProjectedLayers } from './projected-lstm.ts';
import {
  addLayers,
  type CellOperator,
  type RecurrentLayers,
  type RecurrentOutput,
} from './recurrent-layers.ts';
import { swapAxes, withoutView } from './shape.ts';
import { marked } from './sorting.ts';

// lstm, gru, rnn_tanh, rnn_relu, over padded rows
//   (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
// and over packed sequences
//   (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional).

const recurrent =
  (operator: CellOperator, activation?: 'Relu') =>
  (call: Call): Value => {
    const input = call.tensor('input');
    const second = call.value('second');
    const packed = second.kind === 'tensor' ? second.sizes?.packed : undefined;
    const names = packed
      ? ['third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth']
      : ['second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];
    const [hx, params, biases, layers, dropout, train, bidirectional] = names as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if (call.flag(train) && call.number(dropout) > 0)
      invalidModel('drops values at random: the module must be traced after eval()');
    const spec: Omit<RecurrentLayers, 'lengths' | 'states'> = {
      operator,
      ...(activation && { activation }),
      parameters: call.tensors(params),
      hasBiases: call.flag(biases),
      layers: call.int(layers),
      bidirectional: call.flag(bidirectional),
    };
    if (spec.layers < 1 || spec.layers > 1000) invalidModel(`${spec.layers} layers`);
    const states = operator === 'LSTM' ? call.tensors(hx) : [call.tensor(hx)];
    if (states.length !== (operator === 'LSTM' ? 2 : 1)) invalidModel(`${states.length} initial states`);
    return packed ? runPacked(call, packed, input, spec, states) : runPadded(call, input, spec, states);
  };

type LayerSpec = Omit<RecurrentLayers, 'lengths' | 'states'>;

function run(call: Call, rows: Tensor, spec: RecurrentLayers): RecurrentOutput {
  requireKind(rows, 'float');
  if (getShape(rows).length !== 3)
    invalidModel(`an input of ${getShape(rows).length} dimensions, must have 3`);
  assignRole(getShape(rows)[0], 'time');
  assignRole(getShape(rows)[1], 'batch');
  call.batches.push(getShape(rows)[1]!);
  const each = spec.parameters.length / (spec.layers * (spec.bidirectional ? 2 : 1));
  return (each % 2 === 1 ? addProjectedLayers : addLayers)(call.graph, rows, spec);
}

function runPadded(call: Call, input: Tensor, spec: LayerSpec, states: readonly Tensor[]): Value {
  const { graph } = call;
  const batchFirst = call.flag('ninth', false);
  if (getShape(input).length !== 3)
    return invalidModel(`an input of ${getShape(input).length} dimensions, must have 3`);
  const rows = batchFirst ? swapAxes(graph, input, 0, 1) : input;
  const output = run(call, rows, { ...spec, states, lengths: null });
  return tuple(withoutView(batchFirst ? swapAxes(graph, output.rows, 0, 1) : output.rows), ...output.states);
}

/** Rows and states keep the caller's order; states that the code has sorted are marked so. */
function runPacked(
  call: Call,
  packed: Packed,
  data: Tensor,
  spec: LayerSpec,
  given: readonly Tensor[],
): Value {
  if (data.packed === undefined) return invalidModel('the data is not that of a packed sequence');
  const { sort } = packed;
  const states = given.map((state) => {
    const own = state.order;
    if (
      own ? own.sort !== sort || own.role !== 'sorted' || own.axis !== 1 : sort !== null && state.fill !== 0
    )
      invalidModel('an initial state in another order than the packed sequences');
    return marked(state, undefined);
  });
  const output = run(call, data.packed.rows, { ...spec, states, lengths: packed.lengths });
  const order = sort ? ({ sort, role: 'sorted', axis: 1 } as const) : undefined;
  const rows = createTensor('', 'float', [], { packed: { ...packed, rows: output.rows } });
  return tuple(rows, ...output.states.map((state) => marked(state, order)));
}

const layered = 'input second third fourth fifth sixth seventh eighth ninth';

export const recurrentOperators: OperatorTable = {
  lstm: [layered, recurrent('LSTM')],
  gru: [layered, recurrent('GRU')],
  rnn_tanh: [layered, recurrent('RNN')],
  rnn_relu: [layered, recurrent('RNN', 'Relu')],
};
