import { activations } from './activations.ts';
import { control } from './control.ts';
import { elementwise } from './binary.ts';
import { lists } from './sequence.ts';
import { lookup } from './gather-creation.ts';
import { matrix } from './matrix.ts';
import type { OperatorKind } from './operator.ts';
import { cuttingAndJoining } from './slice-join.ts';
import { positional } from './shape.ts';
import { recurrent } from './recurrent.ts';
import { reduction } from './reduction.ts';

const table: Readonly<Record<string, OperatorKind>> = {
  ...elementwise,
  ...activations,
  ...positional,
  ...cuttingAndJoining,
  ...lookup,
  ...lists,
  ...reduction,
  ...matrix,
  ...recurrent,
  ...control,
};

/** Every operator that a program may hold. */
export const operatorNames: ReadonlySet<string> = new Set(Object.keys(table));

const two =
  'Sub Div Mod Pow And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual PRelu CastLike MatMul Gemm Conv Reshape Expand Tile Pad Gather GatherElements CumSum LayerNormalization SequenceAt';
const three = 'Where Slice Range OneHot RNN GRU LSTM InstanceNormalization';
const each = (names: string, count: number): Record<string, number> =>
  Object.fromEntries(names.split(' ').map((name) => [name, count]));
/** The first so many inputs must be there: one, where nothing else is said. */
const required: Readonly<Record<string, number>> = {
  ...each(two, 2),
  ...each(three, 3),
  BatchNormalization: 5,
  Loop: 0,
};
export const requiredInputs = (name: string): number => required[name] ?? 1;

/** Undefined for what is no operator of ours. */
export const operatorKind = (name: string): OperatorKind | undefined =>
  operatorNames.has(name) ? table[name] : undefined;
