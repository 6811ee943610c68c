import { referenceStep, zeroState, type CellState, type CellWeights } from '../cells/reference-step.ts';
import { findCell } from '../cells/registry.ts';
import type { DirectionTensors } from '../cells/weights.ts';
import { activation } from '../kernel/reference/activations.ts';
import { attentionPool } from '../kernel/reference/attention-pool.ts';
import { conv1d } from '../kernel/reference/conv1d.ts';
import { embedding } from '../kernel/reference/embedding.ts';
import { layerNorm } from '../kernel/reference/layer-norm.ts';
import { linear } from '../kernel/reference/linear.ts';
import { merge } from '../kernel/reference/merge.ts';
import { runningPool } from '../kernel/reference/pool.ts';
import { softmax } from '../kernel/reference/softmax.ts';
import { referenceGraph, referenceSweeps } from '../operators/reference-graph.ts';
import { resolveGraph, type Node } from './graph.ts';
import { stepsBehind } from './layers/conv1d.ts';
import { networkInput } from './input.ts';
import { cellOptionsOf, type Direction } from '../cells/recurrent-options.ts';
import type { NetworkSpec, RecurrentSpec } from './spec.ts';
import type { Weights } from './weights.ts';

type Rows = readonly Float64Array[];

/**
 * A whole network over one sequence in float64: the oracle of everything that runs one.
 * @param sequence ids, or feature rows
 * @returns every layer's rows by layer name, and the output's: [steps][width]
 */
export function referenceNetwork(
  spec: NetworkSpec,
  weights: Weights,
  sequence: readonly number[] | Rows,
): { output: Rows; layers: ReadonlyMap<string, Rows> } {
  const graph = resolveGraph(spec, networkInput(spec, weights));
  const tensor = (name: string): Float32Array => weights.get(name)!.values;
  const values: Rows[] = [];
  const layers = new Map<string, Rows>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((index) => (index < 0 ? (sequence as Rows) : values[index]!));
    const rows = runNode(node, inputs, sequence, tensor);
    values.push(rows);
    layers.set(node.name, rows);
  }
  return { output: values.at(-1)!, layers };
}

function runNode(
  node: Node,
  inputs: readonly Rows[],
  sequence: readonly number[] | Rows,
  tensor: (name: string) => Float32Array,
): Rows {
  const x = inputs[0]!;
  switch (node.type) {
    case 'embedding': {
      const { units, columns: { first, count } = { first: 0, count: 1 } } = node.layer;
      const table = tensor(node.tensors.weight);
      const looked = Array.from({ length: count }, (_, column) =>
        embedding(table, idsOfColumn(sequence, first + column), units),
      );
      return looked[0]!.map((_, t) => Float64Array.from(looked.flatMap((rows) => [...rows[t]!])));
    }
    case 'dense': {
      const { layer, tensors } = node;
      const sums = x.map((row) => linear(tensor(tensors.weight), row, tensor(tensors.bias)));
      const squash = layer.activation;
      return squash === 'softmax' ? sums.map(softmax) : sums.map((row) => row.map(activation[squash]));
    }
    case 'recurrent': {
      const { forward, backward } = node.tensors;
      const f = sweep(node.layer, { names: forward, direction: 'forward' }, x, tensor);
      if (!backward) return f;
      const reversed = sweep(node.layer, { names: backward, direction: 'backward' }, x.toReversed(), tensor);
      const b = reversed.toReversed();
      return f.map((row, t) => merge(row, b[node.ends ? 0 : t]!, node.layer.merge));
    }
    case 'conv1d': {
      const { layer, tensors } = node;
      const sums = conv1d(x, tensor(tensors.weight), tensor(tensors.bias), {
        ...layer,
        behind: stepsBehind(layer),
      });
      return sums.map((row) => row.map(activation[layer.activation]));
    }
    case 'pool':
      return node.layer.mode === 'attention'
        ? attentionPool(x, tensor(node.tensors.weight))
        : runningPool(x, node.layer.mode);
    case 'dropout':
    case 'crf':
      return x;
    case 'layer_norm': {
      const { layer, tensors } = node;
      return x.map((row) => layerNorm(row, tensor(tensors.weight), tensor(tensors.bias), layer.epsilon));
    }
    case 'program':
      return referenceGraph(
        node.layer,
        (name) => tensor(node.tensors[name]!),
        node.inputs[0]! < 0 && node.layer.input.vocabulary !== undefined
          ? idsOfColumn(sequence, 0).map((id) => [id])
          : x,
        referenceSweeps,
      );
    case 'attention':
      throw new Error('a network by itself has nothing to attend to');
    case 'concat':
      return x.map((_, t) => Float64Array.from(inputs.flatMap((rows) => [...rows[t]!])));
    case 'add':
      return x.map((row, t) => row.map((__, k) => inputs.reduce((sum, rows) => sum + rows[t]![k]!, 0)));
    case 'multiply':
      return x.map((row, t) =>
        row.map((__, k) => inputs.reduce((product, rows) => product * rows[t]![k]!, 1)),
      );
  }
}

/** One id of every step; a step of several ids is a row of them. */
const idsOfColumn = (sequence: readonly number[] | Rows, column: number): number[] =>
  sequence.map((step) => (typeof step === 'number' ? step : step[column]!));

/** A cell over all steps from where its layer starts. */
function sweep(
  layer: RecurrentSpec,
  { names, direction }: { names: DirectionTensors; direction: Direction },
  x: Rows,
  tensor: (name: string) => Float32Array,
): Float64Array[] {
  const optional = (name: string | undefined): Float32Array | undefined =>
    name === undefined ? undefined : tensor(name);
  const weights: CellWeights = {
    weightIh: tensor(names.weightIh),
    biasIh: tensor(names.biasIh),
    weightHh: optional(names.weightHh),
    biasHh: optional(names.biasHh),
    peephole: optional(names.peephole),
  };
  const step = referenceStep(findCell(layer));
  const options = cellOptionsOf(layer, direction);
  const zero = zeroState(layer.units);
  let state: CellState = {
    h: names.initialH ? Float64Array.from(tensor(names.initialH)) : zero.h,
    c: names.initialC ? Float64Array.from(tensor(names.initialC)) : zero.c,
  };
  return x.map((row) => {
    state = step(weights, row, state, options);
    return state.h;
  });
}
