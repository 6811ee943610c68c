import { computeWindows } from '../../operators/windows.ts';
import { invalidModel } from '../format-errors.ts';
import { requireRows, type Raise } from './raise-context.ts';

/** A convolution over time of all columns, one row a step. weight [units, in, kernel], bias [units] */
export const convolution: Raise = (operator, context) => {
  const { draft, sized, constant, lengths } = context;
  const [from = '', w, b] = operator.inputs;
  const rows = requireRows(context, from);
  const weight = constant(w, 'its kernel');
  const [units = 0, inner, kernel = 0] = weight.shape;
  const x = sized(from);
  if (weight.shape.length !== 3 || x.time !== 2 || inner !== x.width)
    invalidModel('only a convolution of all columns over the steps is supported');
  const [steps] = lengths;
  const { shape, line } = computeWindows(operator, [steps], [kernel]);
  if (line?.stride !== 1 || shape[0] !== steps) return invalidModel('it has other rows than the steps');
  const { dilation, before } = line;
  const reach = (kernel - 1) * dilation;
  if (before !== reach && before !== Math.floor(reach / 2))
    invalidModel(`its windows begin ${before} steps before their own, must be ${reach} or half of that`);
  const layer = draft.add(
    operator.outputs[0]!,
    {
      type: 'conv1d',
      units,
      kernel,
      dilation,
      padding: before === reach ? 'causal' : 'same',
      activation: 'linear',
    },
    [draft.resolveRows(rows)],
    [
      ['weight', weight],
      ['bias', b ? constant(b, 'its bias') : { shape: [units], values: new Float32Array(units) }],
    ],
  );
  return [{ layer, end: null }];
};
