import { findCell } from '../cells/registry.ts';
import type { Rng } from '../random.ts';
import { networkTensors, type ResolvedNetwork } from '../network/encoder-decoder.ts';
import type { Node } from '../network/graph.ts';
import { cellOptionsOf } from '../cells/recurrent-options.ts';
import type { Tensor, Weights } from '../network/weights.ts';

export interface Initialisation {
  /** Embeddings are uniform in ± this. */
  readonly embeddingScale?: number;
  /** he: matrices whose rows go through a relu start wider (He et al. 2015). */
  readonly initialisation?: 'glorot' | 'he';
}

/**
 * Weights to start from: embeddings uniform; input, dense and attention matrices Glorot and Bengio 2010; recurrent matrices
 * orthogonal, gate by gate (Saxe et al. 2014); a crf zero; biases zero except where a gate has an initial bias.
 */
export function initialWeights(
  network: ResolvedNetwork,
  random: Rng,
  { embeddingScale = 0.1, initialisation = 'glorot' }: Initialisation = {},
): Weights {
  const weights = new Map<string, Tensor>();
  const nodes = [...(network.encoder?.graph.nodes ?? []), ...network.graph.nodes];
  const byName = new Map(nodes.map((node) => [`layer ${node.name}`, node]));
  for (const [owner, tensors] of networkTensors(network))
    for (const [name, shape] of tensors) {
      const values = initialTensor(byName.get(owner), name, shape, random, {
        embeddingScale,
        initialisation,
      });
      weights.set(name, { shape, values });
    }
  return weights;
}

function initialTensor(
  node: Node | undefined,
  name: string,
  shape: readonly number[],
  random: Rng,
  { embeddingScale, initialisation }: Required<Initialisation>,
): Float32Array {
  const [rows = 0, columns = 0] = shape;
  if (node?.type === 'embedding') return uniform(rows * columns, embeddingScale, random);
  if (name.endsWith('.vector')) return uniform(rows, Math.sqrt(6 / (rows + 1)), random);
  if (shape.length === 1) {
    const vector = new Float32Array(rows);
    if (node?.type === 'layer_norm' && name.endsWith('.weight')) vector.fill(1);
    if (node?.type === 'recurrent' && name.endsWith('bias_ih'))
      findCell(node.layer).gates.forEach(({ initialBias = 0 }, gate) =>
        vector.fill(initialBias, gate * node.layer.units, (gate + 1) * node.layer.units),
      );
    return vector;
  }
  if (node?.type === 'crf') return new Float32Array(rows * columns);
  const recurrent = node?.type === 'recurrent' ? node.layer : null;
  if (recurrent && name.endsWith('weight_hh')) {
    const { units } = recurrent;
    const matrix = new Float32Array(rows * units);
    for (let gate = 0; gate < rows / units; gate++)
      matrix.set(orthogonal(units, random), gate * units * units);
    return matrix;
  }
  const relu =
    (node?.type === 'dense' && node.layer.activation === 'relu') ||
    (recurrent !== null && cellOptionsOf(recurrent, 'forward').candidate.type === 'relu');
  const limit =
    relu && initialisation === 'he'
      ? Math.sqrt(6 / columns)
      : Math.sqrt(6 / ((recurrent?.units ?? rows) + columns));
  return uniform(rows * columns, limit, random);
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
