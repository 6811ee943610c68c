import { UnrollError } from '../errors.ts';
import type { BodySpec, OperatorSpec } from './spec.ts';
import { countWork, NotKnown, refuseOperator, type Operand } from './operand.ts';
import { operatorKind, requiredInputs } from './operator-table.ts';
import type { PreparedBody, Preparing } from './operator.ts';

/** What finds a value by its name; undefined where nothing gives it. */
export type Scope = (name: string) => Operand | undefined;

/**
 * Makes a body ready for the shapes of what it reads: every operator's outputs get their place, whatever constants and shapes tell is
 * computed now, and what is left is a list of calls.
 * @throws UnrollError invalid_model, naming the operator
 */
export function prepareBody(
  body: BodySpec,
  inputs: readonly Operand[],
  around: Scope,
  context: Omit<Preparing, 'body'>,
): PreparedBody {
  const own = new Map<string, Operand>();
  const scope: Scope = (name) => own.get(name) ?? around(name);
  const preparing: Preparing = {
    ...context,
    body: (inner, innerInputs) => prepareBody(inner, innerInputs, scope, context),
  };
  if (body.inputs.length !== inputs.length)
    refuseOperator(`a body of ${body.inputs.length} inputs is given ${inputs.length}`);
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
      (name) => scope(name) ?? refuseOperator(`nothing gives ${JSON.stringify(name)}`),
    ),
    run: () => {
      countWork(context, numbers);
      for (const run of runs) run();
    },
  };
}

export function prepareOperator(operator: OperatorSpec, scope: Scope, preparing: Preparing) {
  try {
    const kind = operatorKind(operator.operator) ?? refuseOperator('there is no such operator here');
    const read = operator.inputs.map((name) =>
      name === ''
        ? undefined
        : (scope(name) ?? refuseOperator(`reads ${JSON.stringify(name)}, which nothing before it gives`)),
    );
    for (let i = 0; i < requiredInputs(operator.operator); i++)
      if (!read[i]) refuseOperator(`its input ${i} is missing`);
    return kind(operator, read, preparing);
  } catch (error) {
    if (!(error instanceof UnrollError) || error instanceof NotKnown) throw error;
    throw new UnrollError(
      'invalid_model',
      `${operator.operator} (${operator.outputs[0]}): ${error.message}`,
      { cause: error },
    );
  }
}
