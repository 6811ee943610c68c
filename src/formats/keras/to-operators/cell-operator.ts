import { exportGates } from '../../../cells/gate-orders.ts';
import { activationParameters, usualOptions } from '../../../cells/options.ts';
import type { CellActivationSpec } from '../../../cells/recurrent-fields.ts';
import { findCell } from '../../../cells/registry.ts';
import type { Tensor } from '../../../network/weights.ts';
import type { OperatorSpec } from '../../../operators/spec.ts';
import { invalidModel } from '../../format-errors.ts';
import type { Config } from '../keras-config.ts';
import { convertCell, countWeights, type CellSpec, type NamedTensors } from '../recurrent.ts';
import {
  formatShape,
  requireSequence,
  useStepMask,
  type GraphBuilder,
  type GraphTensor,
} from './graph-builder.ts';

// A cell over a sequence as one of ONNX's recurrent operators, with the batch first: X [batch, steps, in], Y [batch,
// steps, 1, units], states [batch, 1, units].

/** Emits a cell over a sequence. */
export function emitCell(
  { className, config }: { readonly className: string; readonly config: Config },
  weights: readonly Tensor[],
  states: readonly GraphTensor[],
  reverse: boolean,
  masked: string,
  x: GraphTensor,
  graph: GraphBuilder,
): {
  rows: () => GraphTensor;
  last: () => GraphTensor;
  ends: () => GraphTensor[];
} {
  const { width, steps } = requireSequence(x);
  if (weights.length !== countWeights(config))
    invalidModel(`has ${weights.length} weights, must have ${countWeights(config)}`);
  const { spec, tensors } = convertCell(className, config, weights, width, graph.version);
  const { units } = spec;
  const cell = findCell({ cell: spec.cell });
  const initial = states.map(({ value, shape }) =>
    shape.length === 1 && shape[0] === units
      ? graph.add('Unsqueeze', [value], { axes: [1] })
      : invalidModel(`has an initial state of ${formatShape(shape)}, must be [${units}]`),
  );
  const mask = useStepMask(x, graph);
  const [y, ...ends] = graph.addMany(
    cell.sources.onnx!.operator,
    [
      x.value,
      ...emitWeights(spec, tensors, graph),
      ...(mask !== null || initial.length > 0 ? [mask ?? ''] : []),
      ...initial,
    ],
    1 + cell.states.length,
    {
      layout: 1,
      ...(cell.resetBefore && { linear_before_reset: spec.reset === 'after' ? 1 : 0 }),
      ...activationAttributes(spec),
      ...(reverse && { direction: 'reverse' }),
      ...(mask !== null && { masked }),
    },
  );
  const toRow = (value: string): GraphTensor => ({
    value: graph.add('Squeeze', [value], { axes: [1] }),
    shape: [units],
  });
  const toRows = (): GraphTensor => ({
    value: graph.add('Squeeze', [y!], { axes: [2] }),
    shape: [steps, units],
  });
  return {
    rows: toRows,
    // where the last step is masked, its row may differ from h
    last: () =>
      mask === null
        ? toRow(ends[0]!)
        : {
            value: graph.add('Gather', [toRows().value, graph.wholeNumber(reverse ? 0 : -1)], { axis: 1 }),
            shape: [units],
          },
    ends: () => ends.map(toRow),
  };
}

/** Adds the constants W, R and B of one direction. */
function emitWeights(spec: CellSpec, tensors: NamedTensors, graph: GraphBuilder): string[] {
  const part = createGateExporter(spec, tensors);
  const [inputBias, recurrentBias] = [part('bias_ih').values, part('bias_hh').values];
  const biases = new Float32Array(2 * inputBias.length);
  biases.set(inputBias);
  biases.set(recurrentBias, inputBias.length);
  return [part('weight_ih'), part('weight_hh'), { shape: [biases.length], values: biases }].map(
    ({ shape, values }) => graph.constant({ shape: [1, ...shape], values }),
  );
}

/** Returns a function that gets a tensor by name, with its gates in ONNX's order. */
const createGateExporter =
  ({ cell }: CellSpec, tensors: NamedTensors) =>
  (part: string): Tensor =>
    exportGates(tensors.find(([name]) => name === part)![1], findCell({ cell }), 'onnx');

/** Creates ONNX's activation attributes: f, g, h with alpha and beta. */
function activationAttributes({ cell, activations }: CellSpec): NonNullable<OperatorSpec['attributes']> {
  if (Object.keys(activations).length === 0) return {};
  const all = findCell({ cell }).activations.map(
    (role) => activations[role] ?? ({ type: usualOptions[role].type } as CellActivationSpec),
  );
  const numbers = (name: 'alpha' | 'beta'): number[] =>
    all.flatMap((one) => {
      const defaultValue = (activationParameters[one.type] as Partial<Record<typeof name, number | null>>)[
        name
      ];
      const given = (one as Partial<Record<typeof name, number>>)[name];
      return defaultValue === undefined ? [] : [given ?? defaultValue ?? 1];
    });
  return {
    activations: all.map(({ type }) =>
      type.replaceAll(/(^|_)[a-z]/g, (first) => first.at(-1)!.toUpperCase()),
    ),
    activation_alpha: numbers('alpha'),
    activation_beta: numbers('beta'),
  };
}
