import type { OperatorTable } from '../call.ts';
import { arithmeticOperators } from './arithmetic.ts';
import { cellOperators } from './cells.ts';
import { comparisonOperators } from './comparison.ts';
import { containerOperators } from './containers.ts';
import { creationOperators } from './creation.ts';
import { elementWiseOperators } from './element-wise.ts';
import { indexingOperators } from './indexing.ts';
import { joiningOperators } from './joining.ts';
import { matrixOperators } from './matrix.ts';
import { normalisationOperators } from './normalisation.ts';
import { packingOperators } from './packing.ts';
import { recurrentOperators } from './recurrent.ts';
import { reductionOperators } from './reduction.ts';
import { shapeOperators } from './shape.ts';
import { slicingOperators } from './slicing.ts';
import { sortingOperators } from './sorting.ts';
import { typeOperators } from './types.ts';
import { windowOperators } from './windows.ts';

const table: OperatorTable = {
  ...arithmeticOperators,
  ...cellOperators,
  ...comparisonOperators,
  ...containerOperators,
  ...creationOperators,
  ...elementWiseOperators,
  ...indexingOperators,
  ...joiningOperators,
  ...matrixOperators,
  ...normalisationOperators,
  ...packingOperators,
  ...recurrentOperators,
  ...reductionOperators,
  ...shapeOperators,
  ...slicingOperators,
  ...sortingOperators,
  ...typeOperators,
  ...windowOperators,
};

/** Every operator of the code that is supported, by its name without `torch.` or `ops.….`. */
export const findOperator = (name: string): OperatorTable[string] | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
