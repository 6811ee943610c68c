import { UnrollError } from '../errors.ts';
import type { BodySpec, OperatorSpec } from './spec.ts';
import { estimateWork } from './estimate-work.ts';
import { countWork, NotConstant, TooLarge, invalidOperator, type Operand } from './operand.ts';
import { findOperator } from './operator-table.ts';
import { findWrap } from './number-kinds.ts';
import type { PreparedBody, PreparedOperator, PrepareContext } from './operator.ts';

/** Finds a value by name; undefined where it is not defined. */
export type ValueScope = (name: string) => Operand | undefined;

/**
 * Prepares a body for the shapes of its inputs: allocates every operator's outputs and computes what depends
 * on constants and shapes alone; running it is then a list of calls.
 * @throws UnrollError invalid_model, naming the operator
 */
export function prepareBody(
  body: BodySpec,
  inputs: readonly Operand[],
  outer: ValueScope,
  context: Omit<PrepareContext, 'body'>,
): PreparedBody {
  const own = new Map<string, Operand>();
  const scope: ValueScope = (name) => own.get(name) ?? outer(name);
  const bodyContext: PrepareContext = {
    ...context,
    body: (inner, innerInputs) => prepareBody(inner, innerInputs, scope, context),
  };
  if (body.inputs.length !== inputs.length)
    invalidOperator(`a body of ${body.inputs.length} inputs gets ${inputs.length}`);
  body.inputs.forEach((name, i) => own.set(name, inputs[i]!));

  const operations: (() => void)[] = [];
  let work = 0;
  for (const operator of body.operators) {
    const { outputs, run } = prepareOperator(operator, scope, bodyContext);
    operator.outputs.forEach((name, i) => name !== '' && outputs[i] && own.set(name, outputs[i]));
    if (run === null) continue;
    const inputs = operator.inputs.map((name) => (name === '' ? undefined : scope(name)));
    const size = estimateWork(operator, inputs, outputs, bodyContext.product(operator) !== null);
    if (outputs.every(({ known }) => known)) {
      countWork(context, size);
      run();
    } else {
      work += size;
      operations.push(run);
    }
  }
  return {
    outputs: body.outputs.map(
      (name) => scope(name) ?? invalidOperator(`the output ${JSON.stringify(name)} is not defined`),
    ),
    operations,
    work,
    run: () => {
      countWork(context, work);
      for (const run of operations) run();
    },
  };
}

/** Prepares one operator. @throws UnrollError invalid_model, naming the operator and its first output */
export function prepareOperator(operator: OperatorSpec, scope: ValueScope, context: PrepareContext) {
  try {
    const implementation =
      findOperator(operator.operator) ?? invalidOperator('this operator is not supported');
    const inputs = operator.inputs.map((name) =>
      name === ''
        ? undefined
        : (scope(name) ?? invalidOperator(`its input ${JSON.stringify(name)} is not defined before it`)),
    );
    return wrapOverflows(implementation(operator, inputs, context));
  } catch (error) {
    if (!(error instanceof UnrollError) || error instanceof NotConstant || error instanceof TooLarge)
      throw error;
    throw new UnrollError(
      'invalid_model',
      `${operator.operator} (${operator.outputs[0]}): ${error.message}`,
      { cause: error },
    );
  }
}

/** Integers of fewer than 64 bits overflow as in two's complement, whichever operator computes them. */
function wrapOverflows({ outputs, run }: PreparedOperator): PreparedOperator {
  const bounded = outputs.flatMap(({ kind, values }) => {
    const wrap = findWrap(kind);
    return wrap ? [{ values, wrap }] : [];
  });
  if (!run || bounded.length === 0) return { outputs, run };
  return {
    outputs,
    run: () => {
      run();
      for (const { values, wrap } of bounded)
        for (let i = 0; i < values.length; i++) values[i] = wrap(values[i]!);
    },
  };
}
