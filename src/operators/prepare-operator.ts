import { UnrollError } from '../errors.ts';
import type { BodySpec, OperatorSpec } from './spec.ts';
import { estimateWork } from './estimate-work.ts';
import { countWork, NotConstant, TooLarge, invalidOperator, type Operand } from './operand.ts';
import { findOperator } from './operator-table.ts';
import { finish, inSlices, joinWork, runSlices } from './slices.ts';
import { findWrap } from './number-kinds.ts';
import type { PreparedBody, PreparedOperator, PrepareContext } from './operator.ts';

/** Finds a value by name; undefined where it is not defined. */
export type ValueScope = (name: string) => Operand | undefined;

/** Elements that an operator without slices may compute where slices are asked for: some tens of milliseconds. */
const maxElementsAtOnce = 2 ** 23;

/** Prepares a body as `prepareSlices` does, at once. @throws UnrollError invalid_model, naming the operator */
export function prepareBody(...parameters: Parameters<typeof prepareSlices>): PreparedBody {
  return finish(prepareSlices(...parameters));
}

/**
 * Prepares a body for the shapes of its inputs: allocates every operator's outputs and computes what depends
 * on constants and shapes alone; running it is then a list of calls.
 * @throws UnrollError invalid_model, naming the operator
 */
export function* prepareSlices(
  body: BodySpec,
  inputs: readonly Operand[],
  outer: ValueScope,
  context: Omit<PrepareContext, 'body'>,
): Generator<void, PreparedBody> {
  const own = new Map<string, Operand>();
  const scope: ValueScope = (name) => own.get(name) ?? outer(name);
  const bodyContext: PrepareContext = {
    ...context,
    body: (inner, innerInputs) => prepareBody(inner, innerInputs, scope, context),
  };
  if (body.inputs.length !== inputs.length)
    invalidOperator(`a body of ${body.inputs.length} inputs gets ${inputs.length}`);
  body.inputs.forEach((name, i) => own.set(name, inputs[i]!));

  const operations: Pick<PreparedOperator, 'run' | 'slices' | 'joint'>[] = [];
  let total = 0;
  for (const operator of body.operators) {
    const { outputs, ...work } = prepareOperator(operator, scope, bodyContext);
    for (const [i, value] of outputs.entries()) {
      const name = operator.outputs[i] ?? '';
      if (name === '') continue;
      own.set(name, value);
      context.onValue?.(name, value);
    }
    if (work.run === null) continue;
    const inputs = operator.inputs.map((name) => (name === '' ? undefined : scope(name)));
    const size = estimateWork(operator, inputs, outputs, bodyContext.product(operator) !== null);
    if (context.sliced && !work.slices && size > maxElementsAtOnce)
      throw new TooLarge(
        `${operator.operator} (${operator.outputs[0]}) computes ${size} elements at once, the limit is ${maxElementsAtOnce}`,
      );
    if (outputs.every(({ known }) => known)) {
      countWork(context, size);
      yield* runSlices([work]);
    } else {
      total += size;
      operations.push(work);
    }
  }
  return {
    outputs: body.outputs.map(
      (name) => scope(name) ?? invalidOperator(`the output ${JSON.stringify(name)} is not defined`),
    ),
    work: total,
    operations,
    run: () => {
      countWork(context, total);
      for (const { run } of operations) run?.();
    },
    *slices() {
      countWork(context, total);
      yield* runSlices(operations);
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
function wrapOverflows(prepared: PreparedOperator): PreparedOperator {
  const { outputs, run } = prepared;
  const bounded = outputs.flatMap(({ kind, values }) => {
    const wrap = findWrap(kind);
    return wrap ? [{ values, wrap }] : [];
  });
  if (!run || bounded.length === 0) return prepared;
  const wraps = bounded.map(({ values, wrap }) =>
    inSlices(values.length, 1, (from, to) => {
      for (let i = from; i < to; i++) values[i] = wrap(values[i]!);
    }),
  );
  return { outputs, ...joinWork([prepared, ...wraps]) };
}
