import type { Rng } from '../decoding/rng.ts';
import { tensorShapes } from '../network/check-weights.ts';
import type { Graph, Node } from '../network/graph.ts';
import type { Tensor, Weights } from '../network/weights.ts';

/**
 * Weights to start from: embeddings uniform in ±0.1; input and dense matrices Glorot and Bengio 2010; recurrent matrices
 * orthogonal, gate by gate (Saxe et al. 2014); biases zero but an LSTM's forget gate, 1 (Jozefowicz et al. 2015).
 */
export function initialWeights(graph: Graph, random: Rng): Weights {
  const weights = new Map<string, Tensor>();
  for (const node of graph.nodes)
    for (const [name, shape] of tensorShapes(node))
      weights.set(name, { shape, values: initialTensor(node, name, shape, random) });
  return weights;
}

function initialTensor(node: Node, name: string, shape: readonly number[], random: Rng): Float32Array {
  const [rows = 0, columns = 0] = shape;
  if (node.type === 'embedding') return uniform(rows * columns, 0.1, random);
  if (shape.length === 1) {
    const bias = new Float32Array(rows);
    if (node.type === 'recurrent' && node.layer.cell === 'lstm' && name.endsWith('bias_ih'))
      bias.fill(1, node.layer.units, 2 * node.layer.units);
    return bias;
  }
  if (node.type !== 'recurrent') return uniform(rows * columns, Math.sqrt(6 / (rows + columns)), random);
  const { units } = node.layer;
  if (name.endsWith('weight_ih')) return uniform(rows * columns, Math.sqrt(6 / (units + columns)), random);
  const matrix = new Float32Array(rows * units);
  for (let gate = 0; gate < rows / units; gate++) matrix.set(orthogonal(units, random), gate * units * units);
  return matrix;
}

const uniform = (length: number, limit: number, random: Rng): Float32Array =>
  Float32Array.from({ length }, () => (2 * random.next() - 1) * limit);

/** Box and Muller's transform; 1 − u keeps the logarithm away from 0. */
const gaussian = (random: Rng): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

/** A random matrix with orthonormal rows: Gram and Schmidt's process in float64, [size, size]. */
function orthogonal(size: number, random: Rng): Float32Array {
  const rows: Float64Array[] = [];
  while (rows.length < size) {
    const row = Float64Array.from({ length: size }, () => gaussian(random));
    for (const other of rows) {
      let along = 0;
      for (let k = 0; k < size; k++) along += row[k]! * other[k]!;
      for (let k = 0; k < size; k++) row[k] = row[k]! - along * other[k]!;
    }
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    // a row that was almost within the others' span has lost its digits: draw again
    if (length > 1e-3) rows.push(row.map((value) => value / length));
  }
  return Float32Array.from(rows.flatMap((row) => [...row]));
}
