import type { Arrays, FileArray } from '../arrays.ts';
import { quote } from '../format-errors.ts';
import { readRecurrentModule, type RecurrentModule } from './recurrent-module.ts';

// The modules of a state dict: what their tensors say, and nothing that they leave open.

/** nn.Linear, or nn.Embedding where there is no bias. weight [rows, columns] */
export interface MatrixModule {
  readonly kind: 'matrix';
  readonly prefix: string;
  readonly rows: number;
  readonly columns: number;
  readonly bias: boolean;
}
/** nn.Conv1d. weight [units, columns, taps] */
interface ConvolutionModule {
  readonly kind: 'convolution';
  readonly prefix: string;
  readonly units: number;
  readonly columns: number;
  readonly taps: number;
}
/** nn.LayerNorm. weight and bias [width] */
interface NormModule {
  readonly kind: 'norm';
  readonly prefix: string;
  readonly width: number;
}
interface UnknownModule {
  readonly kind: 'unknown';
  readonly prefix: string;
  /** What it has, for an error message. */
  readonly reason: string;
}
export type Module = RecurrentModule | MatrixModule | ConvolutionModule | NormModule | UnknownModule;

/** Names of a loss's weights or a metric's sums, which stand beside a network: `criterion.weight`, `pos_weight`. */
const lossName =
  /(^|[._])(criterion|loss|losses|metrics?)([._\d].*)?\.(?!bias$)[^.]+$|(^|[._])(pos_weight|(class|loss)_weights?)$/i;
const isParameter = /(^|[._])(weight|bias|kernel)[^.]*$/;

/** Whether a tensor has no part in what a network computes: a counter, a mask, a loss's weights. */
const isBeside = (name: string, { integer, shape }: FileArray): boolean =>
  (integer === true && !isParameter.test(name)) || (shape.length < 2 && lossName.test(name));

/** Groups the tensors of a state dict by module, in file order. */
export function readModules(arrays: Arrays): {
  readonly modules: readonly Module[];
  /** Tensors that are left out: counters and a loss's weights. */
  readonly beside: readonly string[];
} {
  const groups = new Map<string, Map<string, FileArray>>();
  const beside: string[] = [];
  for (const [name, array] of arrays) {
    if (isBeside(name, array)) {
      beside.push(name);
      continue;
    }
    const dot = name.lastIndexOf('.');
    const prefix = name.slice(0, Math.max(0, dot));
    if (!groups.has(prefix)) groups.set(prefix, new Map());
    groups.get(prefix)!.set(name.slice(dot + 1), array);
  }
  return { modules: [...groups].map(([prefix, tensors]) => readModule(prefix, tensors)), beside };
}

function readModule(prefix: string, tensors: ReadonlyMap<string, FileArray>): Module {
  if (tensors.has('weight_ih_l0') || tensors.has('weight_ih')) return readRecurrentModule(prefix, tensors);
  const weight = tensors.get('weight');
  const bias = tensors.get('bias');
  const [rows = 0, columns = 0, taps = 0] = weight?.shape ?? [];
  const names = [...tensors.keys()];
  const isPlain = names.every((name) => name === 'weight' || name === 'bias');
  const fits = bias === undefined || (bias.shape.length === 1 && bias.shape[0] === rows);
  const dimensions = isPlain && fits && !weight?.integer ? weight?.shape.length : undefined;
  if (dimensions === 2) return { kind: 'matrix', prefix, rows, columns, bias: bias !== undefined };
  if (dimensions === 3) return { kind: 'convolution', prefix, units: rows, columns, taps };
  if (dimensions === 1 && bias) return { kind: 'norm', prefix, width: rows };
  const list = names.map((name) => `${name} [${tensors.get(name)!.shape.join(', ')}]`);
  return {
    kind: 'unknown',
    prefix,
    reason: `${quote(prefix)} has ${list.slice(0, 6).join(', ')}: not a known layer`,
  };
}
