import { invalidModel, quote } from '../../format-errors.ts';
import type { Expression, Statement } from '../code/syntax.ts';
import { unify, type Dimension } from '../dimensions.ts';
import { asScalar, getItems } from '../tensor-values.ts';
import { describe, type Scalar, type Value } from '../values.ts';
import { runFor } from './loops.ts';
import { atLine, countStep, unsupported, type Frame, type Run } from './run.ts';

/** Runs statements. @returns what is returned; undefined where they end without */
export function execute(run: Run, statements: readonly Statement[], frame: Frame): Value | undefined {
  for (const statement of statements) {
    countStep(run);
    const returned = atLine(frame.code, statement.line, () => executeOne(run, statement, frame));
    if (returned) return returned;
  }
  return undefined;
}

function executeOne(run: Run, statement: Statement, frame: Frame): Value | undefined {
  switch (statement.kind) {
    case 'pass':
      return undefined;
    case 'expression':
      run.evaluate(statement.value, frame);
      return undefined;
    case 'assign':
      assign(statement.target, valueOf(run, statement.value, frame), frame);
      return undefined;
    case 'return':
      return run.evaluate(statement.value, frame);
    case 'if':
      return runIf(run, statement, frame);
    case 'for':
      return runFor(run, statement, getRange(run, statement.iterable, frame), frame);
    case 'while': {
      for (;;) {
        countStep(run);
        const test = asScalar(run.evaluate(statement.test, frame), 'a condition');
        if (test.known === null) return unsupported('a loop without a known number of steps');
        if (test.known === 0) return undefined;
        const returned = run.execute(statement.body, frame);
        if (returned) return returned;
      }
    }
  }
}

/** The value to assign. Another name for a list does not read it. */
function valueOf(run: Run, expression: Expression, frame: Frame): Value {
  if (expression.kind === 'name')
    return frame.variables.get(expression.name) ?? run.evaluate(expression, frame);
  if (expression.kind !== 'tuple') return run.evaluate(expression, frame);
  return { kind: 'tuple', items: expression.items.map((item) => valueOf(run, item, frame)), fields: null };
}

function assign(target: Expression, value: Value, frame: Frame): void {
  if (target.kind === 'name') frame.variables.set(target.name, value);
  else if (target.kind === 'tuple') {
    const items = getItems(value, 'what is unpacked');
    if (items.length !== target.items.length)
      invalidModel(`unpacks ${items.length} items to ${target.items.length} names`);
    target.items.forEach((one, i) => assign(one, items[i]!, frame));
  } else if (target.kind === 'attribute')
    invalidModel(`sets the attribute ${quote(target.name)} of a module, which would be kept between calls`);
  else invalidModel(`assigns to a ${target.kind}`);
}

/** The count of a loop: for i in range(count). */
function getRange(run: Run, iterable: Expression, frame: Frame): Scalar {
  if (
    iterable.kind !== 'call' ||
    iterable.callee.kind !== 'name' ||
    iterable.callee.name !== 'range' ||
    iterable.args.length !== 1
  )
    return unsupported('a loop over other than a range');
  return asScalar(run.evaluate(iterable.args[0]!, frame), 'the count of a loop');
}

type IfStatement = Extract<Statement, { kind: 'if' }>;

/**
 * Runs the branch that is taken. Where the condition depends on the input and one branch raises an error, the
 * other is taken: the sizes that it compares are equal, or not, as it needs.
 */
function runIf(run: Run, { test, ifTrue, ifFalse }: IfStatement, frame: Frame): Value | undefined {
  const value = run.evaluate(test, frame);
  const condition =
    value.kind === 'tensor'
      ? unsupported('an `if` whose condition depends on the numbers of the input')
      : asScalar(value, 'a condition');
  if (condition.known !== null) return run.execute(condition.known === 0 ? ifFalse : ifTrue, frame);
  const fails = ifTrue.some(raises) !== ifFalse.some(raises);
  if (!fails) return unsupported('an `if` whose condition depends on the sizes of the input');
  const isTrue = !ifTrue.some(raises);
  require(condition, isTrue);
  return run.execute(isTrue ? ifTrue : ifFalse, frame);
}

const raises = (statement: Statement): boolean =>
  statement.kind === 'expression' &&
  statement.value.kind === 'call' &&
  statement.value.callee.kind === 'attribute' &&
  statement.value.callee.name === 'RaiseException';

/** Makes sizes equal that must be for a condition to be true, or false. */
function require({ compares }: Scalar, wanted: boolean): void {
  if (compares && compares.equal === wanted) makeEqual(compares.left, compares.right);
}

function makeEqual(a: Value, b: Value): void {
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    const [one, other] = [a, b].map(({ known, dimension }): Dimension | undefined => known ?? dimension);
    if (one !== undefined && other !== undefined)
      unify(one, other, 'sizes that the code requires to be equal');
  } else if ((a.kind === 'list' || a.kind === 'tuple') && (b.kind === 'list' || b.kind === 'tuple')) {
    if (a.items.length !== b.items.length)
      invalidModel(`the code requires ${describe(a)}s of the same length`);
    a.items.forEach((item, i) => makeEqual(item, b.items[i]!));
  }
}
