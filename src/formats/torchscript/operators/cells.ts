import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { assignRole, knownSize, unify } from '../dimensions.ts';
import { createTensor, getNode, getShape } from '../tensor-values.ts';
import { tuple, type Tensor, type Value } from '../values.ts';
import { linear } from './matrix.ts';

// One step of a cell: lstm_cell, gru_cell, rnn_tanh_cell, rnn_relu_cell. x [batch, in]  h, c [batch, units]

/** The two products of a cell, split into gates. */
function getGates(
  call: Call,
  h: Tensor,
  gates: number,
): { own: string[]; recurrent: string[]; units: number } {
  const { graph } = call;
  const [x, ih, hh] = [call.tensor('input'), call.tensor('w_ih'), call.tensor('w_hh')];
  if (getShape(x).length !== 2 || getShape(h).length !== 2)
    invalidModel(`an input of ${getShape(x).length} dimensions, must have 2`);
  unify(getShape(x)[0]!, getShape(h)[0]!, 'the batch sizes of the input and the state');
  assignRole(getShape(x)[0], 'batch');
  call.batches.push(getShape(x)[0]!);
  const units = knownSize(getShape(hh)[1]) ?? invalidModel('the sizes of the weights must be known');
  const split = (product: Tensor): string[] =>
    gates === 1
      ? [getNode(product)]
      : graph.addMany('Split', [getNode(product), graph.ints(Array<number>(gates).fill(units))], gates, {
          axis: 1,
        });
  return {
    own: split(linear(graph, x, ih, call.optionalTensor('b_ih'))),
    recurrent: split(linear(graph, h, hh, call.optionalTensor('b_hh'))),
    units,
  };
}

const state = (node: string, h: Tensor): Tensor => createTensor(node, 'float', getShape(h));

function lstmCell(call: Call): Value {
  const { graph } = call;
  const [h, c] = call.tensors('hx');
  if (!h || !c) return invalidModel('an initial state is missing');
  const { own, recurrent } = getGates(call, h, 4);
  const [i, f, g, o] = own.map((gate, k) =>
    graph.add(k === 2 ? 'Tanh' : 'Sigmoid', [graph.add('Add', [gate, recurrent[k]!])]),
  );
  const next = graph.add('Add', [graph.add('Mul', [f!, getNode(c)]), graph.add('Mul', [i!, g!])]);
  return tuple(state(graph.add('Mul', [o!, graph.add('Tanh', [next])]), h), state(next, c));
}

/** h ← n + z · (h − n) with n = tanh(x_n + r · h_n) */
function gruCell(call: Call): Value {
  const { graph } = call;
  const h = call.tensor('hx');
  const { own, recurrent } = getGates(call, h, 3);
  const gate = (k: number): string => graph.add('Sigmoid', [graph.add('Add', [own[k]!, recurrent[k]!])]);
  const [r, z] = [gate(0), gate(1)];
  const candidate = graph.add('Tanh', [graph.add('Add', [own[2]!, graph.add('Mul', [r, recurrent[2]!])])]);
  const kept = graph.add('Mul', [z, graph.add('Sub', [getNode(h), candidate])]);
  return state(graph.add('Add', [candidate, kept]), h);
}

const rnnCell =
  (operator: 'Tanh' | 'Relu') =>
  (call: Call): Value => {
    const h = call.tensor('hx');
    const { own, recurrent } = getGates(call, h, 1);
    return state(call.graph.add(operator, [call.graph.add('Add', [own[0]!, recurrent[0]!])]), h);
  };

const cell = 'input hx w_ih w_hh b_ih b_hh';

export const cellOperators: OperatorTable = {
  lstm_cell: [cell, lstmCell],
  gru_cell: [cell, gruCell],
  rnn_tanh_cell: [cell, rnnCell('Tanh')],
  rnn_relu_cell: [cell, rnnCell('Relu')],
};
