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
  /** Names of arrays that no layer reads. */
  readonly unused: readonly string[];
}

/**
 * Finds a network's tensors among the arrays of a file: as the source says, else under our own names, else as PyTorch names a
 * layer's. Biases that a layer was made without are zeros.
 * @throws UnrollError invalid_weights, naming the tensor and what was looked for
 */
export function mapArrays(arrays: Arrays, network: ResolvedNetwork, source: WeightSource): Mapped {
  const nodes = [...(network.encoder?.graph.nodes ?? []), ...network.graph.nodes];
  const cellOf = new Map(nodes.flatMap((node) => tensorNames(node).map((name) => [name, node] as const)));
  const used = new Set<string>();
  const take = (name: string): Tensor | undefined => {
    used.add(name);
    return arrays.get(name);
  };
  const weights = new Map<string, Tensor>();
  const wanted = networkTensors(network).flatMap(([, tensors]) => tensors);
  const known = new Set(wanted.map(([name]) => name));
  for (const name of Object.keys(source.tensors))
    if (!known.has(name)) invalidWeights(`weights.tensors: the network has no tensor ${quote(name)}`);

  for (const [name, shape] of wanted) {
    const said = source.tensors[name];
    if (said === 0) {
      weights.set(name, zeros(shape));
      continue;
    }
    if (said !== undefined) {
      const how =
        typeof said === 'string'
          ? { array: said, transpose: false, layout: 'matrix' as const, gates: 'pytorch' as const }
          : said;
      const array =
        take(how.array) ??
        invalidWeights(`tensor ${name}: there is no array ${quote(how.array)} in the file`);
      const node = cellOf.get(name);
      const cell = node?.type === 'recurrent' ? findCell(node.layer) : null;
      const plain = how.layout === 'cudnn' ? outOfCudnn(array, cell, name) : array;
      const turned = how.transpose ? transposed(plain, name) : plain;
      const picked = 'row' in how && how.row !== undefined ? rowOf(turned, how.row, shape, name) : turned;
      weights.set(name, cell ? inOurOrder(name, picked, cell, how.gates) : picked);
      continue;
    }
    const candidates = namesOf(name, source.layers);
    const found = candidates.map(take).find((array) => array !== undefined);
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

/** A recurrent layer's tensor; a state has no gates. */
function inOurOrder(name: string, tensor: Tensor, cell: Cell, order: GateOrder): Tensor {
  if (/\.initial_[hc]$/.test(name)) return tensor;
  return name.endsWith('.peephole')
    ? reorderPeepholes(tensor, cell, order)
    : reorderGates(tensor, cell, order);
}

/** Our own name, then PyTorch's: `<layer>.<level>.<direction>.weight_ih` is `<layer>.weight_ih_l<level>[_reverse]` there. */
function namesOf(name: string, layers: WeightSource['layers']): string[] {
  const recurrent = /^(.+)\.(\d+)\.(forward|backward)\.(weight_ih|weight_hh|bias_ih|bias_hh)$/.exec(name);
  if (recurrent) {
    const [, layer = '', level, direction, part] = recurrent;
    const theirs = `${part}_l${level}${direction === 'backward' ? '_reverse' : ''}`;
    return [name, join(layers[layer] ?? layer, theirs)];
  }
  const dot = name.lastIndexOf('.');
  const layer = name.slice(0, dot);
  const part = name.slice(dot + 1);
  return layers[layer] === undefined ? [name] : [name, join(layers[layer], part)];
}

/** A network that is one layer has tensors without a prefix. */
const join = (prefix: string, part: string): string => (prefix === '' ? part : `${prefix}.${part}`);
const isBias = (name: string): boolean => /\.bias(_ih|_hh)?$/.test(name);
const zeros = (shape: readonly number[]): Tensor => ({
  shape,
  values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});

function tensorNames(node: Node): string[] {
  if (node.type !== 'recurrent') return 'tensors' in node ? Object.values(node.tensors) : [];
  const { forward, backward } = node.tensors;
  return [...Object.values(forward), ...(backward ? Object.values(backward) : [])];
}

/** [rows, columns] → [columns, rows]; a convolution of one step, [1, in, out], is a matrix, too. */
function transposed({ shape, values }: Tensor, name: string): Tensor {
  const matrix = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  const [rows, columns] = matrix;
  if (matrix.length !== 2 || rows === undefined || columns === undefined)
    return invalidWeights(`tensor ${name}: only a matrix can be transposed, this is [${shape.join(', ')}]`);
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column]!;
  return { shape: [columns, rows], values: turned };
}

function outOfCudnn(array: Tensor, cell: Cell | null, name: string): Tensor {
  const gates = cell?.sources.keras?.cudnnClassName === undefined ? 0 : cell.gates.length;
  if (gates === 0 || array.shape.length !== 2 || array.shape[1]! % gates !== 0)
    return invalidWeights(
      `tensor ${name}: [${array.shape.join(', ')}] is not a matrix of a cell that has a CuDNN layer in Keras`,
    );
  return convertCudnnKernel(array, gates);
}

function rowOf({ shape, values }: Tensor, row: number, wanted: readonly number[], name: string): Tensor {
  const [rows = 0, columns = 0] =
    shape.length === 1 && wanted.length === 1 ? [shape[0]! / wanted[0]!, wanted[0]!] : shape;
  if ((shape.length !== 2 && wanted.length !== 1) || !Number.isInteger(rows) || row >= rows)
    return invalidWeights(`tensor ${name}: [${shape.join(', ')}] has no row ${row}`);
  return { shape: [columns], values: values.subarray(row * columns, (row + 1) * columns) };
}
