import { invalidModel } from '../../format-errors.ts';
import { unify } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import { createTensor, getNode, getShape } from '../tensor-values.ts';
import type { Tensor } from '../values.ts';
import {
  checkStates,
  splitParameters,
  type DirectionWeights,
  type RecurrentLayers,
  type RecurrentOutput,
} from './recurrent-layers.ts';

// LSTM with a projection: h = W_hr · (o · tanh c). The operator LSTM has none, so its steps are a Scan.

/** Adds one Scan a layer and direction. x [steps, batch, in]; h [.., batch, projected]  c [.., batch, units] */
export function addProjectedLayers(graph: Graph, x: Tensor, spec: RecurrentLayers): RecurrentOutput {
  const { layers, bidirectional, states, lengths } = spec;
  if (lengths) invalidModel('an LSTM with a projection over packed sequences is not supported');
  const directions = bidirectional ? 2 : 1;
  const weights = splitParameters(spec);
  const [projected, units] = [getShape(weights[0]!.projection!)[0]!, getShape(weights[0]!.projection!)[1]!];
  const [steps, batch] = [getShape(x)[0]!, getShape(x)[1]!];
  checkStates(spec, batch, [projected, units]);
  let rows = getNode(x);
  let width = getShape(x)[2]!;
  const ends: string[][] = [[], []];
  for (let layer = 0; layer < layers; layer++) {
    const outputs = Array.from({ length: directions }, (_, direction) => {
      const at = layer * directions + direction;
      unify(width, getShape(weights[at]!.ih)[1]!, 'the columns of the input and of weight_ih');
      const start = states.map((state) =>
        graph.add('Gather', [getNode(state), graph.number('int', at)], { axis: 0 }),
      );
      const [h, c, y] = addDirection(graph, rows, weights[at]!, start, direction === 1);
      [h!, c!].forEach((end, i) => ends[i]!.push(graph.add('Unsqueeze', [end, graph.ints([0])])));
      return y!;
    });
    rows = outputs.length === 1 ? outputs[0]! : graph.add('Concat', outputs, { axis: 2 });
    width = directions === 1 ? projected : (projected as number) * 2;
  }
  const join = (parts: readonly string[]): string =>
    parts.length === 1 ? parts[0]! : graph.add('Concat', parts, { axis: 0 });
  return {
    rows: createTensor(rows, 'float', [steps, batch, width]),
    states: [projected, units].map((size, i) =>
      createTensor(join(ends[i]!), 'float', [layers * directions, batch, size]),
    ),
  };
}

/** The steps of one direction. @returns the last h and c, and every h */
function addDirection(
  graph: Graph,
  rows: string,
  { ih, hh, biases, projection }: DirectionWeights,
  start: readonly string[],
  reversed: boolean,
): string[] {
  const transposed = (weight: Tensor): string => graph.add('Transpose', [getNode(weight)], { perm: [1, 0] });
  const gates = biases.reduce(
    (sum, bias) => graph.add('Add', [sum, getNode(bias)]),
    graph.add('MatMul', [rows, transposed(ih)]),
  );
  const [recurrent, project] = [transposed(hh), transposed(projection!)];
  const [h, c, row] = [graph.name(), graph.name(), graph.name()];
  const { operators, result } = graph.inBody(() => {
    const sum = graph.add('Add', [row, graph.add('MatMul', [h, recurrent])]);
    const [i, f, g, o] = graph.addMany('Split', [sum], 4, { axis: 1 });
    const apply = (operator: string, gate: string | undefined): string => graph.add(operator, [gate!]);
    const kept = graph.add('Mul', [apply('Sigmoid', f), c]);
    const added = graph.add('Mul', [apply('Sigmoid', i), apply('Tanh', g)]);
    const next = graph.add('Add', [kept, added]);
    const out = graph.add('Mul', [apply('Sigmoid', o), apply('Tanh', next)]);
    return [graph.add('MatMul', [out, project]), next] as const;
  });
  const body = { inputs: [h, c, row], operators, outputs: [...result, result[0]] };
  const directions = { scan_input_directions: [1], scan_output_directions: [1] };
  return graph.addLoop('Scan', [...start, gates], 3, body, {
    num_scan_inputs: 1,
    ...(reversed && directions),
  });
}
