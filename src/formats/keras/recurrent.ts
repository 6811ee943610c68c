import { reorderGates } from '../../cells/gate-orders.ts';
import { cellNames, cellWhose, findCell, type CellName } from '../../cells/registry.ts';
import type { CellActivationsSpec } from '../../network/layers/recurrent/cell-fields.ts';
import type { Tensor } from '../../network/weights.ts';
import { shown } from '../arrays.ts';
import { cellActivationsOf } from './cell-activations.ts';
import { asConfig, type Config } from './keras-config.ts';
import type { KerasLayer } from './keras-model.ts';
import { need, refuse, transpose, zeros, type Converted, type Read } from './converted.ts';

// Keras: kernel [in, G·units], recurrent_kernel [units, G·units], bias [G·units], of a GRU with reset_after [2, 3·units]. Gates of an
// LSTM i f c o as ours, of a GRU z r h.

/** The cell of a Keras layer's class, undefined where it is no cell. */
export const cellOfClass = (className: string): CellName | undefined =>
  cellWhose(({ keras }) => keras?.className === className || keras?.cudnnClassName === className);

export interface CellSpec {
  readonly type: 'recurrent';
  readonly cell: CellName;
  readonly units: number;
  readonly reset?: 'before' | 'after';
  readonly activation?: 'relu';
  readonly activations?: CellActivationsSpec;
}

/** One direction: to its last row alone unless it returns sequences. */
export function convertRecurrent(layer: KerasLayer, { width, sequence }: Read, version: string): Converted {
  if (!sequence) refuse('reads a sequence, and is given one row');
  const { name, className, config } = layer;
  requireNoState(config);
  const { spec, tensors } = cellOf(className, config, need(layer, weightCount(config)), width, version);
  const sequences = config['return_sequences'] === true;
  const notes = notesOf(config);
  if (config['go_backwards'] === true) {
    if (sequences) refuse('go_backwards with return_sequences gives its rows in reverse');
    // beside a forward direction that is always 0, as the usual activations make it: 0 + backward is backward
    const { activations, ...usual } = spec;
    const still = tensors.map(
      ([part, { shape, values }]) => [part, { shape, values: new Float32Array(values.length) }] as const,
    );
    return {
      layers: [
        {
          name,
          layer: {
            ...usual,
            ...(activations && { backward_activations: activations }),
            bidirectional: true,
            merge: 'sum',
            backward_at: 'first',
          },
          tensors: [...placed('forward', still), ...placed('backward', tensors)],
        },
        lastOf(name),
      ],
      width: spec.units,
      sequence: false,
      notes: [...notes, 'go_backwards: beside it runs a forward direction that gives zeros'],
    };
  }
  return {
    layers: [
      { name, layer: spec, tensors: placed('forward', tensors) },
      ...(sequences ? [] : [lastOf(name)]),
    ],
    width: spec.units,
    sequence: sequences,
    notes,
  };
}

export function convertBidirectional(
  layer: KerasLayer,
  { width, sequence }: Read,
  version: string,
): Converted {
  if (!sequence) refuse('reads a sequence, and is given one row');
  const { name, config } = layer;
  const { className, own } = wrappedCell(config['layer']);
  requireNoState(own);
  const merge = mergeOf(config);
  if (!merge) return refuse('merge_mode null: its directions are given apart');
  const spec = cellSpec(className, own, version);
  const backward = backwardActivations(config, { className, own, spec }, version);
  const count = weightCount(own);
  const weights = need(layer, 2 * count);
  const sequences = own['return_sequences'] === true;
  return {
    layers: [
      {
        name,
        layer: {
          ...spec,
          ...backward,
          bidirectional: true,
          merge,
          ...(!sequences && { backward_at: 'first' }),
        },
        tensors: [
          ...placed('forward', cellTensors(spec, className, weights.slice(0, count), width)),
          ...placed('backward', cellTensors(spec, className, weights.slice(count), width)),
        ],
      },
      ...(sequences ? [] : [lastOf(name)]),
    ],
    width: merge === 'concat' ? 2 * spec.units : spec.units,
    sequence: sequences,
    notes: notesOf(own),
  };
}

/** The class and the config of the cell that a Bidirectional wraps. */
export function wrappedCell(layer: unknown): { className: string; own: Config } {
  const wrapped = asConfig(layer);
  const className = String(wrapped['class_name']);
  if (cellOfClass(className) === undefined)
    refuse(`wraps ${shown(className)}, must be ${classNames().join(', ')}`);
  return { className, own: asConfig(wrapped['config']) };
}
const classNames = (): string[] =>
  cellNames.flatMap((cell) => {
    const { keras } = findCell({ cell }).sources;
    return keras ? [keras.className, ...(keras.cudnnClassName ? [keras.cudnnClassName] : [])] : [];
  });

const merges = ['concat', 'sum', 'mul', 'ave'] as const;
/** How both directions become one; null where they are given apart. */
export function mergeOf(config: Config): (typeof merges)[number] | null {
  const said = config['merge_mode'];
  if (said === null) return null;
  return (
    merges.find((merge) => merge === (said ?? 'concat')) ??
    refuse(`merge_mode ${shown(said)}, must be ${merges.join(', ')} or null`)
  );
}

/** One direction of a layer in our terms, whatever it reads and hands on. */
export function cellOf(
  className: string,
  config: Config,
  weights: readonly Tensor[],
  width: number,
  version: string,
): { readonly spec: CellSpec; readonly tensors: Named } {
  const spec = cellSpec(className, config, version);
  return { spec, tensors: cellTensors(spec, className, weights, width) };
}

const lastOf = (name: string): Converted['layers'][number] => ({
  name: `${name}_last`,
  layer: { type: 'pool', mode: 'last' },
  tensors: [],
});

export type Named = readonly (readonly [part: string, tensor: Tensor])[];
const placed = (direction: 'forward' | 'backward', tensors: Named): Named =>
  tensors.map(([part, tensor]) => [`0.${direction}.${part}`, tensor]);

export const weightCount = (config: Config): number => (config['use_bias'] === false ? 2 : 3);

export function notesOf(config: Config): string[] {
  return config['stateful'] === true ? ['stateful: here every sequence has a state of its own'] : [];
}

function requireNoState(config: Config): void {
  if (config['return_state'] === true)
    refuse('return_state: its states are no output here, they are read and set by themselves');
}

function cellSpec(className: string, config: Config, version: string): CellSpec {
  const cell = cellOfClass(className)!;
  const { resetBefore, supports } = findCell({ cell });
  const units = Number(config['units'] ?? config['output_dim']);
  if (!Number.isSafeInteger(units) || units < 1) refuse(`units of ${shown(config['units'])}`);
  const activations = cellActivationsOf(cell, config, version);
  const isRelu = supports.includes('activation') && activations.candidate?.type === 'relu';
  return {
    type: 'recurrent',
    cell,
    units,
    ...(isRelu ? { activation: 'relu' } : Object.keys(activations).length > 0 && { activations }),
    // Keras 1 and 2 without the field reset before; CuDNN after
    ...(resetBefore && {
      reset: className === 'CuDNNGRU' || config['reset_after'] === true ? 'after' : 'before',
    }),
  };
}

/** A Bidirectional may hold a backward layer of its own: only its activations can differ. */
function backwardActivations(
  config: Config,
  forward: { className: string; own: Config; spec: CellSpec },
  version: string,
): { backward_activations?: CellActivationsSpec } {
  if (config['backward_layer'] === undefined || config['backward_layer'] === null) return {};
  const wrapped = asConfig(config['backward_layer']);
  const className = String(wrapped['class_name']);
  const own = asConfig(wrapped['config']);
  if (className !== forward.className || weightCount(own) !== weightCount(forward.own))
    refuse(`its backward layer is another than its forward one: ${shown(className)}`);
  const { activation, activations = {}, ...rest } = cellSpec(className, own, version);
  const { activation: usual, activations: others = {}, ...same } = forward.spec;
  if (JSON.stringify(rest) !== JSON.stringify(same) || activation !== usual)
    refuse('its backward layer is another than its forward one');
  return JSON.stringify(activations) === JSON.stringify(others) ? {} : { backward_activations: activations };
}

/** [kernel, recurrent kernel, bias?] of one direction as ours. */
function cellTensors(
  { cell: name, units }: CellSpec,
  className: string,
  weights: readonly Tensor[],
  width: number,
): Named {
  const cell = findCell({ cell: name });
  const gates = cell.gates.length;
  const columns = gates * units;
  const cudnn = className.startsWith('CuDNN');
  const [kernel, recurrent, bias] = weights as [Tensor, Tensor, Tensor | undefined];
  const is = ({ shape }: Tensor, ...wanted: number[]): boolean => shape.join() === wanted.join();
  if (!is(kernel, width, columns) || !is(recurrent, units, columns))
    refuse(
      `kernels of [${kernel.shape.join(', ')}] and [${recurrent.shape.join(', ')}] for ${units} units over ${width} columns`,
    );
  const matrix = (tensor: Tensor): Tensor =>
    reorderGates(cudnn ? fromCudnn(tensor, gates) : transpose(tensor), cell, 'keras');
  const [biasIh, biasHh] = biasesOf(bias, columns).map((one) => reorderGates(one, cell, 'keras'));
  return [
    ['weight_ih', matrix(kernel)],
    ['weight_hh', matrix(recurrent)],
    ['bias_ih', biasIh!],
    ['bias_hh', biasHh!],
  ];
}

/** One bias for both products, or one each: [2, columns], of CuDNN layers [2·columns]. */
function biasesOf(bias: Tensor | undefined, columns: number): [Tensor, Tensor] {
  if (!bias) return [zeros(columns), zeros(columns)];
  const { values } = bias;
  if (values.length === columns) return [{ shape: [columns], values }, zeros(columns)];
  if (values.length !== 2 * columns)
    return refuse(`a bias of [${bias.shape.join(', ')}] for ${columns} columns`);
  return [
    { shape: [columns], values: values.subarray(0, columns) },
    { shape: [columns], values: values.subarray(columns) },
  ];
}

/**
 * A CuDNN kernel [in, G·units] holds, gate by gate, cuDNN's own matrix [units, in] under another shape: read in its order, gate
 * after gate, it is what we keep, [G·units, in].
 */
export function fromCudnn({ shape, values }: Tensor, count: number): Tensor {
  const [rows, columns] = shape as [number, number];
  const units = columns / count;
  const turned = new Float32Array(values.length);
  for (let gate = 0; gate < count; gate++) {
    // the gate's block [rows, units], flattened row by row, is the matrix [units, rows]
    for (let row = 0; row < rows; row++)
      for (let unit = 0; unit < units; unit++)
        turned[gate * units * rows + row * units + unit] = values[row * columns + gate * units + unit]!;
  }
  return { shape: [columns, rows], values: turned };
}
