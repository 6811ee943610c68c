import { cellNames, findCell } from '../../cells/registry.ts';
import type { NetworkInput } from '../../network/input.ts';
import type { RecurrentSpec } from '../../network/layers/recurrent/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import type { Arrays } from '../arrays.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { layersToNetwork } from '../layers-to-network.ts';
import { invalidModel, quote } from '../format-errors.ts';

// A state dict has no network, only tensors in module order. When they can only be a chain of embedding,
// recurrent layers, layer norms and dense layers, they are converted to that chain; anything else needs a
// model.json.

interface Module {
  readonly prefix: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}
interface Draft {
  readonly layers: object[];
  readonly weights: Map<string, Tensor>;
  readonly notes: string[];
  /** Output columns of the last layer; 0 before the first layer. */
  width: number;
  input: NetworkInput | null;
}

/**
 * Converts a state dict to a network.
 * @throws UnrollError invalid_model with the module that cannot be converted
 */
export function stateDictToNetwork(arrays: Arrays): ImportedNetwork {
  const draft: Draft = { layers: [], weights: new Map(), notes: [], width: 0, input: null };
  const modules = groupByModule(arrays);
  modules.forEach((one, index) => addModule(draft, one, index, modules));
  if (draft.layers.length === 0 || !draft.input)
    return invalidModel('the file has no recurrent or dense layer');
  const network = layersToNetwork(draft.layers);
  return { network, weights: draft.weights, input: draft.input, notes: draft.notes };
}

/** Groups tensors by module, in file order. */
function groupByModule(arrays: Arrays): Module[] {
  const modules = new Map<string, Map<string, Tensor>>();
  for (const [name, tensor] of arrays) {
    const dot = name.lastIndexOf('.');
    const prefix = name.slice(0, Math.max(0, dot));
    if (!modules.has(prefix)) modules.set(prefix, new Map());
    modules.get(prefix)!.set(name.slice(dot + 1), tensor);
  }
  return [...modules].map(([prefix, tensors]) => ({ prefix, tensors }));
}

function addModule(draft: Draft, module: Module, index: number, modules: readonly Module[]): void {
  const { prefix, tensors } = module;
  if (tensors.has('weight_ih_l0')) return addRecurrent(draft, module);
  const weight = tensors.get('weight');
  const bias = tensors.get('bias');
  const others = [...tensors.keys()].filter((name) => name !== 'weight' && name !== 'bias');
  if (!weight || others.length > 0)
    return invalidModel(
      `${quote(prefix)} has ${[...tensors.keys()].slice(0, 6).map(quote).join(', ')}: not a known layer`,
    );
  const name = toLayerName(prefix, index);
  if (weight.shape.length === 1 && bias) {
    expectWidth(draft, weight.shape[0]!, prefix);
    draft.layers.push({ type: 'layer_norm', name });
    draft.weights.set(`${name}.weight`, weight).set(`${name}.bias`, bias);
    draft.notes.push(`${quote(prefix)} is assumed to be a layer norm with epsilon 1e-5`);
    return;
  }
  const [rows, columns] = weight.shape;
  if (weight.shape.length !== 2 || rows === undefined || columns === undefined)
    return invalidModel(`${quote(prefix)}: a weight of [${weight.shape.join(', ')}] is not a known layer`);
  const next = modules[index + 1];
  if (!bias && draft.layers.length === 0 && next && getInputWidth(next) === columns) {
    draft.layers.push({ type: 'embedding', name, vocabulary: rows, units: columns });
    draft.weights.set(`${name}.weight`, weight);
    draft.input = { kind: 'ids', vocabulary: rows };
    draft.width = columns;
    return;
  }
  expectWidth(draft, columns, prefix);
  draft.layers.push({ type: 'dense', name, units: rows });
  draft.weights.set(`${name}.weight`, weight).set(`${name}.bias`, bias ?? zeros(rows));
  draft.notes.push(`${quote(prefix)} is assumed to be a dense layer without activation`);
  draft.width = rows;
}

/** The number of input columns of a module. */
function getInputWidth({ tensors }: Module): number | undefined {
  return (tensors.get('weight_ih_l0') ?? tensors.get('weight'))?.shape.at(-1);
}

function expectWidth(draft: Draft, width: number, prefix: string): void {
  if (draft.layers.length === 0) draft.input = { kind: 'features', width };
  else if (draft.width !== width)
    invalidModel(
      `${quote(prefix)} reads ${width} columns, the layer before it has ${draft.width}: not a chain, describe the network in model.json`,
    );
  draft.width = width;
}

/**
 * Adds an nn.RNN, nn.LSTM or nn.GRU: any number of layers, both directions, with or without biases and
 * projection.
 */
function addRecurrent(draft: Draft, { prefix, tensors }: Module): void {
  const first = tensors.get('weight_ih_l0')!;
  const hidden = tensors.get('weight_hh_l0');
  if (!hidden || first.shape.length !== 2 || hidden.shape.length !== 2)
    return invalidModel(`${quote(prefix)}: weight_ih_l0 and weight_hh_l0 must be matrices`);
  const projected = tensors.get('weight_hr_l0');
  const units = projected?.shape[1] ?? hidden.shape[1]!;
  const gates = first.shape[0]! / units;
  const cell = cellNames.find((name) => {
    const { sources, gates: own } = findCell({ cell: name });
    return sources.pytorch !== undefined && own.length === gates;
  });
  if (!cell)
    return invalidModel(
      `${quote(prefix)}: weight_ih_l0 has ${first.shape[0]} rows for ${units} units: no cell has that many gates`,
    );
  let levels = 0;
  while (tensors.has(`weight_ih_l${levels}`)) levels++;
  const bidirectional = tensors.has('weight_ih_l0_reverse');
  expectWidth(draft, first.shape[1]!, prefix);
  if (findCell({ cell }).supports.includes('activation'))
    draft.notes.push(`${quote(prefix)} is assumed to use tanh; set relu in model.json`);

  const named = toLayerName(prefix, draft.layers.length);
  const directions = bidirectional ? (['forward', 'backward'] as const) : (['forward'] as const);
  const common = { type: 'recurrent', cell, units, bidirectional } satisfies Partial<RecurrentSpec>;
  if (!projected) draft.layers.push({ ...common, name: named, layers: levels });
  for (let level = 0; level < levels; level++) {
    const name = projected ? `${named}_${level}` : named;
    const projections: Tensor[] = [];
    for (const direction of directions) {
      const suffix = `_l${level}${direction === 'backward' ? '_reverse' : ''}`;
      const get = (part: string): Tensor | undefined => tensors.get(part + suffix);
      const need = (part: string): Tensor =>
        get(part) ?? invalidModel(`${quote(`${prefix}.${part}${suffix}`)} is missing`);
      const rows = first.shape[0]!;
      const projection = projected ? need('weight_hr') : null;
      if (projection) projections.push(projection);
      const path = `${name}.${projected ? 0 : level}.${direction}`;
      draft.weights.set(`${path}.weight_ih`, need('weight_ih'));
      // W_hh reads the projected state; W_hh·W_hr reads the full state with the same result
      draft.weights.set(
        `${path}.weight_hh`,
        projection ? multiply(need('weight_hh'), projection) : need('weight_hh'),
      );
      draft.weights.set(`${path}.bias_ih`, get('bias_ih') ?? zeros(rows));
      draft.weights.set(`${path}.bias_hh`, get('bias_hh') ?? zeros(rows));
    }
    draft.width = units * directions.length;
    if (!projected) continue;
    const width = projections[0]!.shape[0]!;
    draft.layers.push({ ...common, name });
    draft.layers.push({ type: 'dense', name: `${name}_projection`, units: width * directions.length });
    draft.weights.set(`${name}_projection.weight`, blockDiagonal(projections));
    draft.weights.set(`${name}_projection.bias`, zeros(width * directions.length));
    draft.width = width * directions.length;
  }
  if (projected)
    draft.notes.push(
      `${quote(prefix)} has a projection: the states stay unprojected, and a dense layer projects the output`,
    );
}

/** Converts a module's prefix to a valid layer name. */
const toLayerName = (prefix: string, index: number): string =>
  prefix.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 48) || `layer_${index}`;
const zeros = (length: number): Tensor => ({ shape: [length], values: new Float32Array(length) });

/** Multiplies A [m, k] by B [k, n], summed in float64. */
function multiply(a: Tensor, b: Tensor): Tensor {
  const [m = 0, k = 0] = a.shape;
  const [inner = 0, n = 0] = b.shape;
  if (inner !== k) invalidModel(`[${a.shape.join(', ')}] and [${b.shape.join(', ')}] cannot be multiplied`);
  const values = new Float32Array(m * n);
  const row = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    row.fill(0);
    for (let l = 0; l < k; l++)
      for (let j = 0; j < n; j++) row[j] = row[j]! + a.values[i * k + l]! * b.values[l * n + j]!;
    values.set(row, i * n);
  }
  return { shape: [m, n], values };
}

/** Puts matrices along the diagonal of a matrix of zeros. */
function blockDiagonal(blocks: readonly Tensor[]): Tensor {
  const rows = blocks.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const columns = blocks.reduce((sum, { shape }) => sum + shape[1]!, 0);
  const values = new Float32Array(rows * columns);
  let row = 0;
  let column = 0;
  for (const { shape, values: block } of blocks) {
    const width = shape[1]!;
    for (let i = 0; i < shape[0]!; i++)
      values.set(block.subarray(i * width, (i + 1) * width), (row + i) * columns + column);
    row += shape[0]!;
    column += width;
  }
  return { shape: [rows, columns], values };
}
