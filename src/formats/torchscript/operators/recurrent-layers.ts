import { invalidModel } from '../../format-errors.ts';
import { knownSize, unify, type Dimension } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import { createTensor, getNode, requireKind, getShape } from '../tensor-values.ts';
import type { Tensor } from '../values.ts';

// Layers of recurrent operators. x [steps, batch, in]; each direction has weight_ih [G·units, in],
// weight_hh [G·units, units] and, with biases, bias_ih and bias_hh [G·units]; initial states
// [layers·directions, batch, units].

export type CellOperator = 'LSTM' | 'GRU' | 'RNN';

export interface RecurrentLayers {
  readonly operator: CellOperator;
  readonly activation?: 'Relu';
  readonly parameters: readonly Tensor[];
  readonly hasBiases: boolean;
  readonly layers: number;
  readonly bidirectional: boolean;
  /** h, and c of an LSTM. */
  readonly states: readonly Tensor[];
  /** Of the sequences, where they are packed. */
  readonly lengths: Tensor | null;
}

export interface RecurrentOutput {
  /** [steps, batch, directions·units] */
  readonly rows: Tensor;
  /** Each [layers·directions, batch, units]. */
  readonly states: readonly Tensor[];
}

/** The place of each of ONNX's gates among PyTorch's: i o f c of i f g o; z r h of r z n. */
const gateOrders: Readonly<Record<CellOperator, readonly number[]>> = {
  LSTM: [0, 3, 1, 2],
  GRU: [1, 0, 2],
  RNN: [0],
};

/** The weights of one direction of one layer. */
export interface DirectionWeights {
  readonly ih: Tensor;
  readonly hh: Tensor;
  readonly biases: readonly Tensor[];
  /** weight_hr [projected, units] of an LSTM with a projection. */
  readonly projection: Tensor | null;
}

/** Splits the parameters, which are listed layer by layer and direction by direction. */
export function splitParameters({
  parameters,
  hasBiases,
  layers,
  bidirectional,
}: RecurrentLayers): DirectionWeights[] {
  const directions = layers * (bidirectional ? 2 : 1);
  const each = parameters.length / directions;
  const base = hasBiases ? 4 : 2;
  if (each !== base && each !== base + 1) invalidModel(`${parameters.length} weights for ${layers} layers`);
  for (const one of parameters) requireKind(one, 'float');
  return Array.from({ length: directions }, (_, i) => {
    const own = parameters.slice(i * each, (i + 1) * each);
    return { ih: own[0]!, hh: own[1]!, biases: own.slice(2, base), projection: own[base] ?? null };
  });
}

/** The rows of one direction's states, [1, batch, units]; '' where they are zero. */
function initialState(graph: Graph, state: Tensor, first: number, count: number): string {
  if (state.fill === 0) return '';
  if (knownSize(getShape(state)[0]) === count) return getNode(state);
  return graph.add('Slice', [
    getNode(state),
    graph.ints([first]),
    graph.ints([first + count]),
    graph.ints([0]),
  ]);
}

/** Gates in ONNX's order, with a first axis for the direction. */
function toGates(graph: Graph, operator: CellOperator, weight: Tensor): string {
  const order = gateOrders[operator];
  const size = knownSize(getShape(weight)[0]) ?? invalidModel('the sizes of the weights must be known');
  if (size % order.length !== 0) invalidModel(`a weight of ${size} rows for ${order.length} gates`);
  const parts = graph.addMany(
    'Split',
    [getNode(weight), graph.ints(order.map(() => size / order.length))],
    order.length,
    { axis: 0 },
  );
  return graph.add('Unsqueeze', [
    graph.add(
      'Concat',
      order.map((gate) => parts[gate]!),
      { axis: 0 },
    ),
    graph.ints([0]),
  ]);
}

const join = (graph: Graph, parts: readonly string[], axis: number): string =>
  parts.length === 1 ? parts[0]! : graph.add('Concat', parts, { axis });

/** Requires that states fit the rows and the weights. */
export function checkStates(
  { states, layers, bidirectional }: RecurrentLayers,
  batch: Dimension,
  widths: readonly Dimension[],
): void {
  states.forEach((state, i) => {
    requireKind(state, 'float');
    const sizes = getShape(state);
    if (sizes.length !== 3)
      return invalidModel(`an initial state of ${sizes.length} dimensions, must have 3`);
    unify(sizes[0]!, layers * (bidirectional ? 2 : 1), 'the layers and directions of an initial state');
    unify(sizes[1]!, batch, 'the batch sizes of the input and an initial state');
    unify(sizes[2]!, widths[i]!, 'the units of an initial state');
  });
}

/** Adds one recurrent operator a layer. */
export function addLayers(graph: Graph, x: Tensor, spec: RecurrentLayers): RecurrentOutput {
  const { operator, layers, bidirectional, states, lengths, activation } = spec;
  const directions = bidirectional ? 2 : 1;
  const weights = splitParameters(spec);
  const units = getShape(weights[0]!.hh)[1]!;
  const [steps, batch] = [getShape(x)[0]!, getShape(x)[1]!];
  checkStates(spec, batch, [units, units]);
  let rows = x;
  const ends: string[][] = states.map(() => []);
  for (let layer = 0; layer < layers; layer++) {
    const own = weights.slice(layer * directions, (layer + 1) * directions);
    unify(getShape(rows)[2]!, getShape(own[0]!.ih)[1]!, 'the columns of the input and of weight_ih');
    const w = join(
      graph,
      own.map(({ ih }) => toGates(graph, operator, ih)),
      0,
    );
    const r = join(
      graph,
      own.map(({ hh }) => toGates(graph, operator, hh)),
      0,
    );
    const biases = own.map(({ biases }) => biases.map((bias) => toGates(graph, operator, bias)));
    const b = spec.hasBiases
      ? join(
          graph,
          biases.map((pair) => join(graph, pair, 1)),
          0,
        )
      : '';
    const initial = states.map((state) => initialState(graph, state, layer * directions, directions));
    const inputs = [getNode(rows), w, r, b, lengths ? getNode(lengths) : '', ...initial];
    while (inputs.at(-1) === '') inputs.pop();
    const [y, ...last] = graph.addMany(operator, inputs, 1 + states.length, {
      hidden_size: knownSize(units)!,
      ...(bidirectional && { direction: 'bidirectional' }),
      ...(activation && { activations: own.map(() => activation) }),
      ...(operator === 'GRU' && { linear_before_reset: 1 }),
    });
    last.forEach((end, i) => ends[i]!.push(end));
    rows = createTensor(flattenDirections(graph, y!, directions), 'float', [
      steps,
      batch,
      knownSize(units)! * directions,
    ]);
  }
  const shape = [layers * directions, batch, units];
  return { rows, states: ends.map((parts) => createTensor(join(graph, parts, 0), 'float', shape)) };
}

/** y [steps, directions, batch, units] → [steps, batch, directions·units] */
function flattenDirections(graph: Graph, y: string, directions: number): string {
  if (directions === 1) return graph.add('Squeeze', [y, graph.ints([1])]);
  return graph.add('Reshape', [graph.add('Transpose', [y], { perm: [0, 2, 1, 3] }), graph.ints([0, 0, -1])]);
}
