import { activationOperators } from './activations.ts';
import { controlOperators } from './control.ts';
import { arithmeticOperators } from './arithmetic.ts';
import { basicMathOperators } from './basic-math.ts';
import { creationOperators } from './creation.ts';
import { logicalOperators } from './logical.ts';
import { orderOperators } from './order.ts';
import { scatterOperators } from './scatter.ts';
import { sequenceOperators } from './sequence.ts';
import { gatherOperators } from './gather.ts';
import { matrixOperators } from './matrix.ts';
import type { OperatorImplementation } from './operator.ts';
import { sliceJoinOperators } from './slice-join.ts';
import { shapeOperators } from './shape.ts';
import { recurrentOperators } from './recurrent.ts';
import { normalizationOperators } from './normalization.ts';
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
  ...scatterOperators,
  ...orderOperators,
  ...sequenceOperators,
  ...reductionOperators,
  ...normalizationOperators,
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

/** The implementation of an operator; undefined where it is not supported. */
export const findOperator = (name: string): OperatorImplementation | undefined =>
  operatorNames.has(name) ? table[name] : undefined;
