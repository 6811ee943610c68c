import { reorderGates } from '../../cells/gate-orders.ts';
import { cellNames, cellWhose, findCell, type CellName } from '../../cells/registry.ts';
import type { CellActivationsSpec } from '../../cells/recurrent-fields.ts';
import type { Tensor } from '../../network/weights.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { parseCellActivations } from './cell-activations.ts';
import { asConfig, type Config } from './keras-config.ts';
import { transpose, zeros } from './weight-layout.ts';

// Keras: kernel [in, G·units], recurrent_kernel [units, G·units], bias [G·units], of a GRU with reset_after
// [2, 3·units]. Gates of an LSTM i f c o as ours, of a GRU z r h.

/** Finds the cell of a Keras layer class; undefined when the class is not a cell. */
export const findCellByClass = (className: string): CellName | undefined =>
  cellWhose(({ keras }) => keras?.className === className || keras?.cudnnClassName === className);

export interface CellSpec {
  readonly cell: CellName;
  readonly units: number;
  readonly reset?: 'before' | 'after';
  /** Those that differ from the cell's own. */
  readonly activations: CellActivationsSpec;
}

/** Returns the class and the config of the cell in a Bidirectional. @throws UnrollError invalid_model */
export function getWrappedCell(layer: unknown): { className: string; own: Config } {
  const wrapped = asConfig(layer);
  const className = String(wrapped['class_name']);
  if (findCellByClass(className) === undefined && className !== 'RNN')
    invalidModel(`wraps ${quote(className)}, must be ${listCellClasses().join(', ')}`);
  return { className, own: asConfig(wrapped['config']) };
}
const listCellClasses = (): string[] =>
  cellNames.flatMap((cell) => {
    const { keras } = findCell({ cell }).sources;
    return keras ? [keras.className, ...(keras.cudnnClassName ? [keras.cudnnClassName] : [])] : [];
  });

const merges = ['concat', 'sum', 'mul', 'ave'] as const;
/**
 * Parses how both directions are merged; null when they are separate outputs.
 * @throws UnrollError invalid_model
 */
export function parseMergeMode(config: Config): (typeof merges)[number] | null {
  const mode = config['merge_mode'];
  if (mode === null) return null;
  return (
    merges.find((merge) => merge === (mode ?? 'concat')) ??
    invalidModel(`merge_mode ${quote(mode)}, must be ${merges.join(', ')} or null`)
  );
}

/** Converts one direction of a recurrent layer to our cell and tensors. */
export function convertCell(
  className: string,
  config: Config,
  weights: readonly Tensor[],
  width: number,
  version: string,
): { readonly spec: CellSpec; readonly tensors: NamedTensors } {
  const spec = createCellSpec(className, config, version);
  return { spec, tensors: createCellTensors(spec, className, weights, width) };
}

export type NamedTensors = readonly (readonly [part: string, tensor: Tensor])[];
export const countWeights = (config: Config): number => (config['use_bias'] === false ? 2 : 3);

export function collectNotes(config: Config): string[] {
  return config['stateful'] === true
    ? [
        'stateful: every sequence has a state of its own, which starts from zeros; a session keeps it between calls',
      ]
    : [];
}

function createCellSpec(className: string, config: Config, version: string): CellSpec {
  const cell = findCellByClass(className)!;
  const units = Number(config['units'] ?? config['output_dim']);
  if (!Number.isSafeInteger(units) || units < 1) invalidModel(`units of ${quote(config['units'])}`);
  return {
    cell,
    units,
    // default: Keras 1 and 2 reset before the recurrent product; CuDNN after
    ...(findCell({ cell }).resetBefore && {
      reset: className === 'CuDNNGRU' || config['reset_after'] === true ? 'after' : 'before',
    }),
    activations: parseCellActivations(cell, config, version),
  };
}

/** Converts [kernel, recurrent kernel, bias?] of one direction to our tensors. */
function createCellTensors(
  { cell: name, units }: CellSpec,
  className: string,
  weights: readonly Tensor[],
  width: number,
): NamedTensors {
  const cell = findCell({ cell: name });
  const gates = cell.gates.length;
  const columns = gates * units;
  const cudnn = className.startsWith('CuDNN');
  const [kernel, recurrent, bias] = weights as [Tensor, Tensor, Tensor | undefined];
  const hasShape = ({ shape }: Tensor, ...expected: number[]): boolean => shape.join() === expected.join();
  if (!hasShape(kernel, width, columns) || !hasShape(recurrent, units, columns))
    invalidModel(
      `kernels of [${kernel.shape.join(', ')}] and [${recurrent.shape.join(', ')}] for ${units} units over ${width} columns`,
    );
  const matrix = (tensor: Tensor): Tensor =>
    reorderGates(cudnn ? convertCudnnKernel(tensor, gates) : transpose(tensor), cell, 'keras');
  const [biasIh, biasHh] = splitBias(bias, columns).map((one) => reorderGates(one, cell, 'keras'));
  return [
    ['weight_ih', matrix(kernel)],
    ['weight_hh', matrix(recurrent)],
    ['bias_ih', biasIh!],
    ['bias_hh', biasHh!],
  ];
}

/**
 * Splits a bias into those of both products: one for both, or one each as [2, columns] or, of CuDNN layers,
 * [2·columns].
 */
function splitBias(bias: Tensor | undefined, columns: number): [Tensor, Tensor] {
  if (!bias) return [zeros(columns), zeros(columns)];
  const { values } = bias;
  if (values.length === columns) return [{ shape: [columns], values }, zeros(columns)];
  if (values.length !== 2 * columns)
    return invalidModel(`a bias of [${bias.shape.join(', ')}] for ${columns} columns`);
  return [
    { shape: [columns], values: values.subarray(0, columns) },
    { shape: [columns], values: values.subarray(columns) },
  ];
}

/**
 * Converts a CuDNN kernel [in, G·units], which stores gate by gate cuDNN's matrix [units, in] under another
 * shape, to [G·units, in].
 */
export function convertCudnnKernel({ shape, values }: Tensor, count: number): Tensor {
  const [rows, columns] = shape as [number, number];
  const units = columns / count;
  const converted = new Float32Array(values.length);
  for (let gate = 0; gate < count; gate++) {
    // the gate's block [rows, units], flattened row by row, is the matrix [units, rows]
    for (let row = 0; row < rows; row++)
      for (let unit = 0; unit < units; unit++)
        converted[gate * units * rows + row * units + unit] = values[row * columns + gate * units + unit]!;
  }
  return { shape: [columns, rows], values: converted };
}
