import { createOperand, type Operand, type OperandContext } from './operand.ts';
import type { PreparedBody, PrepareContext } from './operator.ts';
import { prepareSlices } from './prepare-operator.ts';
import { operandKind, type SignedGraph } from './signature.ts';

/** A graph prepared for the shapes of its inputs, which the caller fills before each run. */
export interface PreparedSignedGraph extends PreparedBody {
  readonly inputs: readonly Operand[];
  /** Elements of all its operands. */
  readonly elements: number;
}

/**
 * Prepares a graph with its file's signature, in slices.
 * @param shapes of the inputs, in the signature's order
 * @param constant finds a constant of the graph
 * @param given the inputs' values, where shapes depend on them: what follows from them is then computed here, and
 * the graph is prepared for one run
 * @throws UnrollError invalid_model; NotConstant where shapes depend on values that were not given; TooLarge
 */
export function* prepareSignedSlices(
  { signature, operators }: Pick<SignedGraph, 'signature' | 'operators'>,
  shapes: readonly (readonly number[])[],
  context: Pick<PrepareContext, 'product' | 'sweeps' | 'floats' | 'sliced' | 'onValue'>,
  constant: (name: string) => Operand | undefined,
  given?: readonly ArrayLike<number>[],
): Generator<void, PreparedSignedGraph> {
  const usage: OperandContext['usage'] = { elements: 0, work: 0 };
  const withUsage = { ...context, usage };
  const inputs = signature.inputs.map(({ datatype }, i) => {
    const operand = createOperand(withUsage, operandKind(datatype), shapes[i]!, given !== undefined);
    if (given) operand.values.set(given[i]!);
    return operand;
  });
  const body = {
    inputs: signature.inputs.map(({ value }) => value),
    operators,
    outputs: signature.outputs.map(({ value }) => value),
  };
  const prepared = yield* prepareSlices(body, inputs, constant, withUsage);
  return {
    ...prepared,
    inputs,
    elements: usage.elements,
    slices: () => {
      usage.work = 0;
      return prepared.slices();
    },
  };
}
