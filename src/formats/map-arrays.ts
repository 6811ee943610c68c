import type { Cell } from '../cells/cell.ts';
import { reorderGates, reorderPeepholes, type GateOrder } from '../cells/gate-orders.ts';
import { findCell } from '../cells/registry.ts';
import { networkTensors, type ResolvedNetwork } from '../network/encoder-decoder.ts';
import type { Node } from '../network/graph.ts';
import type { Tensor, Weights } from '../network/weights.ts';
import type { Arrays } from './arrays.ts';
import { convertCudnnKernel } from './keras/recurrent.ts';
import type { WeightSource } from '../network/weight-source.ts';
import { invalidWeights, quote } from './format-errors.ts';

interface Mapped {
  readonly weights: Weights;
  /** Names of arrays that no layer uses. */
  readonly unused: readonly string[];
}

/**
 * Maps the arrays of a file to a network's tensors: by `source.tensors`, else by our own names, else by
 * PyTorch's names of a layer's tensors. Biases of a layer that was trained without them are zeros.
 * @throws UnrollError invalid_weights with the tensor and the names that were tried
 */
export function mapArrays(arrays: Arrays, network: ResolvedNetwork, source: WeightSource): Mapped {
  const nodes = [...(network.encoder?.graph.nodes ?? []), ...network.graph.nodes];
  const nodeByTensor = new Map(
    nodes.flatMap((node) => listTensorNames(node).map((name) => [name, node] as const)),
  );
  const used = new Set<string>();
  const useArray = (name: string): Tensor | undefined => {
    used.add(name);
    return arrays.get(name);
  };
  const weights = new Map<string, Tensor>();
  const required = networkTensors(network).flatMap(([, tensors]) => tensors);
  const known = new Set(required.map(([name]) => name));
  for (const name of Object.keys(source.tensors))
    if (!known.has(name)) invalidWeights(`weights.tensors: the network has no tensor ${quote(name)}`);

  for (const [name, shape] of required) {
    const mapping = source.tensors[name];
    if (mapping === 0) {
      weights.set(name, zeros(shape));
      continue;
    }
    if (mapping !== undefined) {
      const options =
        typeof mapping === 'string'
          ? { array: mapping, transpose: false, layout: 'matrix' as const, gates: 'pytorch' as const }
          : mapping;
      const array =
        useArray(options.array) ??
        invalidWeights(`tensor ${name}: the file has no array ${quote(options.array)}`);
      const node = nodeByTensor.get(name);
      const cell = node?.type === 'recurrent' ? findCell(node.layer) : null;
      const plain = options.layout === 'cudnn' ? convertFromCudnn(array, cell, name) : array;
      const transposedArray = options.transpose ? transposed(plain, name) : plain;
      const picked =
        'row' in options && options.row !== undefined
          ? pickRow(transposedArray, options.row, shape, name)
          : transposedArray;
      weights.set(name, cell ? toOurGateOrder(name, picked, cell, options.gates) : picked);
      continue;
    }
    const candidates = listCandidateNames(name, source.layers);
    const found = candidates.map(useArray).find((array) => array !== undefined);
    if (found) weights.set(name, found);
    else if (
      isBias(name) &&
      candidates.some((candidate) => arrays.has(candidate.replace(/\bbias/, 'weight')))
    )
      weights.set(name, zeros(shape));
    else
      invalidWeights(
        `tensor ${name} [${shape.join(', ')}] is not in the file: looked for ${candidates.map(quote).join(', ')}`,
      );
  }
  return { weights, unused: [...arrays.keys()].filter((name) => !used.has(name)) };
}

/** Reorders the gates of a recurrent layer's tensor; an initial state has none. */
function toOurGateOrder(name: string, tensor: Tensor, cell: Cell, order: GateOrder): Tensor {
  if (/\.initial_[hc]$/.test(name)) return tensor;
  return name.endsWith('.peephole')
    ? reorderPeepholes(tensor, cell, order)
    : reorderGates(tensor, cell, order);
}

/** Lists the names to try: our own, then PyTorch's: `<layer>.<level>.<direction>.weight_ih` is
 * `<layer>.weight_ih_l<level>[_reverse]` in PyTorch. */
function listCandidateNames(name: string, layers: WeightSource['layers']): string[] {
  const recurrent = /^(.+)\.(\d+)\.(forward|backward)\.(weight_ih|weight_hh|bias_ih|bias_hh)$/.exec(name);
  if (recurrent) {
    const [, layer = '', level, direction, part = ''] = recurrent;
    const sourceName = `${part}_l${level}${direction === 'backward' ? '_reverse' : ''}`;
    const prefix = layers[layer] ?? layer;
    // an LSTMCell or GRUCell of PyTorch has one level, which it does not name
    const cellNames = level === '0' && direction === 'forward' ? [join(prefix, part)] : [];
    return [name, join(prefix, sourceName), ...cellNames];
  }
  const dot = name.lastIndexOf('.');
  const layer = name.slice(0, dot);
  const part = name.slice(dot + 1);
  return layers[layer] === undefined ? [name] : [name, join(layers[layer], part)];
}

/** Joins a layer's prefix and a tensor's name; a file of a single layer has names without a prefix. */
const join = (prefix: string, part: string): string => (prefix === '' ? part : `${prefix}.${part}`);
const isBias = (name: string): boolean => /\.bias(_ih|_hh)?$/.test(name);
const zeros = (shape: readonly number[]): Tensor => ({
  shape,
  values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});

/** Lists the names of a node's tensors. */
function listTensorNames(node: Node): string[] {
  if (node.type !== 'recurrent') return 'tensors' in node ? Object.values(node.tensors) : [];
  const { forward, backward } = node.tensors;
  return [...Object.values(forward), ...(backward ? Object.values(backward) : [])];
}

/**
 * Transposes [rows, columns] to [columns, rows]. A convolution with one tap, [1, in, out], counts as a
 * matrix.
 */
function transposed({ shape, values }: Tensor, name: string): Tensor {
  const matrix = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  const [rows, columns] = matrix;
  if (matrix.length !== 2 || rows === undefined || columns === undefined)
    return invalidWeights(
      `tensor ${name}: only a matrix can be transposed, the array is [${shape.join(', ')}]`,
    );
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column]!;
  return { shape: [columns, rows], values: result };
}

function convertFromCudnn(array: Tensor, cell: Cell | null, name: string): Tensor {
  const gates = cell?.sources.keras?.cudnnClassName === undefined ? 0 : cell.gates.length;
  if (gates === 0 || array.shape.length !== 2 || array.shape[1]! % gates !== 0)
    return invalidWeights(
      `tensor ${name}: [${array.shape.join(', ')}] is not a matrix of a cell that has a CuDNN layer in Keras`,
    );
  return convertCudnnKernel(array, gates);
}

function pickRow({ shape, values }: Tensor, row: number, wanted: readonly number[], name: string): Tensor {
  const [rows = 0, columns = 0] =
    shape.length === 1 && wanted.length === 1 ? [shape[0]! / wanted[0]!, wanted[0]!] : shape;
  if ((shape.length !== 2 && wanted.length !== 1) || !Number.isInteger(rows) || row >= rows)
    return invalidWeights(`tensor ${name}: [${shape.join(', ')}] has no row ${row}`);
  return { shape: [columns], values: values.subarray(row * columns, (row + 1) * columns) };
}
