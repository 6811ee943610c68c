import { cellOfOperator, findCell } from '../../cells/registry.ts';
import type { Tensor } from '../../network/weights.ts';
import { parseCellAttributes } from '../../operators/cell-attributes.ts';
import { numberAttribute, textAttribute } from '../../operators/operator.ts';
import { readRecurrentDirections, type DirectionTensors } from '../../operators/recurrent-weights.ts';
import { invalidModel } from '../format-errors.ts';
import { foldInto } from './affine.ts';
import { requireRows, integers, type Raise, type RaiseContext } from './raise-context.ts';

// RNN, GRU, LSTM (https://onnx.ai/onnx/operators/onnx__LSTM.html) along time become a recurrent layer, whose state
// starts at zeros or at the constants initial_h and initial_c [directions, 1, units]. Where a call is one step, these are
// the graph's states (step-states.ts), which the layer keeps.

export const raiseRecurrent: Raise = (operator, context) => {
  const { draft, isStep, lengths, sized } = context;
  const [x, , , , lens, h, c, p] = operator.inputs;
  const cellName = cellOfOperator(operator.operator)!;
  const cell = findCell({ cell: cellName });
  const rows = requireRows(context, x);
  const along = numberAttribute(operator, 'layout', 0) === 1 ? 1 : 0;
  if (isStep ? sized(x!).operands[0].shape[along] !== 1 : sized(x!).time !== along)
    invalidModel(isStep ? 'it runs over several steps a call' : 'it does not run along the steps');
  if (lens && integers(context, lens).some(([length], i) => length !== lengths[i]))
    invalidModel('sequence_lens is not the number of steps');
  const direction = textAttribute(operator, 'direction', 'forward');
  if (direction !== 'forward' && direction !== 'reverse' && direction !== 'bidirectional')
    invalidModel(`direction ${JSON.stringify(direction)}, must be forward, reverse or bidirectional`);
  if (isStep && direction !== 'forward') invalidModel('it runs backward over the one step of a call');
  const { inner, directions } = readRecurrentDirections(
    operator,
    operator.inputs.map((name) => (name === '' ? undefined : sized(name).operands[0])),
  );
  if (sized(x!).width !== inner) invalidModel('it runs several sequences side by side');
  const units = directions[0]!.layer.units;
  const starts = isStep
    ? []
    : [readStart(context, h), readStart(context, cell.states.includes('c') ? c : undefined)];
  const started = starts.some((one) => one !== null);
  const read = foldInto(
    draft,
    rows,
    directions.map(({ parts }) => [parts.weight_ih, parts.bias_ih]),
  );
  const getTensors = (index: number): (readonly [string, Tensor])[] => {
    const [weight, bias] = read.products[index]!;
    const state = (which: number): Tensor => ({
      shape: [units],
      values: starts[which]?.slice(index * units, (index + 1) * units) ?? new Float32Array(units),
    });
    return [
      ...(Object.entries({ ...directions[index]!.parts, weight_ih: weight, bias_ih: bias }) as [
        keyof DirectionTensors,
        Tensor,
      ][]),
      ...(started ? [['initial_h', state(0)] as const] : []),
      ...(started && cell.states.includes('c') ? [['initial_c', state(1)] as const] : []),
    ];
  };
  const named = (side: 'forward' | 'backward', tensors: (readonly [string, Tensor])[]) =>
    tensors.map(([name, tensor]) => [`0.${side}.${name}`, tensor] as const);
  const zeros = (tensors: (readonly [string, Tensor])[]) =>
    tensors.map(
      ([name, { shape, values }]) => [name, { shape, values: new Float32Array(values.length) }] as const,
    );
  const layer = draft.add(
    operator.outputs.find((name) => name !== '')!,
    {
      type: 'recurrent',
      cell: cellName,
      units,
      ...(cell.resetBefore && {
        reset: numberAttribute(operator, 'linear_before_reset', 0) !== 0 ? 'after' : 'before',
      }),
      ...parseCellAttributes(operator, cellName, direction),
      ...(cell.peepholes && p && { peepholes: true }),
      ...(started && { initial_state: true }),
      ...(direction !== 'forward' && {
        bidirectional: true,
        merge: direction === 'reverse' ? 'sum' : 'concat',
      }),
    },
    [read.layer],
    direction === 'bidirectional'
      ? [...named('forward', getTensors(0)), ...named('backward', getTensors(1))]
      : direction === 'reverse'
        ? [...named('forward', zeros(getTensors(0))), ...named('backward', getTensors(0))]
        : named('forward', getTensors(0)),
  );
  const reverse = direction === 'reverse';
  return [
    { layer, end: null, reverse },
    { layer, end: isStep ? null : 'hidden', reverse },
    { layer, end: 'cell', reverse },
  ];
};

/** The numbers of an initial state, null for zeros. */
function readStart({ constant }: RaiseContext, name: string | undefined): Float32Array | null {
  if (!name) return null;
  const { values } = constant(name, 'an initial state');
  return values.every((value) => value === 0) ? null : values;
}
