import { control } from './control.ts';
import { elementwise } from './elementwise.ts';
import { lookup } from './lookup.ts';
import { matrix } from './matrix.ts';
import type { OperatorKind } from './operator.ts';
import { positional } from './positional.ts';
import { recurrent } from './recurrent.ts';
import { reduction } from './reduction.ts';

const table: Readonly<Record<string, OperatorKind>> = {
  ...elementwise,
  ...positional,
  ...lookup,
  ...reduction,
  ...matrix,
  ...recurrent,
  ...control,
};

/** Every operator that a program may hold. */
export const operatorNames: ReadonlySet<string> = new Set(Object.keys(table));

const two = 'Sub Div Mod Pow And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual PRelu CastLike'.split(
  ' ',
);
/** The first so many inputs must be there: one, where nothing else is said. */
const required: Readonly<Record<string, number>> = {
  ...Object.fromEntries(two.map((name) => [name, 2])),
  ...{ MatMul: 2, Gemm: 2, Conv: 2, Reshape: 2, Expand: 2, Tile: 2, Pad: 2, Gather: 2, GatherElements: 2 },
  ...{ CumSum: 2, LayerNormalization: 2, InstanceNormalization: 3, BatchNormalization: 5 },
  ...{ Where: 3, Slice: 3, Range: 3, OneHot: 3, RNN: 3, GRU: 3, LSTM: 3, Loop: 0 },
};
export const requiredInputs = (name: string): number => required[name] ?? 1;

/** Undefined for what is no operator of ours. */
export const operatorKind = (name: string): OperatorKind | undefined =>
  operatorNames.has(name) ? table[name] : undefined;
