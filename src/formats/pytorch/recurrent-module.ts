import { cellNames, findCell, type CellName } from '../../cells/registry.ts';
import type { Arrays } from '../arrays.ts';
import { quote } from '../format-errors.ts';

/** nn.RNN, nn.LSTM and nn.GRU: any number of levels, both directions, with or without biases and projection; or a cell of one. */
export interface RecurrentModule {
  readonly kind: 'recurrent';
  readonly prefix: string;
  readonly cell: CellName;
  readonly columns: number;
  readonly units: number;
  readonly levels: number;
  readonly bidirectional: boolean;
  /** Columns of an output. */
  readonly width: number;
  readonly projected: boolean;
  /** nn.LSTMCell and the like: its names have no `_l0`. */
  readonly single: boolean;
  readonly bias: boolean;
  readonly tensors: Arrays;
}

/** Reads a module with weight_ih or weight_ih_l0: unknown, with the reason, where it is none of PyTorch's. */
export function readRecurrentModule(
  prefix: string,
  tensors: Arrays,
): RecurrentModule | { readonly kind: 'unknown'; readonly prefix: string; readonly reason: string } {
  const unknown = (what: string) =>
    ({ kind: 'unknown', prefix, reason: `${quote(prefix)} ${what}: not a layer of PyTorch` }) as const;
  if (/(^|\.)\d+\.(forward|backward)$/.test(prefix))
    return { kind: 'unknown', prefix, reason: `${quote(prefix)} is a layer of a model.json` };

  const single = tensors.has('weight_ih');
  const suffix = single ? '' : '_l0';
  const size = (part: string, axis: number): number => tensors.get(part + suffix)?.shape[axis] ?? 0;
  const projected = tensors.has(`weight_hr${suffix}`);
  const units = projected ? size('weight_hr', 1) : size('weight_hh', 1);
  const gates = size('weight_ih', 0) / units;
  const cell = cellNames.find((name) => {
    const { sources, gates: own } = findCell({ cell: name });
    return sources.pytorch !== undefined && own.length === gates;
  });
  if (!cell) return unknown(`has ${size('weight_ih', 0)} rows for ${units} units`);

  let levels = 1;
  while (!single && tensors.has(`weight_ih_l${levels}`)) levels++;
  const bidirectional = tensors.has(`weight_ih${suffix}_reverse`);
  const bias = tensors.has(`bias_ih${suffix}`);
  const columns = size('weight_ih', 1);
  const state = projected ? size('weight_hr', 0) : units;
  const width = state * (bidirectional ? 2 : 1);
  const rows = gates * units;
  const expected = new Map<string, readonly number[]>();
  for (let level = 0; level < levels; level++)
    for (const direction of bidirectional ? ['', '_reverse'] : ['']) {
      const end = single ? '' : `_l${level}${direction}`;
      expected.set(`weight_ih${end}`, [rows, level === 0 ? columns : width]);
      expected.set(`weight_hh${end}`, [rows, state]);
      if (bias) expected.set(`bias_ih${end}`, [rows]).set(`bias_hh${end}`, [rows]);
      if (projected) expected.set(`weight_hr${end}`, [state, units]);
    }
  for (const [name, { shape, integer }] of tensors) {
    const wanted = expected.get(name);
    if (!wanted) return unknown(`has ${name}`);
    if (integer || String(shape) !== String(wanted))
      return unknown(`has ${name} [${shape.join(', ')}], must be [${wanted.join(', ')}]`);
    expected.delete(name);
  }
  for (const name of expected.keys()) return unknown(`has no ${name}`);
  return {
    kind: 'recurrent',
    prefix,
    cell,
    columns,
    units,
    levels,
    bidirectional,
    width,
    projected,
    single,
    bias,
    tensors,
  };
}
