import { activationOperators } from './activations.ts';
import { controlOperators } from './control.ts';
import { arithmeticOperators } from './arithmetic.ts';
import { basicMathOperators } from './basic-math.ts';
import { creationOperators } from './creation.ts';
import { logicalOperators } from './logical.ts';
import { sequenceOperators } from './sequence.ts';
import { gatherOperators } from './gather.ts';
import { matrixOperators } from './matrix.ts';
import type { OperatorImplementation } from './operator.ts';
import { sliceJoinOperators } from './slice-join.ts';
import { shapeOperators } from './shape.ts';
import { recurrentOperators } from './recurrent.ts';
import { normalisationOperators } from './normalisation.ts';
import { reductionOperators } from './reduction.ts';
import { einsumOperators } from './einsum.ts';
import { fusedMatMulOperators } from './fused-matmul.ts';
import { quantiseOperators } from './quantise.ts';
import { quantisedProducts } from './quantised-products.ts';
import { quantisedRecurrent } from './quantised-recurrent.ts';
import { resizeOperators } from './resize.ts';

const table: Readonly<Record<string, OperatorImplementation>> = {
  ...arithmeticOperators,
  ...basicMathOperators,
  ...logicalOperators,
  ...creationOperators,
  ...activationOperators,
  ...shapeOperators,
  ...sliceJoinOperators,
  ...gatherOperators,
  ...sequenceOperators,
  ...reductionOperators,
  ...normalisationOperators,
  ...matrixOperators,
  ...recurrentOperators,
  ...controlOperators,
  ...einsumOperators,
  ...fusedMatMulOperators,
  ...resizeOperators,
  ...quantiseOperators,
  ...quantisedProducts,
  ...quantisedRecurrent,
};

/** Every operator that a graph may contain. */
export const operatorNames: ReadonlySet<string> = new Set(Object.keys(table));

const two =
  'Sub Div Mod Pow And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual PRelu CastLike MatMul Gemm Conv Reshape Expand Tile Pad Gather GatherElements CumSum LayerNormalization SequenceAt';
const three = 'Where Slice Range OneHot RNN GRU LSTM InstanceNormalization';
const withCount = (names: string, count: number): Record<string, number> =>
  Object.fromEntries(names.split(' ').map((name) => [name, count]));
/** Number of leading inputs that are required, for operators with other than one. */
const required: Readonly<Record<string, number>> = {
  ...withCount(two, 2),
  ...withCount(three, 3),
  BatchNormalization: 5,
  Loop: 0,
};
export const requiredInputCount = (name: string): number => required[name] ?? 1;

/** The implementation of an operator; undefined where it is not supported. */
export const findOperator = (name: string): OperatorImplementation | undefined =>
  operatorNames.has(name) ? table[name] : undefined;
