import type { OperatorSpec } from './spec.ts';
import {
  normaliseAxis,
  NotConstant,
  createOperand,
  invalidOperator,
  elementCount,
  type Operand,
} from './operand.ts';
import {
  numberAttribute,
  numberListAttribute,
  type OperatorImplementation,
  type PreparedBody,
  type PreparedOperator,
  type PrepareContext,
} from './operator.ts';
import { required } from './shape.ts';
import { finish, sliceElements } from './slices.ts';

// If, Loop and Scan. A body is prepared once and run for every iteration; only where its shapes depend on the
// iteration
// number is it prepared for each.

/** Iterations of one loop: the count comes from a file, and a run must end. */
const maxIterations = 65_536;

const getBody = (operator: OperatorSpec, name: 'then_branch' | 'else_branch' | 'body') =>
  operator.bodies?.[name] ?? invalidOperator(`its ${name} is missing`);

const ifOperator: OperatorImplementation = (operator, [condition], context) => {
  const chosen = required(condition);
  const [thenBody, elseBody] = [getBody(operator, 'then_branch'), getBody(operator, 'else_branch')];
  if (chosen.known) {
    return context.body(chosen.values[0] ? thenBody : elseBody, []);
  }
  const [thenBranch, elseBranch] = [context.body(thenBody, []), context.body(elseBody, [])];
  const outputs = thenBranch.outputs.map((output, i) => {
    if (output.shape.join() !== elseBranch.outputs[i]?.shape.join())
      throw new NotConstant('the condition, which chooses between outputs of different shapes,');
    return createOperand(context, output.kind, output.shape);
  });
  return {
    outputs,
    ...fromSlices(function* () {
      const taken = chosen.values[0] ? thenBranch : elseBranch;
      yield* taken.slices();
      outputs.forEach((output, i) => output.values.set(taken.outputs[i]!.values));
    }),
  };
};

/** Allocates a value carried from one iteration to the next. */
const createCarried = (initial: Operand, context: PrepareContext): Operand =>
  createOperand(context, initial.kind, initial.shape);

/** Copies all values as if at once: a source may also be a target. */
function copyAll(from: readonly Operand[], to: readonly Operand[]): void {
  const copies = from.map(({ values }) => values.slice());
  to.forEach(({ values }, i) => values.set(copies[i]!));
}

function checkCarried(before: readonly Operand[], after: readonly Operand[]): void {
  before.forEach(({ shape }, i) => {
    if (shape.join() !== after[i]?.shape.join())
      invalidOperator(
        `an iteration changes a carried value's shape from [${shape.join(', ')}] to [${after[i]?.shape.join(', ') ?? ''}]`,
      );
  });
}

/**
 * Inputs: count, condition, carried …; the body's inputs: iteration, condition, carried …; its outputs:
 * condition,
 * carried …, collected …
 */
const loop: OperatorImplementation = (operator, [countInput, condition, ...initial], context) => {
  const body = getBody(operator, 'body');
  const count = countInput ? countInput.values[0]! : Infinity;
  if (countInput && !countInput.known) throw new NotConstant('the number of iterations');
  const start = initial.map(required);
  const state = start.map((value) => createCarried(value, context));
  if (count > maxIterations && passesConditionOn(body)) invalidOperator('the loop never ends');
  const collected = body.outputs.length - 1 - start.length;
  if (collected < 0)
    invalidOperator(`its body has ${body.outputs.length} outputs for ${start.length} carried values`);
  if (count > maxIterations && collected > 0)
    invalidOperator(`${count} iterations with collected outputs, the limit is ${maxIterations}`);
  const iteration = createOperand(context, 'int', []);
  const proceed = createOperand(context, 'bool', []);
  const prepareIteration = (number: Operand) => context.body(body, [number, proceed, ...state]);

  let bodyAt: (i: number) => ReturnType<typeof prepareIteration> | undefined;
  try {
    const prepared = prepareIteration(iteration);
    bodyAt = () => prepared;
  } catch (error) {
    if (!(error instanceof NotConstant) || count > 1024) throw error;
    const prepared = Array.from({ length: count }, (_, i) => {
      const number = createOperand(context, 'int', [], true);
      number.values[0] = i;
      return prepareIteration(number);
    });
    bodyAt = (i) => prepared[i];
  }
  // without an iteration the body still tells the shapes of what it would collect
  const sample = count === 0 && collected === 0 ? null : (bodyAt(0) ?? null);
  if (sample) checkCarried(state, sample.outputs.slice(1));
  const mayStop =
    sample !== null &&
    !(sample.outputs[0]!.known && sample.outputs[0]!.values[0]) &&
    !passesConditionOn(body);
  if (collected > 0 && (mayStop || !sample || (condition && !condition.known)))
    invalidOperator('the number of iterations with collected outputs must be constant');
  const finals = start.map(({ kind, shape }) => createOperand(context, kind, shape));
  const scans = Array.from({ length: collected }, (_, k) => {
    const { kind, shape } = sample!.outputs[1 + start.length + k]!;
    return createOperand(context, kind, [count, ...shape]);
  });
  return {
    outputs: [...finals, ...scans],
    ...fromSlices(function* () {
      const iterate = createIterations();
      state.forEach(({ values }, i) => values.set(start[i]!.values));
      proceed.values[0] = condition ? condition.values[0]! : 1;
      for (let i = 0; i < count && proceed.values[0]; i++) {
        if (i >= maxIterations) throw new RangeError(`a loop of more than ${maxIterations} iterations`);
        iteration.values[0] = i;
        const iterated = bodyAt(i)!;
        const { outputs } = iterated;
        yield* iterate(iterated);
        scans.forEach(({ values }, k) => {
          const collectedValues = outputs[1 + start.length + k]!.values;
          values.set(collectedValues, i * collectedValues.length);
        });
        copyAll(outputs.slice(0, 1 + start.length), [proceed, ...state]);
      }
      finals.forEach(({ values }, i) => values.set(state[i]!.values));
    }),
  };
};

/** Runs a body for iteration after iteration; a slice is one large iteration or many small ones. */
function createIterations(): (body: PreparedBody) => Generator<void> {
  let elements = 0;
  return function* ({ work, run, slices }) {
    if (work > sliceElements) return yield* slices();
    run();
    elements += work + 64;
    if (elements < sliceElements) return;
    elements = 0;
    yield;
  };
}

/** Work that is always in slices. */
const fromSlices = (slices: () => Generator<void>) => ({ slices, run: () => finish(slices()) });

/** Whether a body returns the condition it got. */
function passesConditionOn({ inputs, operators, outputs }: ReturnType<typeof getBody>): boolean {
  let name = outputs[0]!;
  const definedBy = (value: string) => operators.find(({ outputs: [output] }) => output === value);
  for (let operator = definedBy(name); operator?.operator === 'Identity';) {
    name = operator.inputs[0]!;
    operator = definedBy(name);
  }
  return name === inputs[1];
}

/**
 * Inputs: carried …, scanned …; the body's outputs: carried …, collected …. One iteration for each position
 * along the
 * scanned axes.
 */
const scan: OperatorImplementation = (operator, inputs, context): PreparedOperator => {
  const body = getBody(operator, 'body');
  const scanned = numberAttribute(operator, 'num_scan_inputs', 1);
  const all = inputs.map(required);
  const start = all.slice(0, all.length - scanned);
  const sources = all.slice(all.length - scanned);
  const collected = body.outputs.length - start.length;
  const listAttribute = (name: string, size: number): number[] =>
    numberListAttribute(operator, name) ?? Array<number>(size).fill(0);
  const axes = listAttribute('scan_input_axes', scanned).map((axis, i) =>
    normaliseAxis(axis, sources[i]!.shape.length),
  );
  const backwards = listAttribute('scan_input_directions', scanned);
  const outAxes = listAttribute('scan_output_axes', collected);
  const outBackwards = listAttribute('scan_output_directions', collected);
  const count = sources[0]?.shape[axes[0]!] ?? invalidOperator('it has no scanned input');
  if (sources.some(({ shape }, i) => shape[axes[i]!] !== count))
    invalidOperator('the scanned inputs have different lengths');
  if (count > maxIterations) invalidOperator(`${count} iterations, the limit is ${maxIterations}`);

  const state = start.map((value) => createCarried(value, context));
  const rows = sources.map(({ kind, shape }, i) =>
    createOperand(context, kind, shape.toSpliced(axes[i]!, 1)),
  );
  const iterated = context.body(body, [...state, ...rows]);
  const { outputs } = iterated;
  checkCarried(state, outputs);
  const finals = start.map(({ kind, shape }) => createOperand(context, kind, shape));
  const scans = outputs.slice(start.length).map(({ kind, shape }, k) => {
    const axis = normaliseAxis(outAxes[k] ?? 0, shape.length + 1);
    return createOperand(context, kind, shape.toSpliced(axis, 0, count));
  });
  return {
    outputs: [...finals, ...scans],
    ...fromSlices(function* () {
      const iterate = createIterations();
      state.forEach(({ values }, i) => values.set(start[i]!.values));
      for (let t = 0; t < count; t++) {
        sources.forEach((source, i) =>
          copySliceFrom(source, axes[i]!, backwards[i] ? count - 1 - t : t, rows[i]!.values),
        );
        yield* iterate(iterated);
        scans.forEach((all, k) => {
          const output = outputs[start.length + k]!;
          copySliceTo(
            all,
            normaliseAxis(outAxes[k] ?? 0, all.shape.length),
            outBackwards[k] ? count - 1 - t : t,
            output.values,
          );
        });
        copyAll(outputs.slice(0, start.length), state);
      }
      finals.forEach(({ values }, i) => values.set(state[i]!.values));
    }),
  };
};

/** Copies one position along an axis out of an operand, as a tensor without that axis. */
function copySliceFrom(
  { shape, values }: Operand,
  axis: number,
  position: number,
  to: Operand['values'],
): void {
  const [after, size] = [elementCount(shape.slice(axis + 1)), shape[axis]!];
  for (let row = 0; row * after < to.length; row++) {
    const from = (row * size + position) * after;
    to.set(values.subarray(from, from + after), row * after);
  }
}

/** The inverse of copySliceFrom. */
function copySliceTo(
  { shape, values }: Operand,
  axis: number,
  position: number,
  from: Operand['values'],
): void {
  const [after, size] = [elementCount(shape.slice(axis + 1)), shape[axis]!];
  for (let row = 0; row * after < from.length; row++)
    values.set(from.subarray(row * after, (row + 1) * after), (row * size + position) * after);
}

export const controlOperators: Readonly<Record<string, OperatorImplementation>> = {
  If: ifOperator,
  Loop: loop,
  Scan: scan,
};
