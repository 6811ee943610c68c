import { elementCount, type Operand } from '../../operators/operand.ts';
import { operandKind, type SignatureTensor, type SignedGraph } from '../../operators/signature.ts';
import { createPlaceholder } from './constants.ts';
import { foldConstants } from './fold-constants.ts';

/** Inputs larger than this are taken as of an unknown shape: folding allocates what depends on them. */
const maxInputElements = 2 ** 20;

/**
 * Computes what follows from a graph's constants and fixed sizes.
 * @throws UnrollError invalid_model where an operator does not fit its inputs
 */
export function foldSignedGraph({ signature, operators, constants }: SignedGraph): SignedGraph {
  const body = {
    inputs: signature.inputs.map(({ value }) => value),
    operators,
    outputs: signature.outputs.map(({ value }) => value),
  };
  const inputs = new Map(signature.inputs.map((input) => [input.value, toOperand(input)]));
  const folded = foldConstants(body, inputs, constants);
  return {
    signature: {
      inputs: signature.inputs,
      outputs: signature.outputs.map((output, i) => ({ ...output, value: folded.outputs[i]! })),
    },
    operators: folded.operators,
    constants: folded.constants,
  };
}

/** @returns null where the input's shape is not fixed */
function toOperand({ shape, datatype }: SignatureTensor): Operand | null {
  const fixed = shape?.every((size) => typeof size === 'number') ? shape : null;
  return fixed && elementCount(fixed) <= maxInputElements
    ? createPlaceholder(fixed, operandKind(datatype))
    : null;
}
