import { reorderGates, reorderPeepholes } from '../../cells/gate-orders.ts';
import { cellOfOperator, findCell } from '../../cells/registry.ts';
import type { Tensor } from '../../network/weights.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { parseCellAttributes } from '../../operators/cell-attributes.ts';
import { toAttributes } from './attributes.ts';
import { readInitialState } from './initial-state.ts';
import type { ConversionContext } from './operator-converter.ts';
import type { OnnxNode } from './read-onnx.ts';
import { createAxis, type Axis, type Rows, type TrackedValue } from './tracked-value.ts';

// RNN, GRU, LSTM (https://onnx.ai/onnx/operators/onnx__LSTM.html): W [directions, G·units, in], R
// [directions, G·units, units], B [directions, 2·G·units], Wb before Rb; P [directions, 3·units], i o f.
// Gates of an LSTM i o f c, of a GRU z r h.

/** Converts a recurrent operator to a layer. @returns the values of Y, Y_h and Y_c */
export function convertRecurrent(
  node: OnnxNode,
  inputs: readonly (TrackedValue | undefined)[],
  { draft, countReaders }: ConversionContext,
): Rows[] {
  const name = cellOfOperator(node.op)!;
  const cell = findCell({ cell: name });
  const { attributes } = node;
  const [x, w, r, b, lengths, h, c, p] = inputs;
  if (x?.kind !== 'rows' || x.axes.length !== 3) return invalidModel('the input X is not a sequence');
  const [weights, recurrent] = [requireTensor(w, 'W'), requireTensor(r, 'R')];
  const [directions = 0, rows = 0, width = 0] = weights.shape;
  const units = rows / cell.gates.length;
  if (weights.shape.length !== 3 || recurrent.shape.join() !== [directions, rows, units].join())
    invalidModel(`W [${weights.shape.join(', ')}] and R [${recurrent.shape.join(', ')}] do not match`);
  const peepholes = cell.peepholes && p !== undefined ? requireTensor(p, 'P') : null;
  if (peepholes && peepholes.values.length !== directions * 3 * units)
    invalidModel(`P [${peepholes.shape.join(', ')}] for ${directions} directions of ${units} units`);
  if (x.width !== 0 && x.width !== width) invalidModel(`W has ${width} columns, the input ${x.width}`);
  if (h?.kind === 'state')
    draft.notes.push(
      `${quote(node.name || node.op)}: its state is an input and an output of the graph, and becomes the model's state`,
    );
  if (lengths?.kind === 'constant') invalidModel('sequence_lens is a constant, which is not supported');
  if (lengths !== undefined)
    draft.notes.push(
      `${quote(node.name || node.op)}: sequence_lens is ignored, since sequences are not padded`,
    );
  const layout = attributes.get('layout')?.i ?? 0;
  const [time, batch] = layout === 0 ? [x.axes[0]!, x.axes[1]!] : [x.axes[1]!, x.axes[0]!];
  assignRole(time, 'time');
  assignRole(batch, 'batch');
  if (x.axes[2]!.role !== 'features') invalidModel('the features are not the last axis');

  const direction = parseDirection(attributes.get('direction')?.s, directions);
  const starts = [h, c].map((state, i) =>
    readInitialState(state, i === 0 ? 'initial_h' : 'initial_c', { directions, units, layout }),
  );
  const started = starts.some((one) => one !== null);
  const createTensors = (index: number): (readonly [string, Tensor])[] => {
    const part = ({ shape, values }: Tensor): Tensor => {
      const size = values.length / directions;
      return { shape: shape.slice(1), values: values.subarray(index * size, (index + 1) * size) };
    };
    const bias = b === undefined ? new Float32Array(2 * rows) : part(requireTensor(b, 'B')).values;
    if (bias.length !== 2 * rows)
      invalidModel(`B has ${bias.length} numbers a direction, must have ${2 * rows}`);
    const gated = [
      ['weight_ih', part(weights)],
      ['weight_hh', part(recurrent)],
      ['bias_ih', { shape: [rows], values: bias.subarray(0, rows) }],
      ['bias_hh', { shape: [rows], values: bias.subarray(rows) }],
    ] as const;
    const state = (which: number): Tensor => ({
      shape: [units],
      values: starts[which]?.[index] ?? new Float32Array(units),
    });
    return [
      ...gated.map(([name, tensor]) => [name, reorderGates(tensor, cell, 'onnx')] as const),
      ...(peepholes ? [['peephole', reorderPeepholes(part(peepholes), cell, 'onnx')] as const] : []),
      ...(started ? [['initial_h', state(0)] as const] : []),
      ...(started && cell.states.includes('c') ? [['initial_c', state(1)] as const] : []),
    ];
  };
  const named = (direction: 'forward' | 'backward', tensors: (readonly [string, Tensor])[]) =>
    tensors.map(([name, tensor]) => [`0.${direction}.${name}`, tensor] as const);
  const toZeros = (tensors: (readonly [string, Tensor])[]) =>
    tensors.map(
      ([name, { shape, values }]) => [name, { shape, values: new Float32Array(values.length) }] as const,
    );
  if (direction === 'reverse')
    draft.notes.push(
      `${quote(node.name || node.op)}: converted to a bidirectional layer whose forward direction is zero`,
    );

  const layer = draft.add(
    node.name || node.outputs.find((output) => output !== '') || node.op,
    {
      type: 'recurrent',
      cell: name,
      units,
      ...(cell.resetBefore && {
        reset: (attributes.get('linear_before_reset')?.i ?? 0) !== 0 ? 'after' : 'before',
      }),
      ...parseCellAttributes(
        { operator: node.op, inputs: [], outputs: [], attributes: toAttributes(node) },
        name,
        direction,
      ),
      ...(peepholes && { peepholes: true }),
      ...(started && { initial_state: true }),
      ...(direction !== 'forward' && {
        bidirectional: true,
        merge: direction === 'reverse' ? 'sum' : 'concat',
      }),
    },
    [draft.resolveRows(x)],
    direction === 'bidirectional'
      ? [...named('forward', createTensors(0)), ...named('backward', createTensors(1))]
      : direction === 'reverse'
        ? [...named('forward', toZeros(createTensors(0))), ...named('backward', createTensors(0))]
        : named('forward', createTensors(0)),
  );
  const both = createAxis('directions', directions);
  const features = createAxis('features');
  const common = { kind: 'rows', layer, width: units } as const;
  // an omitted output has the same name as every omitted input: ''
  const stepsRead = (node.outputs[0] ?? '') !== '' && countReaders(node.outputs[0]!) > 0;
  const endAxes = layout === 0 ? [both, batch, features] : [batch, both, features];
  return [
    {
      ...common,
      axes: layout === 0 ? [time, both, batch, features] : [batch, time, both, features],
      end: null,
    },
    { ...common, axes: endAxes, end: 'hidden', stepsRead },
    { ...common, axes: endAxes, end: 'cell' },
  ];
}

/** Records what an axis is. @throws UnrollError invalid_model when it is known to be something else */
function assignRole(one: Axis, role: 'time' | 'batch'): void {
  if (one.role !== null && one.role !== role)
    invalidModel(`the ${one.role} axis is where the ${role} axis must be`);
  one.role = role;
}

const requireTensor = (value: TrackedValue | undefined, name: string): Tensor =>
  value?.kind === 'constant' ? value.tensor : invalidModel(`${name} is not a constant`);

function parseDirection(value = 'forward', directions: number): 'forward' | 'reverse' | 'bidirectional' {
  if (value !== 'forward' && value !== 'reverse' && value !== 'bidirectional')
    return invalidModel(`direction ${quote(value)}, must be forward, reverse or bidirectional`);
  if (directions !== (value === 'bidirectional' ? 2 : 1))
    invalidModel(`direction ${quote(value)} with weights of ${directions} directions`);
  return value;
}
