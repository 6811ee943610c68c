import { UnrollError } from '../errors.ts';
import type { BodySpec, OperatorSpec } from './spec.ts';
import { countWork, NotConstant, invalidOperator, type Operand } from './operand.ts';
import { findOperator, requiredInputCount } from './operator-table.ts';
import type { PreparedBody, PrepareContext } from './operator.ts';

/** What finds a value by its name; undefined where nothing gives it. */
export type ValueScope = (name: string) => Operand | undefined;

/**
 * Makes a body ready for the shapes of what it reads: every operator's outputs get their place, whatever constants and shapes tell is
 * computed now, and what is left is a list of calls.
 * @throws UnrollError invalid_model, naming the operator
 */
export function prepareBody(
  body: BodySpec,
  inputs: readonly Operand[],
  around: ValueScope,
  context: Omit<PrepareContext, 'body'>,
): PreparedBody {
  const own = new Map<string, Operand>();
  const scope: ValueScope = (name) => own.get(name) ?? around(name);
  const preparing: PrepareContext = {
    ...context,
    body: (inner, innerInputs) => prepareBody(inner, innerInputs, scope, context),
  };
  if (body.inputs.length !== inputs.length)
    invalidOperator(`a body of ${body.inputs.length} inputs is given ${inputs.length}`);
  body.inputs.forEach((name, i) => own.set(name, inputs[i]!));

  const runs: (() => void)[] = [];
  let numbers = 0;
  for (const operator of body.operators) {
    const { outputs, run } = prepareOperator(operator, scope, preparing);
    operator.outputs.forEach((name, i) => name !== '' && outputs[i] && own.set(name, outputs[i]));
    const size = outputs.reduce((sum, { values }) => sum + values.length, 1);
    if (run === null) continue;
    if (outputs.every(({ known }) => known)) {
      countWork(context, size);
      run();
    } else {
      numbers += size;
      runs.push(run);
    }
  }
  return {
    outputs: body.outputs.map(
      (name) => scope(name) ?? invalidOperator(`nothing gives ${JSON.stringify(name)}`),
    ),
    run: () => {
      countWork(context, numbers);
      for (const run of runs) run();
    },
  };
}

export function prepareOperator(operator: OperatorSpec, scope: ValueScope, preparing: PrepareContext) {
  try {
    const kind = findOperator(operator.operator) ?? invalidOperator('there is no such operator here');
    const read = operator.inputs.map((name) =>
      name === ''
        ? undefined
        : (scope(name) ?? invalidOperator(`reads ${JSON.stringify(name)}, which nothing before it gives`)),
    );
    for (let i = 0; i < requiredInputCount(operator.operator); i++)
      if (!read[i]) invalidOperator(`its input ${i} is missing`);
    return kind(operator, read, preparing);
  } catch (error) {
    if (!(error instanceof UnrollError) || error instanceof NotConstant) throw error;
    throw new UnrollError(
      'invalid_model',
      `${operator.operator} (${operator.outputs[0]}): ${error.message}`,
      { cause: error },
    );
  }
}
