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
  type PreparedOperator,
  type PrepareContext,
} from './operator.ts';
import { required } from './shape.ts';

// If, Loop and Scan. A body is made ready once and run again and again; only where its shapes depend on the count of a turn it is made
// ready for every turn.

/** Turns of one loop: a count comes from a file, and nothing may run for ever. */
const maxIterations = 65_536;

const getBody = (operator: OperatorSpec, name: 'then_branch' | 'else_branch' | 'body') =>
  operator.bodies?.[name] ?? invalidOperator(`its ${name} is missing`);

const ifOperator: OperatorImplementation = (operator, [condition], preparing) => {
  const chosen = required(condition);
  const [yes, no] = [getBody(operator, 'then_branch'), getBody(operator, 'else_branch')];
  if (chosen.known) {
    const { outputs, run } = preparing.body(chosen.values[0] ? yes : no, []);
    return { outputs, run };
  }
  const [one, other] = [preparing.body(yes, []), preparing.body(no, [])];
  const outputs = one.outputs.map((output, i) => {
    if (output.shape.join() !== other.outputs[i]?.shape.join())
      invalidOperator(`gives [${output.shape.join(', ')}] or [${other.outputs[i]?.shape.join(', ') ?? ''}]`);
    return createOperand(preparing, output.kind, output.shape);
  });
  return {
    outputs,
    run: () => {
      const taken = chosen.values[0] ? one : other;
      taken.run();
      outputs.forEach((output, i) => output.values.set(taken.outputs[i]!.values));
    },
  };
};

/** A place for what one turn hands to the next one. */
const createCarried = (initial: Operand, preparing: PrepareContext): Operand =>
  createOperand(preparing, initial.kind, initial.shape);

/** Hands on all values at once: one may be where another comes from. */
function copyAll(from: readonly Operand[], to: readonly Operand[]): void {
  const held = from.map(({ values }) => values.slice());
  to.forEach(({ values }, i) => values.set(held[i]!));
}

function checkCarried(before: readonly Operand[], after: readonly Operand[]): void {
  before.forEach(({ shape }, i) => {
    if (shape.join() !== after[i]?.shape.join())
      invalidOperator(`a turn makes [${after[i]?.shape.join(', ') ?? ''}] of [${shape.join(', ')}]`);
  });
}

/** Inputs: turns, condition, carried …; the body's: turn, condition, carried …; its outputs: condition, carried …, collected … */
const loop: OperatorImplementation = (operator, [turns, first, ...initial], preparing) => {
  const body = getBody(operator, 'body');
  const count = turns ? turns.values[0]! : Infinity;
  if (turns && !turns.known) throw new NotConstant('the number of turns');
  const start = initial.map(required);
  const state = start.map((one) => createCarried(one, preparing));
  if (count > maxIterations && passesConditionOn(body)) invalidOperator('it never ends');
  const collected = body.outputs.length - 1 - start.length;
  if (collected < 0)
    invalidOperator(`its body gives ${body.outputs.length} values for ${start.length} that it carries`);
  if (count > maxIterations && collected > 0)
    invalidOperator(`${count} turns to collect from, the limit is ${maxIterations}`);
  const turn = createOperand(preparing, 'int', []);
  const goOn = createOperand(preparing, 'bool', []);
  const turnOnce = (at: Operand) => preparing.body(body, [at, goOn, ...state]);

  let bodies: (i: number) => ReturnType<typeof turnOnce>;
  try {
    const once = turnOnce(turn);
    bodies = () => once;
  } catch (error) {
    if (!(error instanceof NotConstant) || count > 1024) throw error;
    const each = Array.from({ length: count }, (_, i) => {
      const at = createOperand(preparing, 'int', [], true);
      at.values[0] = i;
      return turnOnce(at);
    });
    bodies = (i) => each[i]!;
  }
  const sample = count === 0 ? null : bodies(0);
  if (sample) checkCarried(state, sample.outputs.slice(1));
  const stops =
    sample !== null &&
    !(sample.outputs[0]!.known && sample.outputs[0]!.values[0]) &&
    !passesConditionOn(body);
  if (collected > 0 && (stops || !sample || (first && !first.known)))
    invalidOperator('how many turns it collects from is told only by a run');
  const ends = start.map((one) => createOperand(preparing, one.kind, one.shape));
  const scans = Array.from({ length: collected }, (_, k) => {
    const { kind, shape } = sample!.outputs[1 + start.length + k]!;
    return createOperand(preparing, kind, [count, ...shape]);
  });
  return {
    outputs: [...ends, ...scans],
    run: () => {
      state.forEach(({ values }, i) => values.set(start[i]!.values));
      goOn.values[0] = first ? first.values[0]! : 1;
      for (let i = 0; i < count && goOn.values[0]; i++) {
        if (i >= maxIterations) throw new RangeError(`a loop of more than ${maxIterations} turns`);
        turn.values[0] = i;
        const { outputs, run } = bodies(i);
        run();
        scans.forEach(({ values }, k) => {
          const one = outputs[1 + start.length + k]!.values;
          values.set(one, i * one.length);
        });
        copyAll(outputs.slice(0, 1 + start.length), [goOn, ...state]);
      }
      ends.forEach(({ values }, i) => values.set(state[i]!.values));
    },
  };
};

/** Whether a body's condition is the one it was given. */
function passesConditionOn({ inputs, operators, outputs }: ReturnType<typeof getBody>): boolean {
  let name = outputs[0]!;
  for (let one = operators.find(({ outputs: [made] }) => made === name); one?.operator === 'Identity';) {
    name = one.inputs[0]!;
    const next = name;
    one = operators.find(({ outputs: [made] }) => made === next);
  }
  return name === inputs[1];
}

/** Inputs: carried …, scanned …; the body gives carried …, collected …. One turn a place along the scanned axes. */
const scan: OperatorImplementation = (operator, inputs, preparing): PreparedOperator => {
  const body = getBody(operator, 'body');
  const scanned = numberAttribute(operator, 'num_scan_inputs', 1);
  const all = inputs.map(required);
  const start = all.slice(0, all.length - scanned);
  const sources = all.slice(all.length - scanned);
  const collected = body.outputs.length - start.length;
  const list = (name: string, size: number): number[] =>
    numberListAttribute(operator, name) ?? Array<number>(size).fill(0);
  const axes = list('scan_input_axes', scanned).map((axis, i) =>
    normaliseAxis(axis, sources[i]!.shape.length),
  );
  const backwards = list('scan_input_directions', scanned);
  const outAxes = list('scan_output_axes', collected);
  const outBackwards = list('scan_output_directions', collected);
  const count = sources[0]?.shape[axes[0]!] ?? invalidOperator('nothing is scanned');
  if (sources.some(({ shape }, i) => shape[axes[i]!] !== count))
    invalidOperator('scans tensors of different lengths');
  if (count > maxIterations) invalidOperator(`${count} turns, the limit is ${maxIterations}`);

  const state = start.map((one) => createCarried(one, preparing));
  const rows = sources.map(({ kind, shape }, i) =>
    createOperand(preparing, kind, shape.toSpliced(axes[i]!, 1)),
  );
  const { outputs, run } = preparing.body(body, [...state, ...rows]);
  checkCarried(state, outputs);
  const ends = start.map((one) => createOperand(preparing, one.kind, one.shape));
  const scans = outputs.slice(start.length).map(({ kind, shape }, k) => {
    const axis = normaliseAxis(outAxes[k] ?? 0, shape.length + 1);
    return createOperand(preparing, kind, shape.toSpliced(axis, 0, count));
  });
  return {
    outputs: [...ends, ...scans],
    run: () => {
      state.forEach(({ values }, i) => values.set(start[i]!.values));
      for (let t = 0; t < count; t++) {
        sources.forEach((source, i) =>
          copySliceFrom(source, axes[i]!, backwards[i] ? count - 1 - t : t, rows[i]!.values),
        );
        run();
        scans.forEach((all, k) => {
          const one = outputs[start.length + k]!;
          copySliceTo(
            all,
            normaliseAxis(outAxes[k] ?? 0, all.shape.length),
            outBackwards[k] ? count - 1 - t : t,
            one.values,
          );
        });
        copyAll(outputs.slice(0, start.length), state);
      }
      ends.forEach(({ values }, i) => values.set(state[i]!.values));
    },
  };
};

/** One place along an axis, as a tensor without it. */
function copySliceFrom({ shape, values }: Operand, axis: number, place: number, to: Operand['values']): void {
  const [after, size] = [elementCount(shape.slice(axis + 1)), shape[axis]!];
  for (let row = 0; row * after < to.length; row++) {
    const from = (row * size + place) * after;
    to.set(values.subarray(from, from + after), row * after);
  }
}

function copySliceTo({ shape, values }: Operand, axis: number, place: number, from: Operand['values']): void {
  const [after, size] = [elementCount(shape.slice(axis + 1)), shape[axis]!];
  for (let row = 0; row * after < from.length; row++)
    values.set(from.subarray(row * after, (row + 1) * after), (row * size + place) * after);
}

export const controlOperators: Readonly<Record<string, OperatorImplementation>> = {
  If: ifOperator,
  Loop: loop,
  Scan: scan,
};
